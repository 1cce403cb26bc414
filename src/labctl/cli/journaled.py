"""What a person types while a drill is under way is journaled: the debrief tells what was read before
the first change. One place for all commands: where they choose their lab."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from labctl.cli.commands import ACT, COMMANDS, LOOK
from labctl.errors import LabError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_KINDS = {LOOK: "look", ACT: "act"}
_ALSO_LOOKS = frozenset({"status", "page"})
_CHANGES_DATA = {
    "psql": re.compile(
        r"(?is)^\s*(alter|analy[sz]e|call|create|delete|do|drop|grant|insert|lock|reindex|revoke|truncate"
        r"|update|vacuum)\b|\bpg_(terminate|cancel)_backend\b|\bpg_reload_conf\b"
    ),
    "redis": re.compile(
        r"(?i)^(append|client kill|config (set|rewrite)|decr|del|eval|expire|flush|hdel|hset|incr|lpush|lrem"
        r"|ltrim|mset|persist|pexpire|rename|restore|rpush|sadd|script|set|shutdown|srem|unlink|x(ack|add|auto"
        r"|claim|del|group|set|trim)|z(add|rem))"
    ),
}

_typed: list[str] = []


def typed(arguments: Sequence[str]) -> None:
    """A command line that is about to run; it is noted once, by the lab that it turns out to mean."""
    _typed[:] = arguments


def note(lab: "Lab") -> None:
    """Journal the command under way if it looks or acts, and a drill does too; never its failure."""
    kind = kind_of(_typed)
    if kind is None:
        return
    with suppress(LabError):  # a look at a sick lab must not fail for want of a journal
        if _is_drilled(lab):
            from labctl.lab.redact import redacted

            argv = redacted(_typed, lab.secrets.values())
            lab.journal.append("command.run", {"argv": argv, "kind": kind})
    _typed.clear()


def kind_of(arguments: Sequence[str]) -> str | None:
    """`look`, `act`, or None for what is neither."""
    if not arguments or arguments[0] not in COMMANDS:
        return None
    name, *words = arguments
    if name == "redis":
        words = [" ".join(words[1:])]
    if name in _CHANGES_DATA and any(_CHANGES_DATA[name].search(word) for word in words):
        return "act"
    return "look" if name in _ALSO_LOOKS else _KINDS.get(COMMANDS[name].section)


def _is_drilled(lab: "Lab") -> bool:
    from labctl.engine.machine import Phase, fold

    at = fold(lab.journal.read())
    return at.mode == "drill" and at.phase not in (Phase.NONE, Phase.MITIGATED, Phase.ENDED)
