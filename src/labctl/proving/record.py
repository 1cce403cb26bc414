"""The record of proofs: how each scenario came out, time after time, on whatever machine and runtime.

A long run may be cut short and go on another day: what is in the record need not be proven again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labctl.proof import Grade, Proof
from labctl.proving.certificate import Provenance
from labctl.proving.listener import Listener, PassingOn
from labctl.proving.plan import Task
from labctl.proving.played import proved
from labctl.proving.sources import Source
from labctl.proving.store import Store

VERSION = 1
PROVEN, NOT_PROVEN = "proven", "not proven"
_AGAINST = (Grade.FAILED, Grade.UNJUDGED)


@dataclass(frozen=True)
class Entry:
    """One whole proof. `inputs` tells what was played from anything else that has the same name."""

    scenario: str
    runtime: str
    inputs: str
    outcome: str  # proven, not proven, could not judge
    thin: tuple[str, ...]  # the phases of checks that passed with a thin margin
    failed: tuple[str, ...]  # the checks that did not pass, by phase and name
    busy: float  # of all cores, 0..1, at the busiest baseline
    took_s: float
    made: str  # ISO 8601, UTC
    commit: str  # "" outside a repository; ends with + where files differed from it


class Record:
    """What is in the file, and what comes to it, in the order in which it was made; safe for threads."""

    def __init__(self, path: Path) -> None:
        """UsageError for a file that holds something else; one that is not there yet has no entries."""
        self._store = Store(path, "proofs", VERSION, "labctl verify --record")
        self._entries = self._store.read(_entry)
        self._turn = threading.Lock()

    def __iter__(self) -> Iterator[Entry]:
        with self._turn:
            return iter(tuple(self._entries))

    def put(self, entry: Entry, *, instead: Entry | None = None) -> None:
        """Keep one more at once, or the same proof as it came out in the end."""
        with self._turn:
            if instead is None:
                self._entries.append(entry)
            else:
                self._entries = [entry if each is instead else each for each in self._entries]
            self._store.write(asdict(each) for each in self._entries)

    def in_a_row(self, source: Source, runtime: str) -> list[Entry]:
        """The proofs of a scenario as it is, since one failed last; what nobody could judge is none."""
        told, row = proved(source), list[Entry]()
        for entry in self:
            if (entry.scenario, entry.runtime, entry.inputs) != (source.scenario.id, runtime, told):
                continue
            if entry.outcome == PROVEN:
                row.append(entry)
            elif entry.outcome == NOT_PROVEN:
                row.clear()
        return row

    def missing(self, sources: Iterable[Source], runtime: str, times: int) -> dict[str, int]:
        """How many proofs each scenario lacks of so many in a row; those that lack none are left out."""
        lacking = {each.scenario.id: times - len(self.in_a_row(each, runtime)) for each in sources}
        return {scenario: count for scenario, count in lacking.items() if count > 0}


class Recording(PassingOn):
    """Listens to a run and records each proof when its last attempt is over."""

    def __init__(
        self, record: Record, sources: Sequence[Source], provenance: Provenance, *, then: Listener
    ) -> None:
        super().__init__(then)
        self._record, self._provenance = record, provenance
        self._inputs = {each.scenario.id: proved(each) for each in sources}
        self._kept: dict[int, Entry] = {}

    def concluded(self, task: Task, proof: Proof) -> None:
        self._keep(task, proof)
        super().concluded(task, proof)

    def settle(self, tasks: Sequence[Task], proofs: Sequence[Proof]) -> None:
        """The run is over, and its siblings have been asked: a proof may have come out otherwise."""
        for task, proof in zip(tasks, proofs, strict=True):
            if id(task) in self._kept:
                self._keep(task, proof)

    def _keep(self, task: Task, proof: Proof) -> None:
        if proof.whole and not proof.cannot_run:
            entry = self._entry(proof)
            self._record.put(entry, instead=self._kept.get(id(task)))
            self._kept[id(task)] = entry

    def _entry(self, proof: Proof) -> Entry:
        made = self._provenance
        return Entry(
            scenario=proof.scenario,
            runtime=proof.runtime,
            inputs=self._inputs[proof.scenario],
            outcome=proof.word,
            thin=tuple(check.phase for check in proof.checks if check.thin),
            failed=tuple(
                f"{check.phase} {check.name}" for check in proof.checks if check.outcome in _AGAINST
            ),
            busy=round(max((each.cpu_share for each in proof.conditions), default=0.0), 2),
            took_s=round(proof.took_s, 1),
            made=made.made,
            commit=made.commit[:12] + "+" * made.modified,
        )


def _entry(plain: dict[str, object]) -> Entry:
    listed = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
    return Entry(**listed)  # type: ignore[arg-type]
