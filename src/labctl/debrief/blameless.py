"""Reads a postmortem as a kind colleague: what blames people, promises nothing, or was left blank."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from labctl.debrief.action_items import unowned
from labctl.debrief.blame import RULES, SYSTEMS
from labctl.debrief.finding import Finding
from labctl.errors import UsageError

_SPARED_BEFORE = re.compile(
    r"(?:\b(?:no|not|never|without|instead of|rather than)(?: \w+)?|n['’]t) +$", re.IGNORECASE
)
_MASKED = re.compile(r"`[^`]*`|<!--.*?-->|“[^”]*”|\"[^\"\n]*\"")


def lint(path: Path) -> list[Finding]:
    """Every finding in a file, in reading order; UsageError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="labctl postmortem draft FILE writes one"
        ) from error
    return check(text)


def check(text: str) -> list[Finding]:
    """Every finding in a postmortem in Markdown, in reading order."""
    lines = list(_readable(text.splitlines()))
    found = [finding for number, line in lines for finding in _line(number, line)]
    return sorted([*found, *unowned(lines), *_single_factor(lines)])


def _readable(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; code, quotations and comments are blanked out, columns stay."""
    fenced = False
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        if not fenced and not line.lstrip().startswith(">"):
            yield number, _MASKED.sub(lambda match: " " * len(match.group()), line)


def _line(number: int, line: str) -> Iterator[Finding]:
    taken: list[range] = []
    for rule in RULES:
        for match in rule.pattern.finditer(line):
            if _spared(match, line) or _overlaps(match, taken):
                continue
            taken.append(range(*match.span()))
            shown = match.group().strip()
            yield Finding(number, match.start() + 1, f"“{shown}” {rule.said}", rule.instead)


def _overlaps(match: re.Match[str], taken: list[range]) -> bool:
    return any(match.start() < span.stop and span.start < match.end() for span in taken)


def _spared(match: re.Match[str], line: str) -> bool:
    if match.group().startswith("[["):
        return line.lstrip().startswith("|")  # blanks in a table are the action items' business
    if match.groupdict().get("name") in SYSTEMS:
        return True
    return bool(_SPARED_BEFORE.search(line[: match.start()]))


def _single_factor(lines: list[tuple[int, str]]) -> Iterator[Finding]:
    """A section of contributing factors that lists only one."""
    heading, items = 0, 0
    for number, line in [*lines, (0, "# end")]:
        if line.startswith("#"):
            if heading and items == 1:
                said = "there is only one contributing factor"
                yield Finding(heading, 1, said, "ask what else had to be true; there are always several")
            heading, items = (number if "contributing" in line.lower() else 0), 0
        elif heading and re.match(r"\s{0,1}([-*+]|\d+[.)]) ", line):
            items += 1
