"""The canvas: lines on the terminal, of which only the cells that changed are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from labctl.cli.screen.line import Line

Draw = Callable[[int, int], Sequence[Line]]
"""From width and height, that many lines of that width."""


class Canvas(Widget):
    """Draws what `draw` says for its size; `changed` looks again."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw
        self._lines: Sequence[Line] = ()

    def changed(self) -> None:
        """Take the frame anew, and draw the cells in which it differs."""
        before, self._lines = self._lines, self._draw(self.size.width, self.size.height)
        if len(before) != len(self._lines):
            self.refresh()
            return
        spans = [
            Region(first, row, last - first, 1)
            for row, (old, new) in enumerate(zip(before, self._lines, strict=True))
            if old != new
            for first, last in [_difference(old, new)]
        ]
        if spans:
            self.refresh(*spans)

    def on_resize(self) -> None:
        self._lines = self._draw(self.size.width, self.size.height)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        segments = [Segment(text, _style(style)) for text, style in self._lines[y].pieces]
        return Strip(segments, self._lines[y].width)


def _difference(old: Line, new: Line) -> tuple[int, int]:
    """The cells from the first to the last that differ; all where cells and characters do not match."""
    width = new.width
    if width != len(new.plain) or old.width != len(old.plain) or width != old.width:
        return 0, max(width, old.width)
    a, b = _cells(old), _cells(new)
    first = next((at for at in range(width) if a[at] != b[at]), 0)
    last = next((at for at in reversed(range(width)) if a[at] != b[at]), width - 1)
    return first, last + 1


def _cells(line: Line) -> list[tuple[str, str]]:
    return [(character, style) for text, style in line.pieces for character in text]


@cache
def _style(name: str) -> Style:
    """Colours are the terminal's own, so that they suit its background."""
    return Style.parse(name) if name else Style.null()
