"""A scenario: story, load, faults, page, fixes, decoys, evidence, hints and debrief of one incident."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from labctl.judge import ChallengeKind
from labctl.runtimes.base import Capability
from labctl.scenario.asked import Bottleneck, Evidence, Figure, Invariant
from labctl.scenario.challenge import Challenges
from labctl.scenario.part import Code, Part, Share, Slug, Text
from labctl.scenario.steps import ActIn, Duration, NoiseIn, StepIn
from labctl.scenario.story import Debrief, Hint, Voice


class UniversalName(StrEnum):
    """Decoys that no scenario has to write: labctl.scenario.universal says what each does."""

    DO_NOTHING = "do-nothing"
    RESTART_SERVICES = "restart-services"
    MAINTENANCE = "maintenance"
    SCALE_TO_ZERO = "scale-to-zero"


def _per_second(value: object) -> float:
    number, slash, unit = str(value).partition("/")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if not isinstance(value, str) or (slash, unit) != ("/", "s") or not 0 < rate < 10_000:
        raise ValueError(f"{value} is not a rate; write requests per second, like 40/s")
    return rate


Rate = Annotated[
    float,
    BeforeValidator(_per_second, json_schema_input_type=Annotated[str, Field(pattern=r"^\d+(\.\d+)?/s$")]),
]


class Load(Part):
    """The traffic while the scenario runs."""

    profile: Slug = Field(default="weekday-peak", description="A traffic shape of the load service.")
    rate: Rate | None = Field(
        default=None, description="All requests together, such as 40/s; the profile's own rate when absent."
    )


def _no_page(value: object) -> object:
    return None if value == "none" else value


class Expect(Part):
    """What the faults must do to users, and by when."""

    journey: Slug = Field(description="The journey whose users are hurt.")
    red: Duration = Field(description="It is red within this long after the last fault, such as 20s.")
    page: Annotated[str | None, BeforeValidator(_no_page, json_schema_input_type=str)] = Field(
        description="The alert that pages, such as CheckoutBudgetBurn, or none."
    )


class Fix(Part):
    """One way to mitigate, proven on every run."""

    name: Text = Field(description="What is done, in a few words.")
    do: tuple[StepIn, ...] = Field(min_length=1, description="Steps, as an operator would take them.")
    why: Text | None = Field(default=None, description="Why it works, where that is not plain.")
    survives: tuple[ChallengeKind, ...] | None = Field(
        default=None,
        description="The challenges that it outlives; all of the scenario's when absent, [] for a stopgap.",
    )

    def must_survive(self, kind: ChallengeKind) -> bool:
        """Whether a challenge of this kind may not bring the incident back."""
        return self.survives is None or kind in self.survives


class Decoy(Part):
    """Something plausible that does not mitigate, proven on every run."""

    name: Text = Field(description="What is done, in a few words.")
    why: Text = Field(description="Why it does not help, for the debrief.")
    do: tuple[StepIn, ...] = Field(min_length=1, description="Steps, as an operator would take them.")


class UniversalFix(Part):
    """Says that a universal decoy truly mitigates here; it is then proven as a fix."""

    is_: Literal["fix"] = Field(alias="is", description="Always fix.")
    why: Text = Field(description="Why it is one in this scenario.")


class Scenario(Part):
    """One incident. `labctl lint` checks a file of this shape, `labctl verify` proves it."""

    id: Slug = Field(description="The name for authors; a learner does not see it before the debrief.")
    code: Code = Field(description="The neutral name that a learner sees, such as checkout-03.")
    title: Text = Field(description="The symptom in a few words, as a learner sees it; never the cause.")
    family: Slug = Field(description="Siblings with the same symptom and page.")
    level: int = Field(ge=1, le=5, description="1 is a first drill, 5 is for veterans.")
    skills: tuple[Text, ...] = Field(
        default=(),
        description="What it practises, as its siblings do; nothing that tells the cause.",
    )
    expected_time: Duration | None = Field(
        default=None,
        description="About how long somebody of its level needs, page to claim; an estimate, such as 15m.",
    )
    requires: tuple[Capability, ...] = Field(default=(), description="What the runtime must be able to do.")
    briefing: Text = Field(description="What the learner is told before it begins.")
    page: Text | None = Field(
        default=None, description="What a human says, beside the alert or where there is none."
    )
    voices: tuple[Voice, ...] = Field(
        default=(), description="Who asks for news during the incident; the usual people when absent."
    )
    load: Load = Field(default_factory=Load, description="The traffic; a weekday's peak when absent.")
    objectives: Mapping[Slug, Annotated[float, Field(ge=0.9, lt=1)]] = Field(
        default_factory=dict,
        description="Target share of good requests per journey, where it is not the SLO's.",
    )
    tolerates_shed: Mapping[Slug, Share] = Field(
        default_factory=dict, description="The share of a journey's requests that may be turned away."
    )
    sick: Slug | None = Field(
        default=None, description="The component that is sick; the one behind the hurt journey when absent."
    )
    faults: tuple[ActIn, ...] = Field(min_length=1, description="What breaks the shop, in order.")
    noise: tuple[NoiseIn, ...] = Field(default=(), description="Innocent changes, done before the faults.")
    expect: Expect = Field(description="What the faults must do to users, and by when.")
    judgement: bool = Field(
        default=False,
        description=(
            "Users stay well although it looks bad: fixes are right and keep them so; decoys are wrong, and "
            "do the harm that `expect` tells of, or break an invariant."
        ),
    )
    bottleneck: Bottleneck | None = Field(
        default=None, description="What is overloaded, for the proof to measure by how much."
    )
    hold: Duration = Field(description="How long users must have their objectives back, such as 30s.")
    challenge: Challenges = Field(
        description="How a completed hold is tried: restart, none, or a mapping; a list for several faults."
    )
    fixes: tuple[Fix, ...] = Field(min_length=1, description="Ways to mitigate, each of them proven.")
    decoys: tuple[Decoy, ...] = Field(default=(), description="Plausible ways that do not.")
    universal: Mapping[UniversalName, UniversalFix] = Field(
        default_factory=dict, description="Universal decoys that are fixes here."
    )
    invariants: tuple[Invariant, ...] = Field(
        default=(), description="What must be true of the data whatever was done."
    )
    evidence: tuple[Evidence, ...] = Field(
        default=(), description="Facts that discriminate: true here when red, false in at least one sibling."
    )
    figures: tuple[Figure, ...] = Field(
        default=(), description="Numbers of the story, measured when red: within a fifth of what is told."
    )
    hints: tuple[Hint, ...] = Field(default=(), description="Graded help, from vague to plain.")
    debrief: Debrief = Field(description="What the learner reads afterwards.")
