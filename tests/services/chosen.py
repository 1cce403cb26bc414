"""Flags that a test sets, in the place of those that a service reads from its settings."""

from __future__ import annotations

from shared.flags import Flags, declarations


class Chosen(Flags):
    """Every declared flag at its default, until the test sets `values[name]` to a parsed value."""

    def __init__(self) -> None:
        self.values: dict[str, float | str] = {
            name: flag.parse(flag.default) for name, flag in declarations().items()
        }

    def _value(self, name: str) -> float | str:
        return self.values[name]
