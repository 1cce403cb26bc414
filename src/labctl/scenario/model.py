"""A scenario: story, load, faults, page, fixes, decoys, evidence, hints and debrief of one incident."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from labctl.judge import ChallengeKind
from labctl.runtimes.base import Capability
from labctl.scenario.steps import Act, ActIn, Duration, NoiseIn, StepIn, Wait

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*-\d\d$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


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


class Challenge(Part):
    """How a completed hold is tried (JUDGE.md has the table by kind of fault)."""

    kind: ChallengeKind = Field(description="restart, replay, heal, or none where the hold is the test.")
    component: Slug | None = Field(
        default=None, description="restart: which component; the sick one when absent."
    )
    do: tuple[StepIn, ...] = Field(
        default=(), description="replay: the trigger once more. heal: what makes the third party well."
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Challenge:
        needs_steps = self.kind in (ChallengeKind.REPLAY, ChallengeKind.HEAL)
        if needs_steps != bool(self.do):
            verb = "needs steps under `do`" if needs_steps else "takes no steps"
            raise ValueError(f"a challenge of kind {self.kind} {verb}")
        if self.component and self.kind is not ChallengeKind.RESTART:
            raise ValueError(f"a challenge of kind {self.kind} has no component")
        return self


def _challenges(value: object) -> object:
    """One kind as a word, one challenge, or a list of them, one per fault."""
    listed = value if isinstance(value, list | tuple) else [value]
    return [{"kind": each} if isinstance(each, str) else each for each in listed]


class _ChallengeSchema:
    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        listed: dict[str, Any] = handler(schema)
        word = {"type": "string", "enum": [ChallengeKind.RESTART.value, ChallengeKind.NONE.value]}
        one = listed["items"]
        return {"anyOf": [word, one, {"type": "array", "minItems": 1, "items": {"anyOf": [word, one]}}]}


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


Number = int | float


class Bounds(Part):
    """What a measured value is compared with."""

    above: Number | None = Field(default=None, description="True when the value is greater.")
    below: Number | None = Field(default=None, description="True when the value is smaller.")
    equals: Number | str | None = Field(default=None, description="True when the value is the same.")

    def accepts(self, value: float | str) -> bool:
        """Whether a measured value is as the bounds say; text is only ever equal or not."""
        if self.equals is not None:
            return _same(value, self.equals)
        if isinstance(value, str):
            return False
        over = self.above is None or value > self.above
        return over and (self.below is None or value < self.below)

    def required(self) -> str:
        """`above 1 and below 5`, `equal to 0`."""
        if self.equals is not None:
            return f"equal to {self.equals}"
        pairs = (("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {bound:g}" for word, bound in pairs if bound is not None)

    @model_validator(mode="after")
    def _compares_with_something(self) -> Bounds:
        ordered = self.above is not None or self.below is not None
        if ordered == (self.equals is not None):
            raise ValueError("write above or below (or both), or equals")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"nothing is above {self.above:g} and below {self.below:g}")
        return self


def _same(value: float | str, wanted: float | str) -> bool:
    try:
        return float(value) == float(wanted)
    except ValueError:
        return str(value) == str(wanted)


Database = Literal["shop", "reporting"]


class Invariant(Part):
    """Something about the data that no mitigation may break."""

    say: Text = Field(description="What is promised, such as: no paid order without a charge.")
    sql: Text = Field(description="A query for one value.")
    database: Database = Field(default="shop", description="Where it runs.")
    equals: Number | str = Field(description="The value that it must give.")


class Asked(Part):
    """One value that Prometheus or Postgres gives, and what it tells."""

    noun: ClassVar[str]

    say: Text = Field(description="What it shows, in a sentence.")
    query: Text | None = Field(default=None, description="PromQL for one value.")
    sql: Text | None = Field(default=None, description="Or SQL for one value.")
    database: Database = Field(default="shop", description="Where the SQL runs.")

    @model_validator(mode="after")
    def _asks_once(self) -> Asked:
        if (self.query is None) == (self.sql is None):
            raise ValueError("write either query (PromQL) or sql")
        return self

    @property
    def question(self) -> str:
        """How to ask for it, in PromQL or SQL."""
        return self.query or self.sql or ""


class Evidence(Asked, Bounds):
    """A fact that tells this incident from its siblings: true here when red, false in at least one."""

    noun = "evidence"

    shared: Text | None = Field(
        default=None,
        description="Why it is true in the siblings too, where it is a symptom that they have in common.",
    )


class Figure(Asked):
    """A number of the story, as whoever looks for it measures it while the incident lasts."""

    noun = "figure"

    about: Annotated[Number, Field(gt=0)] = Field(
        description="The number, in the unit of the query; a fifth more or less is still it."
    )

    @property
    def tolerance(self) -> float:
        """How far, in its own unit, what is measured may be from what is told."""
        return 0.2 * self.about

    def accepts(self, value: float | str) -> bool:
        """Whether a measured value is the number that is told."""
        return not isinstance(value, str) and abs(value - self.about) <= self.tolerance

    def required(self) -> str:
        """`0.19 to 0.29, told as about 0.24`."""
        low, high = self.about - self.tolerance, self.about + self.tolerance
        return f"{low:.3g} to {high:.3g}, told as about {self.about:g}"


class Bottleneck(Part):
    """What the fault overloads. Its utilisation ρ is arrivals × time each is held ÷ capacity."""

    say: Text = Field(description="What is overloaded, such as: connections of checkout.")
    rho: Text = Field(
        description="PromQL for one value: at most 0.5 healthy, at least 1.3 at fault, at most 0.6 fixed."
    )


class Hint(Part):
    """One step of help; they are given in order."""

    text: Text = Field(description="What the learner reads.")
    cost: int = Field(ge=0, le=100, description="Points that it costs, shown first.")


class Voice(Part):
    """Somebody who waits for news, and asks during the incident."""

    who: Text = Field(description="Who asks, by their part: support, the head of the shop.")
    says: Text = Field(description="What they ask; nothing that tells the cause.")
    after: Duration = Field(description="How long after the page, such as 90s.")


class Question(Part):
    """Something to think about afterwards."""

    ask: Text = Field(description="The question.")
    answer: Text = Field(description="The answer, as a senior engineer would give it.")


class Debrief(Part):
    """What the learner reads afterwards."""

    about: Text = Field(description="What really happened, and how.")
    contributing_factors: tuple[Text, ...] = Field(
        min_length=1, description="Everything without which it would not have happened; never one root cause."
    )
    fix_for_good: tuple[Text, ...] = Field(
        min_length=1, description="What would keep it from happening again."
    )
    questions: tuple[Question, ...] = Field(default=(), description="Questions with their answers.")


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
    challenge: Annotated[
        tuple[Challenge, ...],
        Field(min_length=1),
        BeforeValidator(_challenges),
        _ChallengeSchema(),
    ] = Field(
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


__all__ = [
    "Act",
    "Challenge",
    "Debrief",
    "Decoy",
    "Evidence",
    "Figure",
    "Fix",
    "Invariant",
    "Load",
    "Scenario",
    "Voice",
    "Wait",
]
