"""Variables in Compose values: `${A}`, `${A:-default}`, `${A:?why}`; `$$` is a dollar sign.

As in Compose, `:-` and `:?` treat an empty variable like a missing one. Stricter than Compose, a plain
`${A}` without a value is an error and not an empty text, and `$A` and nested defaults are not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REFERENCE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:-|:\?)(?P<rest>[^${}]*))?\})"
)


@dataclass(frozen=True)
class Reference:
    """One `${…}`: `default` is None unless it has one, `needed` what `:?` says about it."""

    name: str
    default: str | None
    needed: str | None


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """`text` with every reference replaced; KeyError(name, why) for one without a value."""

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        reference = _reference(match)
        given = variables.get(reference.name)
        if given or (given is not None and match["how"] is None):
            return given
        if reference.default is None:
            raise KeyError(reference.name, reference.needed or "it has no value")
        return reference.default

    return _REFERENCE.sub(value, text)


def references(text: str) -> list[Reference]:
    """Every `${…}` in a text, in order; ValueError for a `$` that begins none."""
    bare = _REFERENCE.sub("", text)
    if "$" in bare:
        begun = bare[bare.index("$") :][:20]
        raise ValueError(
            f"{begun!r} is no variable; write ${{A}}, ${{A:-default}} or ${{A:?why}}, or $$ for $"
        )
    return [_reference(match) for match in _REFERENCE.finditer(text) if not match["dollar"]]


def _reference(match: re.Match[str]) -> Reference:
    rest = match["rest"]
    return Reference(
        name=match["name"],
        default=rest if match["how"] == ":-" else None,
        needed=rest or "it has no value" if match["how"] == ":?" else None,
    )
