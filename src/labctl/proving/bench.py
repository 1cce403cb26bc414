"""The bench: what the attempts of one run share, on however many labs they are made."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from labctl.proving.conditions import Machine, ThisMachine
from labctl.proving.siblings import Witnesses

FIX_ALLOWANCE_S = 30.0
"""How long a fix's steps may take, where nobody knows yet how long those of this scenario do."""


@dataclass
class FixTimes:
    """How long the steps of each fix took, and how long nobody acting was watched; safe for threads."""

    _took_s: dict[tuple[str, str], float] = field(default_factory=dict)
    _waited_s: dict[str, float] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def took(self, scenario: str, fix: str, seconds: float) -> None:
        with self._turn:
            self._took_s[scenario, fix] = max(seconds, self._took_s.get((scenario, fix), 0.0))

    def allowance_s(self, scenario: str, fixes: Iterable[str]) -> float:
        """Twice the longest that any of these fixes took; the general allowance until all are measured."""
        with self._turn:
            known = [self._took_s.get((scenario, fix)) for fix in fixes]
        measured = [seconds for seconds in known if seconds is not None]
        complete = measured and len(measured) == len(known)
        return min(FIX_ALLOWANCE_S, 2 * max(measured)) if complete else FIX_ALLOWANCE_S

    def waited(self, scenario: str, allowance_s: float) -> None:
        """Nobody acting was watched so much longer than the hold and half a minute."""
        with self._turn:
            self._waited_s[scenario] = min(allowance_s, self._waited_s.get(scenario, allowance_s))

    def waited_s(self, scenario: str) -> float:
        """How long a fix may take, so that somebody was proven to wait as long in vain."""
        with self._turn:
            return self._waited_s.get(scenario, FIX_ALLOWANCE_S)


@dataclass(frozen=True)
class Bench:
    """One per run."""

    machine: Machine = field(default_factory=ThisMachine)
    witnesses: Witnesses = field(default_factory=Witnesses)
    fixes: FixTimes = field(default_factory=FixTimes)
