"""Results: measured cells of matrices in a file, which is whole after each of them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labctl.clock import Clock
from labctl.errors import UsageError
from labctl.lab.journal import Event
from labctl.proof import Check, Grade, Proof
from labctl.proving.crossing import VERDICT, Met
from labctl.proving.matrix import Cell, Matrix, Measured, inputs
from labctl.proving.plan import Part, Task
from labctl.proving.run import Listener

VERSION = 1


class Results:
    """What is in the file, and what comes to it; safe for threads."""

    def __init__(self, path: Path, measured: Mapping[Cell, Measured]) -> None:
        self._path, self._measured = path, dict(measured)
        self._turn = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> Results:
        """None of a file that is not there yet; UsageError for one that holds something else."""
        if not path.exists():
            return cls(path, {})
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            measured = [_measured(each) for each in plain["cells"]] if plain["version"] == VERSION else None
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} holds no results of labctl matrix: {error}", hint=_HINT) from error
        if measured is None:
            raise UsageError(f"{path} is of version {plain['version']}, not {VERSION}", hint=_HINT)
        return cls(path, {each.cell: each for each in measured})

    def __iter__(self) -> Iterator[Measured]:
        with self._turn:
            return iter(sorted(self._measured.values(), key=lambda each: each.cell))

    def put(self, measured: Measured) -> None:
        """Keep one more, at once."""
        with self._turn:
            self._measured[measured.cell] = measured
            self._write()

    def forget(self, matrix: Matrix) -> None:
        """Drop what was measured of a family on files that are no more as they were."""
        with self._turn:
            dead = [
                cell for cell in self._measured if cell.family == matrix.family and cell not in matrix.known
            ]
            for cell in dead:
                del self._measured[cell]
            if dead:
                self._write()

    def _write(self) -> None:
        cells = [_plain(each) for each in sorted(self._measured.values(), key=lambda each: each.cell)]
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.draft")
        text = json.dumps({"version": VERSION, "cells": cells}, indent=1, ensure_ascii=False)
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(self._path)


_HINT = "give --out another file, or remove this one to measure anew"


def _plain(measured: Measured) -> dict[str, Any]:
    plain = asdict(measured)
    return {**plain.pop("cell"), **plain}


def _measured(plain: dict[str, Any]) -> Measured:
    cell = Cell(*(plain[key] for key in ("family", "broken", "of", "fix")))
    rest = (plain[key] for key in ("said", "inputs", "runtime", "made"))
    return Measured(cell, Met(plain["met"]), *rest)


class Notes:
    """Listens to a run of crossings, and notes each that comes to an end; passes everything on."""

    def __init__(
        self, results: Results, wanted: list[Matrix], *, runtime: str, clock: Clock, then: Listener
    ) -> None:
        self._results, self._runtime, self._clock, self._then = results, runtime, clock, then
        self._inputs = {pair: told for each in wanted for pair, told in inputs(each.members).items()}
        self._checks: dict[int, Check] = {}

    def begins(self, part: Part, lab: str) -> None:
        self._then.begins(part, lab)

    def checked(self, part: Part, check: Check) -> None:
        if check.phase == VERDICT or check.outcome is not Grade.PASSED:
            self._checks[id(part)] = check
        self._then.checked(part, check)

    def happened(self, part: Part, event: Event) -> None:
        self._then.happened(part, event)

    def ended(self, part: Part) -> None:
        """An incident that did not come about, or a lab that failed, leaves nothing to judge."""
        check = self._checks.pop(id(part))
        met = Met(check.name) if check.phase == VERDICT else Met.COULD_NOT_JUDGE
        made = datetime.fromtimestamp(self._clock.wall(), UTC).date().isoformat()
        cell = Cell.asked_by(part)
        told = self._inputs[cell.broken, cell.of]
        self._results.put(Measured(cell, met, check.said, told, self._runtime, made))
        self._then.ended(part)

    def concluded(self, task: Task, proof: Proof) -> None:
        self._then.concluded(task, proof)
