"""The words that a blameless postmortem does without, and what to write instead of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

SYSTEMS = frozenset(
    [
        "Postgres",
        "PostgreSQL",
        "Redis",
        "Prometheus",
        "Alertmanager",
        "Grafana",
        "Docker",
        "Kubernetes",
        "Linux",
        "Python",
        "Edge",
        "Catalog",
        "Checkout",
        "Worker",
        "Bank",
        "Load",
        "Retries",
        "Retry",
        "Nothing",
        "Everything",
        "It",
        "This",
        "That",
        "These",
        "Those",
        "They",
        "The",
        "A",
        "An",
        "Each",
        "Traffic",
        "Users",
        "Requests",
        "Release",
        "Releases",
        "Version",
        "Alert",
        "Alerts",
        "Monitoring",
        "Deploys",
        "Then",
        "When",
        "Where",
    ]
)
"""Capitalised words that are no one's name."""

_ROLE = (
    r"(?:engineers?|developers?|devs?|operators?|admins?|administrators?|sres?|dbas?|managers?|reviewers?"
    r"|on-?callers?|on-?call(?: engineer)?|responders?|interns?|juniors?|colleagues?|employees?|humans?"
    r"|people|(?:[a-z]+ )?team|someone|somebody|nobody|no one|he|she|we|I|you)"
)
_A_ROLE = rf"(?:the |an? |our )?{_ROLE}"
_FELL_SHORT = (
    r"(?:(?:did not|didn['’]t) (?:bother|think)|(?:screwed|messed) up|made an? (?:[a-z]+ )?mistake"
    r"|(?:was|were) (?:careless|negligent|sloppy|inattentive|to blame|at fault)"
    r"|forgot|neglected|overlooked|misread|carelessly|mistakenly)"
)
_FAILED = (
    rf"(?:{_FELL_SHORT}|failed to|broke|caused|triggered|ignored|missed|wrongly"
    r"|(?:did not|didn['’]t) (?:check|test|notice|verify|read|follow))"
)
_FLAW = r"(?:mistake|fault|carelessness|negligence|oversight)"


@dataclass(frozen=True)
class Rule:
    """Text that should not be there, what is wrong with it, and what to write instead."""

    pattern: re.Pattern[str]  # a group `name` is checked against SYSTEMS
    said: str
    instead: str


def _rule(*patterns: str, said: str, instead: str, cased: bool = False) -> Rule:
    return Rule(re.compile("|".join(patterns), 0 if cased else re.IGNORECASE), said, instead)


_PEOPLE = "names people as the cause"
_CONDITIONS = "say what they could see, and what in the system made it the likely thing to do"
_HINDSIGHT = "judges by hindsight"
_THEN = "say what was known then, and what made it look right"

RULES = (
    _rule(
        r"\b(?:human|operator|pilot|manual) error\b",
        said=_PEOPLE,
        instead="say which step allowed it, and what did not catch it",
    ),
    _rule(
        rf"\b{_A_ROLE} {_FAILED}\b",
        rf"\b{_A_ROLE}['’]s? (?:own )?(?:error|{_FLAW})\b",
        rf"\b(?:caused|broken|introduced|triggered) by (?:the |an? |our )?(?:[a-z]+ )?{_ROLE}\b",
        said=_PEOPLE,
        instead=_CONDITIONS,
    ),
    _rule(
        rf"\b(?P<name>[A-Z][a-z]+)(?: {_FELL_SHORT}|['’]s (?:own )?{_FLAW})\b",
        said="names a person as the cause",
        instead=_CONDITIONS,
        cased=True,
    ),
    _rule(
        rf"\b{_ROLE} (?:should(?: not|n['’]t)?|ought to) have\b",
        r"\bshould have known\b",
        said=_HINDSIGHT,
        instead=_THEN,
    ),
    _rule(
        r"\b(?P<name>[A-Z][a-z]+) (?:should(?: not|n['’]t)?|ought to) have\b",
        said=_HINDSIGHT,
        instead=_THEN,
        cased=True,
    ),
    _rule(
        r"\b(?:carelessness|negligence|incompetence|lack of (?:discipline|attention|care))\b",
        said="explains by character",
        instead=_CONDITIONS,
    ),
    _rule(
        r"\b(?<!single )(?<!one )root cause\b(?=\s*(?::|is\b|was\b|of\b|\(|$))",
        said="looks for one root cause",
        instead="list contributing factors: each was needed, none was enough",
    ),
    _rule(
        r"\b(?:be|being) (?:a (?:bit|lot) |much )?more (?:careful|vigilant|attentive|mindful|cautious)\b",
        r"\bpay(?:ing)? (?:(?:more|closer|better|particular) )?attention\b",
        r"\btak(?:e|ing) (?:more|better) care\b",
        r"\btry(?:ing)? harder\b|\bbe careful\b|\braise awareness\b|\bcommunicate better\b",
        r"\b(?:remind|tell) (?:everyone|everybody|people|all engineers|the team)\b",
        r"\bremember to\b|\bavoid (?:such|these|this kind of) mistakes?\b",
        said="is a wish, no action: it asks people to be other than people are",
        instead="name a change to the system, with one owner and one date",
    ),
    _rule(r"\[\[.*?(?:\]\]|$)", said="is a blank that was left", instead="fill it in, or take it out"),
)
