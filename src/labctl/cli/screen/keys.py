"""The keys: what each does, what it asks first, and which are valid now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.cli.screen.line import Line, line
from labctl.desk.snapshot import Snapshot

if TYPE_CHECKING:
    from labctl.desk.sampler import Sampler

Run = Callable[["Sampler", str], str]
"""From the desk and what was typed, what to tell; empty where the journal tells it. LabError as ever."""


def _ack(desk: Sampler, _: str) -> str:
    from labctl.oncall.moves import ack

    ack(desk.lab)
    return ""


def _say(desk: Sampler, text: str) -> str:
    from labctl.oncall.moves import say

    say(desk.lab, text)
    return ""


def _cost(desk: Sampler) -> str:
    from labctl.oncall.moves import next_hint

    return f"The next hint costs {next_hint(desk.lab, desk.scenario()).cost}. Take it?"


def _hint(desk: Sampler, _: str) -> str:
    from labctl.oncall.moves import hint

    hint(desk.lab, desk.scenario())
    return ""


def _check(desk: Sampler, _: str) -> str:
    from labctl.cli.check import checked

    return checked(desk.lab)


def _resolve(desk: Sampler, _: str) -> str:
    from labctl.oncall.moves import claim

    claim(desk.lab)
    return ""


@dataclass(frozen=True)
class Key:
    """One key. With `prompt` it asks for a line of text; with `question`, for a yes to what that returns."""

    key: str
    label: str
    about: str
    move: str = ""  # of the moves of a drill; empty for what is always valid
    run: Run | None = None
    prompt: str = ""
    question: Callable[[Sampler], str] | None = None
    told: tuple[str, ...] = ()  # kinds of events that tell what came of it


KEYS = (
    Key("a", "ack", "you have the page", "ack", _ack),
    Key("h", "hint", "the next hint, its cost first", "hint", _hint, question=_cost, told=("hint.given",)),
    Key(
        "s",
        "say",
        "tell those who wait how it stands",
        "say",
        _say,
        prompt="Say how it stands: Enter sends, Esc not",
    ),
    Key("c", "check", "how far the hold is, what is missing", "check", _check),
    Key(
        "r",
        "resolve",
        "claim that it is over, and be judged",
        "resolve",
        _resolve,
        told=("resolve.claimed", "verdict"),
    ),
    Key("?", "keys", "all keys; again: the log"),
    Key("q", "leave", "leave the screen; the incident goes on"),
)


def valid(snapshot: Snapshot) -> list[Key]:
    """Those that do something now, in the order of the footer."""
    return [key for key in KEYS if not key.move or snapshot.moves.get(key.move, "unknown") is None]


def why_not(snapshot: Snapshot, key: Key) -> str:
    """Why a key does nothing now; empty when it does something, or nothing is known yet."""
    return snapshot.moves.get(key.move) or ""


def help_lines(snapshot: Snapshot) -> list[Line]:
    """Every key, and why it does nothing now where it does not."""
    rows = [
        line(
            " ",
            (f" {key.key} ", "bold reverse"),
            f" {key.label:<8} {key.about}",
            (_because(snapshot, key), "dim"),
        )
        for key in KEYS
    ]
    return [
        *rows,
        line("  PgUp, PgDn, End  move through the log"),
        line("  declare, reveal, quit and all that looks or acts: labctl in another terminal"),
    ]


def _because(snapshot: Snapshot, key: Key) -> str:
    reason = why_not(snapshot, key)
    return f" – {reason}" if reason else ""
