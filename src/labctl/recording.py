"""A recording: one drill or attempt, its events and its users' seconds, kept after the lab is gone.

Debrief, score and charts are made from it alone; small ones are the fixtures of their tests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from labctl.errors import UsageError
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.slo.sli import Second, Tally

VERSION = 1
BEGUN = "drill.begun"


@dataclass(frozen=True)
class Recording:
    """Everything from `drill.begun` on: events in order, and the final seconds above its number."""

    scenario: str  # the id
    runtime: str
    events: tuple[Event, ...]
    seconds: tuple[Second, ...]

    @property
    def drill(self) -> str:
        """The drill's own id."""
        return str(self.events[0].payload["drill"])

    @property
    def began_wall_s(self) -> float:
        return self.events[0].wall_s

    def of(self, *kinds: str) -> tuple[Event, ...]:
        """The events of these kinds, in order."""
        return tuple(event for event in self.events if event.kind in kinds)

    def to_plain(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "scenario": self.scenario,
            "runtime": self.runtime,
            "events": [[e.seq, round(e.wall_s, 3), e.kind, dict(e.payload)] for e in self.events],
            "seconds": list(_packed(self.seconds)),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Recording:
        """KeyError, TypeError or ValueError where it is not one."""
        if plain["version"] != VERSION:
            raise ValueError(f"it is of version {plain['version']}, not {VERSION}")
        return cls(
            scenario=plain["scenario"],
            runtime=plain["runtime"],
            events=tuple(Event(*each) for each in plain["events"]),
            seconds=tuple(_unpacked(plain["seconds"])),
        )

    def save(self, path: Path) -> None:
        """Write it whole or not at all, one event or second to a line."""
        plain = self.to_plain()
        rows = {key: plain.pop(key) for key in ("events", "seconds")}
        head = json.dumps(plain)[:-1]
        body = (f'"{key}": [\n{_lines(row)}\n]' for key, row in rows.items())
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        draft.write_text(", ".join((head, *body)) + "}\n")
        draft.replace(path)


def load(path: Path) -> Recording:
    """The recording in a file; UsageError when there is none in it."""
    try:
        return Recording.from_plain(json.loads(path.read_text()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is no recording: {error}", hint="labctl record --out FILE makes one"
        ) from error


def record(lab: Lab) -> Recording:
    """The newest drill of a lab, as far as it has gone; UsageError when there was none.

    Without seconds where the load was restarted since: another's are of other users under the same numbers.
    """
    events = lab.journal.read()
    begun = [number for number, event in enumerate(events) if event.kind == BEGUN]
    if not begun:
        raise UsageError("no drill has begun in this lab", hint="labctl list, then labctl drill CODE")
    ours = tuple(events[begun[-1] :])
    payload = ours[0].payload
    sli = lab.load.poll(after=payload["second"])
    seconds = tuple(sli.seconds) if sli.run == payload["run"] else ()
    return Recording(payload["scenario"], lab.kind, ours, seconds)


def _lines(rows: Sequence[object]) -> str:
    return ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)


def _packed(seconds: Sequence[Second]) -> Iterator[list[Any]]:
    """Number, moment, lateness, tallies as lists; what was expected only where it changed."""
    before: Mapping[str, float] = {}
    for each in seconds:
        tallies = {name: list(astuple(tally)) for name, tally in each.journeys.items()}
        row: list[Any] = [each.number, round(each.wall_s, 3), round(each.late_p99_ms, 1), tallies]
        yield row if each.expected == before else [*row, dict(each.expected)]
        before = each.expected


def _unpacked(rows: Sequence[Sequence[Any]]) -> Iterator[Second]:
    expected: Mapping[str, float] = {}
    for number, wall_s, late_p99_ms, tallies, *changed in rows:
        expected = changed[0] if changed else expected
        journeys = {name: Tally(*counts) for name, counts in tallies.items()}
        yield Second(number, wall_s, journeys, expected, late_p99_ms)
