"""Action items in a postmortem's tables and lists: each needs one owner and one date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labctl.debrief.finding import Finding

_NOBODY = re.compile(
    r"|-+|–|\?+|tbd|tba|todo|n/?a|none|everyone|everybody|all|us|we|(the )?team|\[\[.*\]\]", re.IGNORECASE
)
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    r"|\d{1,2} [A-Z][a-z]{2,8} \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4}"
)
_RULER = re.compile(r"[\s|:-]+")
_OWNER = "write one person or one team's name, who has agreed"
_DUE = "write a date, such as 2030-01-31"


def unowned(lines: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    """Findings in tables that have a column `owner`, and in lists under a heading of action items."""
    header: list[str] = []
    section = False
    for number, line in lines:
        if line.startswith("#"):
            header, section = [], "action" in line.lower()
        elif line.lstrip().startswith("|"):
            cells = _cells(line)
            if not header:
                header = [text.lower() for _, text in cells]
            elif not _RULER.fullmatch(line):
                yield from _row(number, header, cells)
        else:
            header = []
            if section and re.match(r"\s*([-*+]|\d+[.)]) \S", line):
                yield from _item(number, line)


def _row(number: int, header: Sequence[str], cells: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    if not any("owner" in name for name in header) or not any(text for _, text in cells):
        return
    row = dict(zip(header, cells, strict=False))
    for name, (column, text) in row.items():
        if "owner" in name and _NOBODY.fullmatch(text):
            yield Finding(number, column, f"the action has no owner{_shown(text)}", _OWNER)
        elif name in ("due", "by", "date", "due date", "when") and not _DATE.search(text):
            yield Finding(number, column, f"the action has no date{_shown(text)}", _DUE)
    if not any(name in ("due", "by", "date", "due date", "when") for name in header):
        yield Finding(number, 1, "the action has no date: the table has no such column", _DUE)


def _item(number: int, line: str) -> Iterator[Finding]:
    column = len(line) - len(line.lstrip()) + 1
    if not re.search(r"\bowner\b|@\w+", line, re.IGNORECASE):
        yield Finding(number, column, "the action has no owner", _OWNER)
    if not _DATE.search(line):
        yield Finding(number, column, "the action has no date", _DUE)


def _shown(text: str) -> str:
    return f": “{text}”" if text else ""


def _cells(line: str) -> list[tuple[int, str]]:
    """Each cell's column (from 1) and text."""
    found, at = [], line.index("|") + 1
    for part in re.split(r"(?<!\\)\|", line[at:].rstrip().removesuffix("|")):
        found.append((at + len(part) - len(part.lstrip()) + 1, part.strip()))
        at += len(part) + 1
    return found
