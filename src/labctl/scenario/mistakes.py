"""What pydantic found wrong with a scenario, in our words, with what was probably meant."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from labctl.errors import Mistake
from labctl.stack.strict_yaml import Document, did_you_mean


class Said(NamedTuple):
    message: str
    suggestion: str | None = None
    key: bool = False  # whether the key is wrong, not its value


def mistakes(document: Document, model: type[BaseModel], errors: Iterable[ErrorDetails]) -> list[Mistake]:
    """Each error as a mistake at its place in the document."""
    found = []
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # its items are wrong, each of which is reported by itself
        said = describe(model, error)
        found.append(document.mistake(error["loc"], said.message, said.suggestion, key=said.key))
    return found


def describe(model: type[BaseModel], error: ErrorDetails) -> Said:  # noqa: PLR0911 — one per kind of error
    """One error of validating `model`."""
    where, context = error["loc"], error.get("ctx", {})
    name = str(where[-1]) if where else "this"
    match error["type"]:
        case "mistake":
            return Said(context["said"], context["suggestion"] or None, bool(context["key"]))
        case "extra_forbidden":
            known = sorted(_keys(model, where[:-1]))
            near = did_you_mean(name, known) or f"known here: {', '.join(known)}"
            return Said(f"there is no key {name!r} here", near, key=True)
        case "missing":
            return Said(f"the key {name!r} is missing")
        case "too_short":
            return Said(f"{name} must not be empty")
        case "literal_error" | "enum":
            known = re.findall(r"'([^']*)'", context["expected"])
            near = did_you_mean(str(error["input"]), known) or f"there are {', '.join(known)}"
            return Said(f"{name} cannot be {_short(error['input'])}", near)
        case "value_error" | "assertion_error":
            return Said(str(context["error"]))
        case "string_type" if isinstance(error["input"], int | float | bool):
            return Said(
                f"{name} must be text, not {_short(error['input'])}", f'write "{_short(error["input"])}"'
            )
        case _:
            return Said(f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}, not {_short(error['input'])}")


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _keys(model: type[BaseModel], where: tuple[int | str, ...]) -> set[str]:
    """The keys known at `where`: those of every model that the path may lead to."""
    reached = [model]
    for element in where:
        if isinstance(element, str):
            reached = [inner for outer in reached for inner in _models(outer, element)] or reached
    return {field.alias or name for each in reached for name, field in each.model_fields.items()}


def _models(model: type[BaseModel], key: str) -> Iterator[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            yield from _inside(field.annotation)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _inside(argument)
