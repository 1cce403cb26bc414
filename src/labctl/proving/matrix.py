"""The matrix of a family: each fix of each sibling in each incident, and the verdict that it met with.

A fix that mends every sibling teaches nobody to look. So each member must refuse one of them at least:
under it users stay hurt, are hurt again, or the action is refused. Pure; `labctl.proving.results` keeps
what was measured, and a run (`labctl.proving.run`) measures it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from labctl.proving.crossing import Met
from labctl.proving.plan import Part, Task
from labctl.proving.played import crossed
from labctl.proving.sources import Source
from labctl.scenario.family import families
from labctl.scenario.model import Fix


@dataclass(frozen=True, order=True)
class Cell:
    """One question: what becomes of the scenario `broken` under the fix of that name of its sibling `of`?"""

    family: str
    broken: str
    of: str
    fix: str

    @classmethod
    def asked_by(cls, part: Part) -> Cell:
        """The cell that a part of a run measures."""
        name = part.fix.name if part.fix else ""
        return cls(part.scenario.family, part.scenario.id, part.of, name)


@dataclass(frozen=True)
class Measured:
    """One answer. `inputs` tells what was played; `made` is the day, `runtime` on what."""

    cell: Cell
    met: Met
    said: str
    inputs: str
    runtime: str
    made: str


@dataclass(frozen=True)
class Matrix:
    """A family's cells, what is played for each, and what is known of them.

    Cells for which the same is played share their answer: the same steps may be the fix of two siblings.
    """

    family: str
    members: tuple[Source, ...]  # without scenarios of judgement: nothing is broken in those
    inputs: Mapping[Cell, str]
    known: Mapping[Cell, Measured]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every fix of a member in each of its siblings; none in a family of one."""
        return tuple(self.inputs)

    def met(self, cell: Cell) -> Met | None:
        """The verdict; None where there is none yet."""
        return self.known[cell].met if cell in self.known else None

    @property
    def missing(self) -> tuple[Cell, ...]:
        """What is to be measured: cells without a verdict, those that could not be judged among them."""
        return tuple(cell for cell in self.cells if self.met(cell) in (None, Met.COULD_NOT_JUDGE))

    @property
    def to_measure(self) -> tuple[Cell, ...]:
        """Of the missing cells one for each thing that has to be played."""
        return tuple({self.inputs[cell]: cell for cell in self.missing}.values())

    @property
    def yielding(self) -> tuple[str, ...]:
        """Members that every fix of every sibling mends, as far as the whole row is known."""
        return tuple(
            member.scenario.id
            for member in self.members
            if (row := [cell for cell in self.cells if cell.broken == member.scenario.id])
            and all(self.met(cell) is Met.MITIGATED for cell in row)
        )

    @property
    def exit_code(self) -> int:
        """0 measured, and each member refuses a sibling's fix; 1 one refuses none; 3 cells are missing."""
        return 1 if self.yielding else 3 if self.missing else 0


def matrices(sources: Sequence[Source], measured: Iterable[Measured]) -> list[Matrix]:
    """One for each family, by name."""
    by_id = {source.scenario.id: source for source in sources}
    answers: dict[str, Measured] = {}
    for each in measured:
        if each.inputs not in answers or answers[each.inputs].met is Met.COULD_NOT_JUDGE:
            answers[each.inputs] = each
    found = []
    for name, siblings in families(by_id[each].scenario for each in by_id).items():
        members = tuple(by_id[each.id] for each in siblings if not each.judgement)
        inputs = dict(_crossings(name, members))
        known = {cell: answers[played] for cell, played in inputs.items() if played in answers}
        found.append(Matrix(name, members, inputs, known))
    return found


def _crossings(family: str, members: Sequence[Source]) -> Iterator[tuple[Cell, str]]:
    """Each cell of a family, with a digest of what is played for it."""
    for broken in members:
        under = crossed(broken)
        for of in members:
            if of.scenario.id != broken.scenario.id:
                for fix in of.scenario.fixes:
                    yield Cell(family, broken.scenario.id, of.scenario.id, fix.name), under(fix)


def plan(wanted: Iterable[Matrix]) -> tuple[Task, ...]:
    """What a run has to do: a task for each member with missing cells, a part for each of those."""
    return tuple(task for matrix in wanted for task in _tasks(matrix))


def _tasks(matrix: Matrix) -> Iterator[Task]:
    fixes = {(each.scenario.id, fix.name): fix for each in matrix.members for fix in each.scenario.fixes}
    for member in matrix.members:
        here = [cell for cell in matrix.to_measure if cell.broken == member.scenario.id]
        if here:
            parts = tuple(_part(member, cell, fixes[cell.of, cell.fix]) for cell in here)
            yield Task(member.scenario, 1, parts, whole=False)


def _part(broken: Source, cell: Cell, fix: Fix) -> Part:
    return Part(broken.scenario, 1, f"{cell.of}:{cell.fix}", fix=fix, of=cell.of)
