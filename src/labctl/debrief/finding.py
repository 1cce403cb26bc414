"""One finding in a postmortem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """Where (from 1), what, and what to write instead."""

    line: int
    column: int
    said: str
    instead: str
