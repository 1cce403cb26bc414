"""What a toxic is: whole numbers as parameters, one coroutine, and what it means to take it away."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from wire.stage import Stage

T = TypeVar("T", bound="Toxic")


class InvalidAttributes(ValueError):
    """Attributes that a toxic does not have, or that are no whole numbers from 0 up."""


@dataclass(frozen=True)
class Toxic:
    """One way to disturb a stream; its fields are its attributes in the API."""

    @abstractmethod
    async def pipe(self, stage: Stage) -> None:
        """Move chunks on until the stream ends; it may be cancelled at any await.

        To return is to be done: at the end of the stream that end is passed on, before it the
        connection is closed.
        """

    def removed(self, stage: Stage) -> None:
        """Called when the toxic is taken away, before what still waits moves on."""


def build(kind: type[T], given: Mapping[str, Any], old: T | None = None) -> T:
    """A toxic with the attributes given, the others as in `old` or zero; InvalidAttributes otherwise."""
    known = [field.name for field in fields(kind)]
    wrong = [f"there is no {name!r}" for name in given if name not in known]
    wrong += [
        f"{name} is {value!r}, not a whole number from 0 up"
        for name, value in given.items()
        if name in known and not (type(value) is int and value >= 0)
    ]
    if wrong:
        raise InvalidAttributes(f"{'; '.join(wrong)}; the attributes are {', '.join(known)}")
    return kind(**{**(asdict(old) if old else {}), **given})


def attributes(toxic: Toxic) -> dict[str, int]:
    return asdict(toxic)
