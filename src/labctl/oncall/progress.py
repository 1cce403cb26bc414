"""What a learner has done so far: finished drills as recordings, and a fold over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labctl import recording
from labctl.errors import UsageError
from labctl.lab.home import home, make_private
from labctl.lab.lab import Lab
from labctl.recording import Recording
from labctl.slo.sli import Second

_BEST = ("mitigated", "mitigated, not durable", "mitigated after the reveal", "masked", "not restored")
"""Outcomes, the best first; any other is the worst."""
UNJUDGED = "could not judge"
"""How a drill ended that nobody can judge any more."""


@dataclass(frozen=True)
class Tried:
    """One scenario's drills so far; `best` is "given up" where none reached a verdict."""

    tries: int = 0
    best: str = ""

    @property
    def done(self) -> bool:
        """Mitigated at least once before the cause was told."""
        return self.best in _BEST[:2]


def folder() -> Path:
    """Where finished drills are kept."""
    return home() / "drills"


def keep(lab: Lab, seconds: Sequence[Second] | None = None) -> Path:
    """Save the lab's newest drill as far as it has gone; a later save of the same one replaces it.

    `seconds` are what users felt where the load no longer knows: another one counts from anew.
    """
    kept = recording.record(lab)
    if seconds is not None:
        kept = replace(kept, seconds=tuple(seconds))
    make_private(folder())
    folder().chmod(0o700)  # recordings name causes; only their owner may read them
    path = folder() / f"{kept.drill}.json"
    kept.save(path)
    path.chmod(0o600)
    return path


def all_kept() -> list[Recording]:
    """Every finished drill, the oldest first; files that are no recordings of this version are left out."""
    found = []
    for path in sorted(folder().glob("*.json")):
        try:
            found.append(recording.load(path))
        except UsageError:
            continue
    return sorted(found, key=lambda each: each.began_wall_s)


def fold(recordings: Iterable[Recording]) -> Mapping[str, Tried]:
    """Scenario id → what became of its drills."""
    progress: dict[str, Tried] = {}
    for each in recordings:
        before = progress.get(each.scenario, Tried())
        best = min((outcome(each), before.best or "given up"), key=_rank)
        progress[each.scenario] = replace(before, tries=before.tries + 1, best=best)
    return progress


def outcome(kept: Recording) -> str:
    """What became of one drill: its best verdict, marked where the cause had been told before."""
    reached = ["given up"]
    revealed = False
    for event in kept.of("verdict", "cause.revealed", "drill.ended"):
        revealed |= event.kind == "cause.revealed"
        if event.kind == "verdict":
            reached.append(_worded(str(event.payload["outcome"]), event.payload["durable"], revealed))
        if event.kind == "drill.ended" and event.payload["how"] == UNJUDGED:
            reached.append(UNJUDGED)
    return min(reached, key=_rank)


def _worded(verdict: str, durable: bool, revealed: bool) -> str:
    if verdict != "mitigated":
        return verdict
    if revealed:
        return "mitigated after the reveal"
    return verdict if durable else "mitigated, not durable"


def _rank(each: str) -> int:
    return _BEST.index(each) if each in _BEST else len(_BEST) + (each == "given up")
