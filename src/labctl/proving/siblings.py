"""Evidence in the siblings: what is true in every incident of a family tells none of them apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from labctl.engine import phases
from labctl.engine.phases import Shown
from labctl.errors import LabError
from labctl.lab.lab import Lab
from labctl.proof import Check, Grade
from labctl.scenario.asked import Evidence
from labctl.scenario.model import Scenario


@dataclass
class Witnesses:
    """What the evidence of some scenarios was while a sibling of theirs was red; safe for threads."""

    _seen: dict[tuple[str, Evidence], dict[str, Shown]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, lab: Lab, here: Scenario, siblings: Sequence[Scenario]) -> None:
        """Execute the siblings' evidence in a lab in which `here` is red; what fails shows nothing."""
        for sibling in siblings:
            for evidence in sibling.evidence:
                try:
                    shown = phases.show(lab, evidence)
                except LabError:
                    continue
                with self._turn:
                    self._seen.setdefault((sibling.id, evidence), {})[here.id] = shown

    def checks(
        self, scenario: Scenario, siblings: Sequence[Scenario], absent: Sequence[str]
    ) -> Iterator[Check]:
        """One check per piece of evidence; a single one that says *not tried* where no sibling was.

        `absent` are siblings that are not in this run: what is true in all others may be false in them.
        """
        if not scenario.evidence:
            return
        tried = [self._seen.get((scenario.id, evidence), {}) for evidence in scenario.evidence]
        if not any(tried):
            why = "there is no sibling in this run"
            if siblings:
                why = f"none of {', '.join(each.id for each in siblings)} was red with evidence in this run"
            yield Check(
                "siblings", scenario.family, Grade.NOT_TRIED, f"{len(tried)} pieces of evidence: {why}"
            )
            return
        for evidence, shown in zip(scenario.evidence, tried, strict=True):
            yield _told_apart(evidence, shown, absent)


def _told_apart(evidence: Evidence, shown: dict[str, Shown], absent: Sequence[str]) -> Check:
    """False in at least one sibling, by name, unless the file says why it is true in them too."""
    false = [f"{name} ({each.said})" for name, each in sorted(shown.items()) if not each.holds]
    true = [f"{name} ({each.said})" for name, each in sorted(shown.items()) if each.holds]
    if false:
        return Check("siblings", evidence.say, Grade.PASSED, f"false in {', '.join(false)}")
    if not shown:
        return Check("siblings", evidence.say, Grade.NOT_TRIED, "no sibling could execute it")
    if evidence.shared:
        said = f"true in {', '.join(true)} too, as it says: {evidence.shared}"
        return Check("siblings", evidence.say, Grade.PASSED, said)
    if absent:
        said = f"true in {', '.join(true)} too, and {', '.join(absent)} are not in this run"
        return Check("siblings", evidence.say, Grade.NOT_TRIED, said)
    said = f"true in {', '.join(true)} too: it tells nothing apart (or say why under `shared`)"
    return Check("siblings", evidence.say, Grade.FAILED, said)
