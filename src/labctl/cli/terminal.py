"""What labctl writes on a terminal: results on stdout, narration on stderr, plain when nobody watches."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

JSON_VERSION = 1
"""Of every `--json` document; raised when a field changes its meaning or goes."""

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def out(text: str = "") -> None:
    """A line of the result."""
    print(text, file=sys.stdout)  # noqa: T201 — the one place that writes results


def say(text: str = "") -> None:
    """A line of narration; shown at once even when stderr is a file."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 — the one place that narrates


def document(fields: Mapping[str, Any]) -> None:
    """The result as one versioned JSON object."""
    out(json.dumps({"version": JSON_VERSION, **fields}, indent=2, default=str))


def colourful(stream: TextIO) -> bool:
    """Whether colour is wanted there: a terminal that knows it, and nobody said NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style (bold, dim, red, green, yellow, cyan) where the stream shows colour."""
    if not text or not colourful(stream or sys.stdout):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def width(stream: TextIO | None = None) -> int | None:
    """Columns to fit into on a terminal; None where lines may be as long as they are."""
    return shutil.get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[int] = (),
    fit: int | None = None,
) -> str:
    """Aligned columns, two spaces apart; `right` are columns of numbers, `fit` cuts the last column."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    lines = [_line(row, widths, right, fit) for row in cells]
    return "\n".join([paint(_line(header, widths, right, fit), "dim"), *lines])


def _cell(value: object) -> str:
    return "–" if value is None else " ".join(str(value).split("\n"))


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int], fit: int | None) -> str:
    padded = (
        cell.rjust(size) if index in right else cell.ljust(size)
        for index, (cell, size) in enumerate(zip(row, widths, strict=True))
    )
    line = "  ".join(padded).rstrip()
    return line[: fit - 1] + "…" if fit and len(line) > fit else line
