"""Names in a scenario that the stack does not have; looked up in the raw file, so that all are found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from labctl.actions import steps
from labctl.errors import Mistake, UsageError
from labctl.scenario.steps import Place
from labctl.slo.openslo import objectives
from labctl.stack.compose import Stack, load_stack
from labctl.stack.strict_yaml import Document, did_you_mean


@dataclass(frozen=True)
class Known:
    """What a scenario may name."""

    stack: Stack
    journeys: Collection[str]
    alerts: Collection[str]

    @classmethod
    @cache
    def of_the_lab(cls) -> Known:
        """The lab's own stack and SLOs."""
        promised = objectives()
        return cls(
            stack=load_stack(),
            journeys=tuple(each.journey for each in promised),
            alerts=(*(each.alert for each in promised), "EdgeDown"),
        )


def unknown(document: Document, known: Known) -> list[Mistake]:
    """Every step, component, journey and alert that names something which does not exist."""
    data = document.data
    found = [
        mistake for place, step in _steps(data) for mistake in _wrong_step(document, place, step, known.stack)
    ]
    for place, name in _named(data, ("expect", "journey"), ("objectives",), ("tolerates_shed",)):
        found += _lookup(document, place, name, "journey", known.journeys)
    for place, name in _named(data, ("expect", "page")):
        found += _lookup(document, place, name, "alert", [*known.alerts, "none"])
    for place, name in _named(data, ("sick",), ("challenge", "component")):
        found += _lookup(document, place, name, "component", known.stack.components)
    return found


def _steps(data: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    for key in ("faults", "noise"):
        yield from _listed(data.get(key), (key,))
    for key in ("fixes", "decoys", "challenge"):
        if isinstance(data.get(key), Mapping):
            yield from _listed(data[key].get("do"), (key, "do"))
        for place, each in _listed(data.get(key), (key,)):
            if isinstance(each, Mapping):
                yield from _listed(each.get("do"), (*place, "do"))


def _listed(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, list):
        yield from (((*place, index), each) for index, each in enumerate(value))


def _named(data: Mapping[str, Any], *places: Place) -> Iterator[tuple[Place, str]]:
    """The text at each place; the keys where there is a mapping."""
    for place in places:
        value: Any = data
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, Mapping):
            yield from (((*place, key), key) for key in value)


def _lookup(
    document: Document, place: Place, name: str, what: str, known: Iterable[str]
) -> Iterator[Mistake]:
    names = list(known)
    if name not in names:
        near = did_you_mean(name, names) or f"there are {', '.join(names)}"
        yield document.mistake(place, f"there is no {what} {name!r}", near, key=place[-1] == name)


def _wrong_step(document: Document, place: Place, step: Any, stack: Stack) -> Iterator[Mistake]:
    """What the action itself finds unknown; a step of the wrong shape is for the loader to report."""
    if not isinstance(step, Mapping) or len(step) != 1 or "wait" in step:
        return
    ((name, parameters),) = step.items()
    if place[0] == "noise" and isinstance(parameters, Mapping):
        parameters = {key: value for key, value in parameters.items() if key != "at"}
    try:
        action = steps.parse({name: parameters})
    except UsageError:
        return
    try:
        action.check(stack)
    except UsageError as error:
        where, key = _blamed(parameters, error.message)
        yield document.mistake((*place, name, *where), error.message, error.hint, key=key)


def _blamed(parameters: Mapping[str, Any], said: str) -> tuple[Place, bool]:
    """The parameter that a message is about: whose value or key it quotes; and whether it is the key."""
    for key, value in parameters.items():
        if repr(value) in said:
            return (key,), False
    words = said.split()
    for key in parameters:
        if key in words:
            return (key,), True
    for key, value in parameters.items():
        if str(value) in words:
            return (key,), False
    return (), False
