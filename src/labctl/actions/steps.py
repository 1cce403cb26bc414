"""Actions as data: reading a step of a file or command line, writing one, and the schema of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

import labctl.actions  # noqa: F401 — fills the registry
from labctl.actions.base import REGISTRY, Action, Step
from labctl.errors import UsageError
from labctl.stack.strict_yaml import did_you_mean


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a step; `path` leads to it from the step itself."""

    path: tuple[str | int, ...]
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        return f"{self.message} ({self.suggestion})" if self.suggestion else self.message


class InvalidStep(UsageError):
    """A step with mistakes: all of them, so that a file's reader can give each its position."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in problems))


def parse(step: Mapping[str, Any]) -> Action:
    """The action that a step describes; InvalidStep (a UsageError) with every mistake."""
    if not isinstance(step, Mapping) or len(step) != 1:
        raise InvalidStep([Problem((), "a step is one action, like restart: {component: edge}")])
    name, parameters = next(iter(step.items()))
    if name not in REGISTRY:
        nearest = did_you_mean(str(name), REGISTRY) or f"there are {', '.join(sorted(REGISTRY))}"
        raise InvalidStep([Problem((name,), f"there is no action {name!r}", nearest)])
    if not isinstance(parameters, Mapping):
        raise InvalidStep([Problem((name,), f"{name} takes parameters, like {name}: {{component: edge}}")])
    try:
        return REGISTRY[name].model_validate(dict(parameters))
    except ValidationError as error:
        raise InvalidStep(_problems(REGISTRY[name], error)) from None


def dump(action: Action) -> Step:
    """The step that `parse` reads back as the same action."""
    return action.step()


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of each action's parameters, by the action's name."""
    return {
        name: {**cls.model_json_schema(by_alias=True), "description": cls.about}
        for name, cls in sorted(REGISTRY.items())
    }


def schema() -> dict[str, Any]:
    """The JSON schema of one step: an object with exactly one action."""
    return {
        "type": "object",
        "properties": schemas(),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _problems(cls: type[Action], error: ValidationError) -> list[Problem]:
    known = [field.alias or name for name, field in cls.model_fields.items()]
    problems = []
    for row in error.errors():
        path = (cls.name, *row["loc"])
        last = row["loc"][-1] if row["loc"] else cls.name
        match row["type"]:
            case "extra_forbidden":
                nearest = did_you_mean(str(last), known) or f"there are {', '.join(known)}"
                problems.append(Problem(path, f"{cls.name} has no parameter {last!r}", nearest))
            case "missing":
                problems.append(Problem(path[:-1], f"{cls.name} lacks {last!r}"))
            case "value_error":
                problems.append(Problem(path, str(row["ctx"]["error"])))
            case _:
                said = row["msg"][:1].lower() + row["msg"][1:]
                problems.append(Problem(path, f"{last}: {said}, and is {row['input']!r}"))
    return problems
