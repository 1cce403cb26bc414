"""The frame: everything on the screen but the prompt, as lines of one width. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labctl.cli.screen import panes
from labctl.cli.screen.line import Line, beside, line, spread
from labctl.desk.snapshot import Snapshot

WIDE = 110
"""Columns from which the stack and the changes stand side by side."""
_LOG_ROWS = 4  # that the log has at least, where there is room for anything else
_MIDDLE_ROWS = 4  # without which stack and changes are not worth showing beside an answer


@dataclass(frozen=True)
class View:
    """What is looked at: the snapshot, the log so far, and the keys that are valid now."""

    snapshot: Snapshot
    told: Sequence[Line] = ()
    keys: Sequence[tuple[str, str]] = ()  # key, what it does
    scroll: int = 0  # lines of the log below the last one shown
    answer: Sequence[Line] = ()  # what the last key brought, above the log; stack and changes make room
    help: Sequence[Line] = ()  # instead of stack, changes, answer and log
    question: str = ""  # with yes and no, instead of the keys


def frame(view: View, width: int, height: int) -> list[Line]:
    """Exactly `height` lines of `width` cells; the log gets what the others leave."""
    top = _top(view, width, height)
    rows = max(1, height - len(top) - 2)
    note = f"{view.scroll} more below" if view.scroll else ""
    shown = list(view.help[:rows]) if view.help else panes.log(view.told, rows, view.scroll)
    bottom = [panes.rule("keys" if view.help else "log", width, note), *shown]
    body = [*top, *bottom][: height - 1]
    body += [Line()] * (height - 1 - len(body))
    return [each.fitted(width) for each in (*body, footer(view))]


def footer(view: View) -> Line:
    """The keys that do something now, or a question and how to answer it."""
    asked = [(f" {view.question}  ", "bold")] if view.question else []
    keys = (("y", "yes"), ("n", "no")) if view.question else view.keys
    return line(
        *asked, *(piece for key, does in keys for piece in ((f" {key} ", "reverse"), (f" {does}  ", "")))
    )


def _top(view: View, width: int, height: int) -> list[Line]:
    snapshot = view.snapshot
    head = [
        spread(*panes.title(snapshot), width),
        *panes.users(snapshot, width),
        *panes.standing(snapshot, width),
        *panes.problems(snapshot)[:2],
    ]
    if view.help:
        return head
    answer = _answer(view.answer, width, height - len(head) - 3)  # beside a line of the log and the keys
    room = height - len(head) - len(answer) - 2 - _LOG_ROWS  # for stack and changes, with their rules
    if answer and room < _MIDDLE_ROWS:
        return [*head, *answer]
    middle = _abreast(snapshot, width, room) if width >= WIDE else _stacked(snapshot, width, room)
    return [*head, *middle, *answer]


def _answer(told: Sequence[Line], width: int, room: int) -> list[Line]:
    """As much of an answer as there is room for, under a rule that says how long it stays."""
    if not told:
        return []
    shown = told[: max(1, room - 1)]
    left = len(told) - len(shown)
    return [panes.rule("answer", width, f"{left} more: PgUp" if left else "until the next key"), *shown]


def _abreast(snapshot: Snapshot, width: int, room: int) -> list[Line]:
    half = width // 2 - 3
    other = width - half - 2
    stack = panes.stack(snapshot, half)
    rows = max(0, min(len(stack), room - 1))
    left = [panes.rule("stack", half), *stack[:rows]]
    right = [panes.rule("changes", other), *panes.changes(snapshot, max(1, rows))]
    return beside(left, right, half)


def _stacked(snapshot: Snapshot, width: int, room: int) -> list[Line]:
    stack = panes.stack(snapshot, width)
    for_changes = max(1, min(3, room - 2 - 3))
    rows = max(1, room - 2 - for_changes)
    recent = panes.changes(snapshot, max(for_changes, min(6, room - 2 - len(stack))))
    note = f"{len(stack) - rows} more" if len(stack) > rows else ""
    return [
        panes.rule("stack", width, note),
        *stack[:rows],
        panes.rule("changes", width),
        *recent,
    ]
