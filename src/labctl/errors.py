"""Everything that can go wrong, and the exit code it means.

    LabError                      3
    ├── UsageError                2  the caller asked for something that makes no sense
    │   ├── InvalidFile           2  a file has mistakes; all of them, each with its position
    │   ├── NoSuchLab             2
    │   └── LabBusy               2  another process holds the lock it names
    ├── ActionRefused             1  an action that may not be done, or that would change nothing
    ├── FaultDidNotTake           1  an action was applied and its effect is not there
    ├── CannotRunHere             3  this machine lacks a capability or a program
    ├── RuntimeFailed             3  a component did not do what was wanted of it
    └── CouldNotJudge             3  the evidence for a verdict is missing
        └── DrillVoid             3  and will never be there: the drill is over

An error says what, on which component, measured against expected, and what to run next (`hint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LabError(Exception):
    """The base of all expected errors; `hint` is the next thing to type or do."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LabError):
    exit_code = 2


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a file; `line` and `column` count from 1. A `warning` alone does not fail a file."""

    file: str
    line: int
    column: int
    message: str
    suggestion: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        tail = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.message}{tail}"


class InvalidFile(UsageError):
    """A file with mistakes: every one of them, in reading order."""

    def __init__(self, mistakes: Sequence[Mistake], *, hint: str | None = None) -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes), hint=hint)


class NoSuchLab(UsageError):
    pass


class LabBusy(UsageError):
    pass


class ActionRefused(LabError):
    exit_code = 1


class FaultDidNotTake(LabError):
    exit_code = 1


class CannotRunHere(LabError):
    pass


class RuntimeFailed(LabError):
    pass


class CouldNotJudge(LabError):
    pass


class DrillVoid(CouldNotJudge):
    pass
