"""Everything that a debrief says, as data; the terminal, Markdown and HTML only write it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from labctl.clock import duration
from labctl.debrief.effects import Deed, deeds
from labctl.debrief.impact import Impact, impact
from labctl.debrief.moments import Moments, moments
from labctl.debrief.score import Score, score
from labctl.debrief.timeline import Entry, timeline
from labctl.recording import Recording
from labctl.scenario.asked import Evidence
from labctl.scenario.model import Scenario


@dataclass(frozen=True)
class Shown:
    """A piece of evidence: what it says, how to ask, and what was found during this drill, if it was.

    `found` is None where nobody executed it, or it could not be asked; `error` says why it could not.
    """

    evidence: Evidence
    found: str | None
    error: str | None = None

    @property
    def said(self) -> str:
        """Measured beside required, as far as it is known."""
        required = f"required {self.evidence.required()}"
        if self.error:
            return f"could not be asked ({self.error}), {required}"
        return required if self.found is None else f"measured {self.found}, {required}"

    def plain(self) -> dict[str, Any]:
        """For machines."""
        return {
            "say": self.evidence.say,
            "asked": self.evidence.question,
            "required": self.evidence.required(),
            "found": self.found,
            "error": self.error,
        }


@dataclass(frozen=True)
class Report:
    """One drill and its scenario; `targets` are the objectives per journey, 0..1."""

    recording: Recording
    scenario: Scenario
    targets: Mapping[str, float]

    @cached_property
    def moments(self) -> Moments:
        return moments(self.recording)

    @cached_property
    def impact(self) -> Impact:
        return impact(self.recording, self.targets)

    @cached_property
    def deeds(self) -> list[Deed]:
        return deeds(self.recording, self.targets)

    @cached_property
    def timeline(self) -> list[Entry]:
        return timeline(self.recording, self.targets)

    @cached_property
    def score(self) -> Score:
        return score(self.recording, self.targets)

    @property
    def evidence(self) -> list[Shown]:
        """The scenario's evidence; measured where `evidence.found` events say so."""
        found = {event.payload["say"]: event.payload for event in self.recording.of("evidence.found")}
        return [_shown(each, found.get(each.say)) for each in self.scenario.evidence]

    @property
    def date(self) -> str:
        """The day, and the time of the page, UTC."""
        return datetime.fromtimestamp(self.moments.zero, UTC).strftime("%Y-%m-%d %H:%M UTC")

    @property
    def outcome(self) -> str:
        """The verdict in a word or two."""
        known = self.moments
        if known.outcome is None:
            return "no verdict"
        return "mitigated, not durable" if known.mitigated and not known.durable else known.outcome

    @property
    def summary(self) -> str:
        """The drill in a few sentences of facts."""
        felt, known = self.impact, self.moments
        lasted = duration(round(felt.lasted_s))
        if not felt.journeys or known.red is None:
            return f"No user was hurt clearly: {felt.hurt} of {felt.of} requests were not good."
        worst = felt.journeys[0]
        share = f"{worst.whole.failed_share * 100:.0f} % of its requests"
        said = [f"{felt.hurt} of {felt.of} requests were not good in {lasted}:"]
        said.append(f"{worst.hurt} of them {worst.journey}, {share}.")
        if known.paged is not None and known.injected is not None:
            said.append(f"The page came {duration(round(known.paged - known.injected))} after the fault.")
        if known.well is not None:
            said.append(f"Users were well again {duration(round(known.well - known.zero))} after it.")
        if felt.nothing:
            said.append(
                f"Doing nothing for {duration(felt.horizon_s)} would have hurt about {felt.nothing:.0f}."
            )
        return " ".join(said)

    def plain(self) -> dict[str, Any]:
        """For machines."""
        known = self.moments
        return {
            "drill": self.recording.drill,
            "scenario": self.scenario.id,
            "code": self.scenario.code,
            "outcome": self.outcome,
            "summary": self.summary,
            "moments": {**vars(known), "zero": known.zero},
            "impact": {
                "hurt": self.impact.hurt,
                "of": self.impact.of,
                "lasted_s": self.impact.lasted_s,
                "doing_nothing": round(self.impact.nothing),
                "journeys": [
                    {"journey": j.journey, **vars(j.whole), "budget_share": j.budget}
                    for j in self.impact.journeys
                ],
            },
            "score": {
                "points": round(self.score.points, 1),
                "most": self.score.most,
                "parts": [part.plain() for part in self.score.parts],
                "budget": self.score.budget,
            },
            "evidence": [each.plain() for each in self.evidence],
            "figures": [
                {"say": each.say, "asked": each.question, "about": each.about}
                for each in self.scenario.figures
            ],
            "timeline": [
                {"after_page_s": round(each.wall_s - known.zero, 1), **vars(each)} for each in self.timeline
            ],
            "changes": [
                {
                    "mark": deed.mark,
                    "summary": deed.change.summary,
                    "effect": str(deed.effect),
                    "journey": deed.journey,
                    "before": deed.before.failed_share,
                    "after": deed.after.failed_share,
                    "harmed": round(deed.harmed),
                }
                for deed in self.deeds
            ],
        }


def _shown(evidence: Evidence, found: Mapping[str, Any] | None) -> Shown:
    """One piece, with what the journal has of it."""
    if found is None or found.get("error"):
        return Shown(evidence, None, found["error"] if found else None)
    value = found["value"]
    return Shown(evidence, f"{value:.3g}" if isinstance(value, float) else str(value or "nothing"))
