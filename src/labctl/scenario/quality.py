"""How well a scenario teaches: what it gives away too early, and what a learner would miss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from labctl.scenario import metrics
from labctl.scenario.model import Scenario
from labctl.scenario.references import Known
from labctl.scenario.steps import Act, Place, Wait
from labctl.scenario.traffic import profiles
from labctl.slo.scrape import scraped
from labctl.stack.strict_yaml import did_you_mean


class Finding(NamedTuple):
    """What is wrong at a place; a warning is a matter of taste, and fails nothing."""

    place: Place
    said: str
    suggestion: str | None = None
    warning: bool = False


_MECHANISMS = """
alter analyze bank breaker buffer bulk cache commit config connection corrupt cpu cron database deploy disk
eviction flag index latency leak limit lock memory migration partition pool postgres probe query queue redis
release replica restart retries retry rollback schema setting thread timeout transaction ttl vacuum worker
"""
MECHANISMS = frozenset(_MECHANISMS.split())
"""Words in which a cause is told. Where a debrief tells it so, what a learner reads before may not."""
COMMANDS = re.compile(r"\blabctl (deploy|flag|limit|restart|rollback|scale|set|sql)\b")
LONGEST_HINT = 600


def quality(scenario: Scenario, known: Known) -> Iterator[Finding]:
    """Everything that a lesson lacks, or tells too early."""
    yield from _giveaways(scenario)
    yield from _mechanism(scenario)
    yield from _sick_by_name(scenario)
    yield from _hints(scenario)
    yield from _debrief(scenario)
    yield from _traffic(scenario)
    yield from _metrics(scenario, known)


def shown(scenario: Scenario) -> dict[Place, str]:
    """What a learner reads before the debrief, by its place."""
    texts: dict[Place, str] = {
        ("title",): scenario.title,
        ("code",): scenario.code,
        ("family",): scenario.family,
        ("briefing",): scenario.briefing,
        ("page",): scenario.page or "",
        **{("skills", index): skill for index, skill in enumerate(scenario.skills)},
    }
    return {place: text for place, text in texts.items() if text}


def _giveaways(scenario: Scenario) -> Iterator[Finding]:
    telling = telling_words(scenario)
    for place, text in shown(scenario).items():
        if found := _within(telling, text):
            yield Finding(place, f"{', '.join(map(repr, found))} gives the cause away; tell the symptom")


def telling_words(scenario: Scenario) -> set[str]:
    """The id, its words that the family does not share, and what the faults and fixes turn."""
    neutral = {*_neutral(scenario), "slow", "silent", "false"}
    words = {scenario.id, scenario.id.replace("-", " ")}
    words |= {word for word in scenario.id.split("-") if len(word) > 3 and word not in neutral}
    for act in _acts(scenario):
        ((_, parameters),) = act.action.step().items()
        words |= {key for key in parameters if key.isupper()}
        words |= {str(parameters[key]) for key in ("release", "name") if parameters.get(key)}
    return words


def _acts(scenario: Scenario) -> list[Act]:
    steps: list[Act | Wait] = [*scenario.faults, *(step for fix in scenario.fixes for step in fix.do)]
    return [step for step in steps if isinstance(step, Act)]


def _neutral(scenario: Scenario) -> set[str]:
    """Words that a family shares, or that name the journey, and so tell nothing."""
    return {*scenario.family.split("-"), *scenario.expect.journey.split("-")}


def _within(words: Iterable[str], text: str) -> list[str]:
    return [word for word in sorted(words) if re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE)]


def _mechanism(scenario: Scenario) -> Iterator[Finding]:
    """The debrief's own technical words, in what is read before it."""
    cause = {word for word in MECHANISMS if _within([word], scenario.debrief.about)}
    cause -= {word for word in MECHANISMS for part in _neutral(scenario) if part.startswith(word)}
    for place, text in shown(scenario).items():
        if found := _within(cause, text):
            said = f"{', '.join(map(repr, found))} is how the debrief tells the cause; users would not say it"
            yield Finding(place, said, warning=True)


def _sick_by_name(scenario: Scenario) -> Iterator[Finding]:
    concerned = {act.action.concerns for act in scenario.faults if act.action.concerns}
    for place, text in shown(scenario).items():
        if found := _within(concerned - _neutral(scenario), text):
            said = f"{', '.join(map(repr, found))} is the component at fault; say what users notice"
            yield Finding(place, said, warning=True)


def _hints(scenario: Scenario) -> Iterator[Finding]:
    hints = scenario.hints
    if len(hints) < 3:
        yield Finding(("hints",), f"there are {len(hints)} hints; three or four lead from vague to plain")
    costs = [hint.cost for hint in hints]
    if any(later <= earlier for earlier, later in pairwise(costs)):
        said = f"hints cost {', '.join(map(str, costs))}; a plainer one must cost more"
        yield Finding(("hints",), said)
    if len(hints) > 1:
        yield from _first_hint(scenario)
    for index, hint in enumerate(hints):
        if len(hint.text) > LONGEST_HINT:
            said = f"a hint of {len(hint.text)} letters is a lecture; it is read under stress"
            yield Finding(("hints", index, "text"), said, warning=True)


def _first_hint(scenario: Scenario) -> Iterator[Finding]:
    text = scenario.hints[0].text
    values = {word for word in telling_words(scenario) if not word.islower() or "-" in word}
    command = COMMANDS.search(text)
    told = [*_within(values, text), *([command.group()] if command else [])]
    if told:
        said = f"the first hint tells the fix ({', '.join(map(repr, told))}); begin with where to look"
        yield Finding(("hints", 0, "text"), said)


def _debrief(scenario: Scenario) -> Iterator[Finding]:
    debrief = scenario.debrief
    if len(debrief.contributing_factors) < 2:
        place = ("debrief", "contributing_factors")
        yield Finding(place, "a single factor is a root cause in disguise; name all of them")
    if not debrief.questions:
        yield Finding(("debrief", "questions"), "there are no questions to think about afterwards")


def _traffic(scenario: Scenario) -> Iterator[Finding]:
    name = scenario.load.profile
    if name not in profiles():
        near = did_you_mean(name, profiles()) or f"there are {', '.join(profiles())}"
        yield Finding(("load", "profile"), f"the load has no profile {name!r}", near)


def _metrics(scenario: Scenario, known: Known) -> Iterator[Finding]:
    targets = [component.name for component in scraped(known.stack)]
    for place, query in _queries(scenario):
        for name in metrics.asked(query):
            if not metrics.is_known(name):
                near = did_you_mean(name, metrics.exported())
                yield Finding(place, f"no component exports a metric {name!r}", near)
        for job in metrics.jobs(query):
            if job not in targets:
                near = did_you_mean(job, targets) or f"there are {', '.join(targets)}"
                yield Finding(place, f"Prometheus scrapes no job {job!r}", near)


def _queries(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    """Every PromQL query with its place."""
    for group in ("evidence", "figures"):
        for index, asked in enumerate(getattr(scenario, group)):
            yield (group, index, "query"), asked.query or ""
    if scenario.bottleneck is not None:
        yield ("bottleneck", "rho"), scenario.bottleneck.rho
