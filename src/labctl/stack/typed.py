"""A strict YAML document as a pydantic model, with every mistake at its place."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from labctl.errors import InvalidFile, Mistake
from labctl.stack.strict_yaml import Document, did_you_mean

M = TypeVar("M", bound=BaseModel)


def typed(document: Document, model: type[M]) -> M:
    """`document.data` as `model`; InvalidFile with every mistake, unknown keys with what was meant."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise InvalidFile([_mistake(document, model, each) for each in error.errors()]) from None


def _mistake(document: Document, model: type[BaseModel], error: ErrorDetails) -> Mistake:
    where = error["loc"]
    name = str(where[-1]) if where else "the file"
    match error["type"]:
        case "extra_forbidden":
            near = did_you_mean(name, _keys(model, where[:-1]))
            return document.mistake(where, f"unknown key {name!r}", near, key=True)
        case "missing":
            return document.mistake(where, f"the key {name!r} is missing")
        case "value_error":
            return document.mistake(where, str(error["ctx"]["error"]))
        case _:
            said = error["msg"][0].lower() + error["msg"][1:]
            return document.mistake(where, f"{name}: {said}, not {_short(error['input'])}")


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str) else str(value).lower()


def _keys(model: type[BaseModel], where: tuple[int | str, ...]) -> set[str]:
    """The keys known at `where`: those of every model that the path may lead to."""
    reached = [model]
    for element in where:
        reached = [inner for outer in reached for inner in _models(outer, element)]
    return {field.alias or name for each in reached for name, field in each.model_fields.items()}


def _models(model: type[BaseModel], key: int | str) -> list[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return list(_inside(field.annotation))
    return [model]  # an index, or the name of a mapping's entry: the model was reached by its field


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _inside(argument)
