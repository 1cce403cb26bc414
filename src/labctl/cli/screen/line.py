"""A line of the screen: pieces of text, each in a style, cut and filled to a width in cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

Piece = tuple[str, str]
"""Text, and its style: "", bold, dim, red, green, yellow, cyan or reverse, several with spaces between."""


@dataclass(frozen=True)
class Line:
    pieces: tuple[Piece, ...] = ()

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self.pieces)

    @property
    def width(self) -> int:
        return cell_len(self.plain)

    def fitted(self, width: int) -> Line:
        """Exactly so many cells: filled with spaces, or cut with an ellipsis."""
        if self.width <= width:
            return Line((*self.pieces, (" " * (width - self.width), "")))
        kept: list[Piece] = []
        room = width - 1
        for text, style in self.pieces:
            part = text if cell_len(text) <= room else set_cell_size(text, room)
            kept.append((part, style))
            room -= cell_len(part)
        return Line((*kept, ("…" if width > 0 else "", "dim")))

    def __add__(self, other: Line) -> Line:
        return Line((*self.pieces, *other.pieces))


def line(*pieces: Piece | str) -> Line:
    """A line of pieces; a bare string is in no style."""
    return Line(tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces))


def spread(left: Line, right: Line, width: int) -> Line:
    """One line with a part at each end; the right one stays whole."""
    return left.fitted(max(0, width - right.width)) + right


def beside(left: Iterable[Line], right: Iterable[Line], width: int, gap: int = 2) -> list[Line]:
    """Two blocks side by side, `width` cells for the left one."""
    lefts, rights = list(left), list(right)
    rows = max(len(lefts), len(rights))
    empty = Line()
    lefts += [empty] * (rows - len(lefts))
    rights += [empty] * (rows - len(rights))
    return [a.fitted(width) + line(" " * gap) + b for a, b in zip(lefts, rights, strict=True)]
