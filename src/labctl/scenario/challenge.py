"""How a completed hold is tried, by kind of fault."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from labctl.judge import ChallengeKind
from labctl.scenario.part import Part, Slug
from labctl.scenario.steps import StepIn


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


Challenges = Annotated[
    tuple[Challenge, ...], Field(min_length=1), BeforeValidator(_challenges), _ChallengeSchema()
]
