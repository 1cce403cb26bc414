"""Steps of a scenario: an action as an operator would take it, or a wait for the lab to settle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from labctl import clock
from labctl.actions import steps
from labctl.actions.base import REGISTRY, Action
from labctl.scenario.mistakes import describe
from labctl.stack.strict_yaml import did_you_mean

DURATION_PATTERN = r"^\d+(\.\d+)?(ms|s|m|h|d|w)$"
OFFSET_PATTERN = r"^-\d+(\.\d+)?(ms|s|m|h|d|w)$"
LONGEST_S = 3600.0

Place = tuple[str | int, ...]


def _seconds(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{value} has no unit; write a duration like 30s, 200ms or 5m")  # noqa: TRY004
    return clock.seconds(value)


def _positive(value: object) -> float:
    if isinstance(value, float):
        return value  # a model that is built in code, in seconds
    if not 0 < (length_s := _seconds(value)) <= LONGEST_S:
        raise ValueError(f"{value!r} must be longer than nothing and at most an hour")
    return length_s


def _past(value: object) -> float:
    if (offset_s := _seconds(value)) > 0:
        raise ValueError(f"{value!r} must lie before the faults, like -90s")
    return offset_s


Duration = Annotated[
    float,
    BeforeValidator(_positive, json_schema_input_type=Annotated[str, Field(pattern=DURATION_PATTERN)]),
]
"""Seconds, written as text with a unit: `30s`."""


class Act(BaseModel):
    """One action; `at_s` (noise only) is when it is said to have been done, relative to the faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: SerializeAsAny[Action]
    at_s: float | None = None

    def __str__(self) -> str:
        ((name, parameters),) = self.action.step().items()
        return " ".join((name, *(f"{key}={value}" for key, value in parameters.items())))


class Wait(BaseModel):
    """Wait until every replica is as wanted, for at most `within` seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    until: Literal["settled"] = Field(
        default="settled", description="What to wait for: every replica is as wanted."
    )
    within: Duration = Field(description="Give up after this long, such as 30s.")

    def __str__(self) -> str:
        return f"wait until {self.until}, at most {self.within:g} s"


def parse_act(value: object) -> object:
    """A mapping with one key, the action's name, as an Act; errors at the places of their keys."""
    return value if isinstance(value, Act) else _act(value)


def parse_noise(value: object) -> object:
    """Like `parse_act`, with `at` among the parameters."""
    name, parameters = _single(value)
    if not isinstance(parameters, Mapping) or "at" not in parameters:
        return parse_act(value)
    try:
        at_s = _past(parameters["at"])
    except ValueError as error:
        raise _error([_line((name, "at"), str(error))]) from None
    rest = {key: each for key, each in parameters.items() if key != "at"}
    return Act(action=_act({name: rest}).action, at_s=at_s)


def parse_step(value: object) -> object:
    """Like `parse_act`; the step may also be a `wait`."""
    if isinstance(value, Act | Wait):
        return value
    name, parameters = _single(value)
    if name != "wait":
        suggestion = did_you_mean(name, ["wait"]) if name not in REGISTRY else None
        if suggestion:
            raise _error([_line((name,), f"there is no action {name!r}", suggestion, key=True)])
        return _act(value)
    try:
        return Wait.model_validate(parameters)
    except ValidationError as error:
        raise _error([_nested(name, each) for each in error.errors()]) from None


def _single(value: object) -> tuple[str, object]:
    """The only key of a step and what it holds; ("", value) when there is no such thing."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, parameters),) = value.items()
        return str(name), parameters
    return "", value


def _act(value: Any) -> Act:
    try:
        return Act(action=steps.parse(value))
    except steps.InvalidStep as error:
        lines = [
            _line(each.path, each.message, each.suggestion, key=_is_key(each.path)) for each in error.problems
        ]
        raise _error(lines) from None


def _is_key(where: Place) -> bool:
    """Whether the last of a place within a step is a name that no action, or not this one, knows."""
    match where:
        case (str(name),):
            return name not in REGISTRY
        case (str(name), str(parameter)) if name in REGISTRY:
            fields = REGISTRY[name].model_fields.items()
            return parameter not in {field.alias or key for key, field in fields}
    return False


def _nested(name: str, error: Any) -> InitErrorDetails:
    said = describe(Wait, error)
    return _line((name, *error["loc"]), said.message, said.suggestion, key=said.key)


def _line(where: Place, said: str, suggestion: str | None = None, *, key: bool = False) -> InitErrorDetails:
    context = {"said": said, "suggestion": suggestion or "", "key": key}
    return {"type": PydanticCustomError("mistake", "{said}", context), "loc": where, "input": None}


def _error(lines: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("step", lines)


class _AsMapping:
    """The JSON Schema of a step: an object with exactly one of the known names."""

    def __init__(self, *, wait: bool = False, at: bool = False) -> None:
        self._wait, self._at = wait, at

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = steps.schema()
        if self._wait:
            found["properties"]["wait"] = Wait.model_json_schema()
        if self._at:
            at = {
                "type": "string",
                "pattern": OFFSET_PATTERN,
                "description": "When it is said to have been done, relative to the faults, such as -90s.",
            }
            for parameters in found["properties"].values():
                parameters["properties"] = {**parameters.get("properties", {}), "at": at}
        return found


ActIn = Annotated[Act, BeforeValidator(parse_act), _AsMapping()]
NoiseIn = Annotated[Act, BeforeValidator(parse_noise), _AsMapping(at=True)]
StepIn = Annotated[Act | Wait, BeforeValidator(parse_step), _AsMapping(wait=True)]
