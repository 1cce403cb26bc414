"""What long runs measure, in a JSON file that is whole after each entry."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from labctl.errors import UsageError

Entry = TypeVar("Entry")
_HINT = "give another file, or remove this one to measure anew"


@dataclass(frozen=True)
class Store:
    """A list of plain entries under one key of a file; `maker` is the command that writes such files."""

    path: Path
    key: str
    version: int
    maker: str

    def read(self, made: Callable[[dict[str, Any]], Entry]) -> list[Entry]:
        """Its entries, each made of what is written; none of a file that is not there yet.

        UsageError for a file that holds something else.
        """
        if not self.path.exists():
            return []
        try:
            plain = json.loads(self.path.read_text(encoding="utf-8"))
            if plain["version"] == self.version:
                return [made(each) for each in plain[self.key]]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.path} is no file of {self.maker}: {error}", hint=_HINT) from error
        raise UsageError(f"{self.path} is of version {plain['version']}, not {self.version}", hint=_HINT)

    def write(self, entries: Iterable[dict[str, Any]]) -> None:
        """Put these in place of all others; whoever reads meanwhile gets either."""
        plain = {"version": self.version, self.key: list(entries)}
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.draft")
        draft.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(self.path)
