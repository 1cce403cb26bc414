"""What a scenario lacks as a lesson, or cannot prove, though its file is well formed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from labctl.errors import InvalidFile, Mistake
from labctl.scenario.figures import figures
from labctl.scenario.judgement import judgement
from labctl.scenario.loader import opened
from labctl.scenario.model import Scenario
from labctl.scenario.noop import changes_nothing
from labctl.scenario.quality import Finding, quality
from labctl.scenario.references import Known
from labctl.scenario.steps import Act, Wait
from labctl.stack.strict_yaml import Document

SHORTEST_HOLD_S = 30.0
LONGEST_RED_S = 60.0


def lint(path: Path, *, known: Known | None = None) -> list[Mistake]:
    """Every mistake in a scenario file, of its shape, its names and its teaching; empty when it is fine.

    Those that are a `warning` are about taste, and alone fail nothing.
    """
    return examine(path, known=known)[0]


def examine(path: Path, *, known: Known | None = None) -> tuple[list[Mistake], Scenario | None]:
    """As `lint`, and the scenario, where the file's shape makes one."""
    known = known or Known.of_the_lab()
    try:
        source, scenario = opened(path, known=known)
    except InvalidFile as error:
        return list(error.mistakes), None
    return check(source, scenario, known), scenario


def check(source: Document, scenario: Scenario, known: Known) -> list[Mistake]:
    """What is wrong with a scenario that has loaded."""
    findings = [
        *(judgement(scenario) if scenario.judgement else _choices(scenario)),
        *_attempts(scenario, "fixes"),
        *_attempts(scenario, "decoys"),
        *_proof(scenario),
        *quality(scenario, known),
        *figures(scenario),
        *(Finding(*each) for each in changes_nothing(scenario, known.stack)),
    ]
    return sorted(
        replace(source.mistake(each.place, each.said, each.suggestion), warning=each.warning)
        for each in findings
    )


def _choices(scenario: Scenario) -> Iterator[Finding]:
    if len(scenario.fixes) < 2:
        said = "there is one fix; a learner who finds another must see it accepted: prove two"
        yield Finding(("fixes",), said)
    if len(scenario.decoys) < 2:
        said = "no decoy" if not scenario.decoys else "one decoy"
        said = f"there is {said}; two wrong ways show that the judge cannot be pleased cheaply"
        yield Finding(("decoys",), said)


def _attempts(scenario: Scenario, group: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, attempt in enumerate(getattr(scenario, group)):
        if attempt.name in seen:
            said = f"{attempt.name!r} is here twice; a proof names attempts by it"
            yield Finding((group, index, "name"), said)
        seen.add(attempt.name)
        if all(isinstance(step, Wait) for step in attempt.do):
            yield Finding((group, index, "do"), f"{attempt.name!r} does nothing but wait")
    if group == "decoys":
        done = {_steps(fix.do): fix.name for fix in scenario.fixes}
        for index, decoy in enumerate(scenario.decoys):
            if fix := done.get(_steps(decoy.do)):
                yield Finding(("decoys", index), f"{decoy.name!r} does exactly what the fix {fix!r} does")


def _steps(do: tuple[Act | Wait, ...]) -> tuple[str, ...]:
    return tuple(str(step) for step in do if isinstance(step, Act))


def _proof(scenario: Scenario) -> Iterator[Finding]:
    if scenario.hold < SHORTEST_HOLD_S:
        said = f"a hold of {scenario.hold:g} s proves little; 30 s is the least, 45 s for a leak"
        yield Finding(("hold",), said)
    if scenario.expect.red > LONGEST_RED_S:
        said = f"{scenario.expect.red:g} s until users are hurt is too slow to page in time"
        yield Finding(("expect", "red"), said)
    for index, fix in enumerate(scenario.fixes):
        for kind in fix.survives or ():
            if kind not in {challenge.kind for challenge in scenario.challenge}:
                said = f"{kind} is never proven: the challenge is another one"
                yield Finding(("fixes", index, "survives"), said)
    if not scenario.invariants:
        said = "there is no invariant; say what must be true of the data whatever was done"
        yield Finding(("invariants",), said)
    if not scenario.evidence:
        said = "there is no evidence; give a query that tells it from its siblings"
        yield Finding(("evidence",), said)
