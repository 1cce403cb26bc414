"""Results: measured cells of matrices in a file, which is whole after each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labctl.clock import Clock
from labctl.proof import Check, Grade
from labctl.proving.crossing import VERDICT, Met
from labctl.proving.listener import Listener, PassingOn
from labctl.proving.matrix import Cell, Matrix, Measured
from labctl.proving.plan import Part
from labctl.proving.store import Store

VERSION = 1


class Results:
    """What is in the file, and what comes to it; safe for threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._measured = {each.cell: each for each in store.read(_measured)}
        self._turn = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> Results:
        """None of a file that is not there yet; UsageError for one that holds something else."""
        return cls(Store(path, "cells", VERSION, "labctl matrix"))

    def __iter__(self) -> Iterator[Measured]:
        with self._turn:
            return iter(sorted(self._measured.values(), key=lambda each: each.cell))

    def put(self, measured: Measured) -> None:
        """Keep one more, at once."""
        with self._turn:
            self._measured[measured.cell] = measured
            self._write()

    def forget(self, matrix: Matrix) -> None:
        """Drop what was measured of a family and is played no more."""
        played = set(matrix.inputs.values())
        with self._turn:
            mine = [each for each in self._measured.values() if each.cell.family == matrix.family]
            dead = [each.cell for each in mine if each.inputs not in played]
            for cell in dead:
                del self._measured[cell]
            if dead:
                self._write()

    def _write(self) -> None:
        self._store.write(
            _plain(each) for each in sorted(self._measured.values(), key=lambda each: each.cell)
        )


def _plain(measured: Measured) -> dict[str, Any]:
    plain = asdict(measured)
    return {**plain.pop("cell"), **plain}


def _measured(plain: dict[str, Any]) -> Measured:
    cell = Cell(*(plain[key] for key in ("family", "broken", "of", "fix")))
    rest = (plain[key] for key in ("said", "inputs", "runtime", "made"))
    return Measured(cell, Met(plain["met"]), *rest)


class Notes(PassingOn):
    """Listens to a run of crossings, and notes each that comes to an end."""

    def __init__(
        self, results: Results, wanted: list[Matrix], *, runtime: str, clock: Clock, then: Listener
    ) -> None:
        super().__init__(then)
        self._results, self._runtime, self._clock = results, runtime, clock
        self._inputs = {cell: played for each in wanted for cell, played in each.inputs.items()}
        self._checks: dict[int, Check] = {}

    def checked(self, part: Part, check: Check) -> None:
        if check.phase == VERDICT or check.outcome is not Grade.PASSED:
            self._checks[id(part)] = check
        super().checked(part, check)

    def ended(self, part: Part) -> None:
        """An incident that did not come about, or a lab that failed, leaves nothing to judge."""
        check = self._checks.pop(id(part))
        met = Met(check.name) if check.phase == VERDICT else Met.COULD_NOT_JUDGE
        made = datetime.fromtimestamp(self._clock.wall(), UTC).date().isoformat()
        cell = Cell.asked_by(part)
        self._results.put(Measured(cell, met, check.said, self._inputs[cell], self._runtime, made))
        super().ended(part)
