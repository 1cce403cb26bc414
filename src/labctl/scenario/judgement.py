"""What a scenario of judgement lacks, or promises in vain: users are well in it, and somebody calls."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.judge import ChallengeKind
from labctl.scenario.model import Scenario
from labctl.scenario.quality import Finding


def judgement(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with a scenario of judgement as one."""
    yield from _caller(scenario)
    yield from _ways(scenario)
    yield from _never_proven(scenario)


def _caller(scenario: Scenario) -> Iterator[Finding]:
    if scenario.expect.page is None and scenario.page is None:
        said = "nobody asks for action: name the alert that fires although users are well, or write a `page`"
        yield Finding(("expect", "page"), said)


def _ways(scenario: Scenario) -> Iterator[Finding]:
    """Two right ways, leaving it alone among them, and one that tempts: else there is nothing to judge."""
    if len(scenario.fixes) + len(scenario.universal) < 2:
        said = "there is one right way; prove another, or declare do-nothing as a fix under `universal`"
        yield Finding(("fixes",), said)
    if not scenario.decoys:
        said = "there is no decoy; a judgement needs a wrong way that tempts, and truly harms users or data"
        yield Finding(("decoys",), said)


def _never_proven(scenario: Scenario) -> Iterator[Finding]:
    """What the proof of a judgement does not look at; a promise that nobody tries is none."""
    tried = [each.kind for each in scenario.challenge if each.kind is not ChallengeKind.NONE]
    if tried:
        said = f"{tried[0]} is never tried in judgement, where nothing was mitigated; write `challenge: none`"
        yield Finding(("challenge",), said)
    if scenario.bottleneck is not None:
        said = "ρ is never measured in judgement: users are well, so that nothing they need is overloaded"
        yield Finding(("bottleneck",), said)
