"""Settings are text; this is what the text means: `on`, `10%`, `3s`, `200ms`, `12`."""

from __future__ import annotations

import math
from collections.abc import Callable

Parser = Callable[[str], float]

_UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def switch(text: str) -> bool:
    """`on` or `off`; ValueError otherwise."""
    try:
        return {"on": True, "off": False}[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither on nor off") from None


def percent(text: str) -> float:
    """`10%` as 0.1, within 0..1; ValueError otherwise."""
    stripped = text.strip()
    if not stripped.endswith("%"):
        raise ValueError(f"{text!r} is no share: write it like 10%")
    share = float(stripped[:-1]) / 100
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is not between 0% and 100%")
    return share


def duration(text: str) -> float:
    """`200ms`, `3s`, `5m`, `2h` in seconds; a bare number is seconds; ValueError otherwise."""
    figure = text.strip().rstrip("smh")
    unit = text.strip()[len(figure) :]
    if unit not in _UNITS_S:
        raise ValueError(f"{text!r} has no unit of time: write it like 3s or 200ms")
    seconds = float(figure) * _UNITS_S[unit]
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{text!r} is no duration: write it like 3s or 200ms")
    return seconds


def number(text: str) -> float:
    """A finite number; ValueError otherwise."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value
