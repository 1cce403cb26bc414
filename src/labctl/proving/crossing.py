"""Crossing: what becomes of an incident under the fix of a sibling, as its users say."""

from __future__ import annotations

from enum import StrEnum

from labctl.actions.change import Role
from labctl.attempt import THIN, Attempt
from labctl.engine import phases
from labctl.errors import ActionRefused, LabError
from labctl.proof import Check, Grade
from labctl.scenario.model import Fix

VERDICT = "verdict"
"""The phase of the check that a crossing ends with; its name is what the fix met with."""


class Met(StrEnum):
    """What a sibling's fix met with: the judge's outcomes, and an action that is refused here."""

    MITIGATED = "mitigated"
    MASKED = "masked"
    NOT_RESTORED = "not restored"
    REFUSED = "refused"
    COULD_NOT_JUDGE = "could not judge"


class Crossing(Attempt):
    """One incident, one fix of a sibling. It must outlive every challenge: `survives` is said of its own."""

    def meets(self, fix: Fix, of: str) -> None:
        """Break the lab, take the fix's steps, and note the verdict; whichever it is, the check passes.

        A step that is refused ends it. One that fails does not, nor do replicas that never settle: whether
        it mattered is for users to say.
        """
        self._break(with_evidence=False)
        began_s = self._clock.now()
        try:
            failed = self._take(fix)
        except ActionRefused as error:
            met, why = Met.REFUSED, error.message
        else:
            met, judged = self._met()
            why = "; ".join([*failed, judged])
        grade = Grade.UNJUDGED if met is Met.COULD_NOT_JUDGE else Grade.PASSED
        said = f"after {fix.name!r} of {of}: {why}"
        self._proof.add(Check(VERDICT, met, grade, said, took_s=self._clock.now() - began_s))
        self._driver.end("a sibling's fix tried")

    def _take(self, fix: Fix) -> list[str]:
        """Its steps, one by one; returns what failed of them. ActionRefused for the first that is refused."""
        failed = []
        for step in fix.do:
            try:
                phases.take_steps(self._lab, [step], Role.FIX)
            except ActionRefused:
                raise
            except LabError as error:
                failed.append(error.message)
        return failed

    def _met(self) -> tuple[Met, str]:
        verdict = self._patiently()
        if self._thin(verdict):
            return Met.COULD_NOT_JUDGE, f"{THIN}: {verdict}"
        return Met(verdict.outcome), "; ".join(verdict.reasons)
