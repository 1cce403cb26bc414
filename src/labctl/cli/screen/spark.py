"""Sparklines of shares: full while users are served, and emptier the fewer are."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.cli.screen.line import Piece

_LEVELS = "▁▂▃▄▅▆"
_MET = "▇"  # not the whole cell, so that rows stay apart


def sparkline(trend: Sequence[float | None], target: float, cells: int, per_cell: int) -> list[Piece]:
    """The newest `cells × per_cell` seconds, the newest at the right; a cell shows its worst second."""
    groups = [trend[max(0, end - per_cell) : end] for end in range(len(trend), 0, -per_cell)][:cells]
    shown = [_cell(group, target) for group in reversed(groups)]
    return [(" " * (cells - len(shown)), ""), *_joined(shown)]


def _cell(group: Sequence[float | None], target: float) -> Piece:
    shares = [share for share in group if share is not None]
    if not shares:
        return "·", "dim"
    worst = min(shares)
    if worst >= target:
        return _MET, "green"
    level = _LEVELS[min(len(_LEVELS) - 1, int(worst * len(_LEVELS)))]
    return level, "red" if worst < 0.95 else "yellow"


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one style as one piece."""
    joined: list[Piece] = []
    for text, style in pieces:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
