"""`labctl matrix`: try each fix in the siblings of its incident, and keep the verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import RuntimeKind
from labctl.cli.fleet import AUTO, fleet, wanted_jobs
from labctl.cli.terminal import out, paint, say, table
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.proving.matrix import Matrix
    from labctl.proving.results import Results

_WORDS = {0: ("each refuses a sibling's fix", "green"), 3: ("could not judge all", "yellow")}


def matrix(
    to: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Keep verdicts there; those in it are not measured.")
    ],
    families: Annotated[
        list[str] | None, typer.Argument(metavar="FAMILY", help="Which families; all when none is named.")
    ] = None,
    jobs: Annotated[
        str, typer.Option("--jobs", metavar="N", help="Labs at once; auto: as many as measurements bear.")
    ] = AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell each event as it happens.")] = False,
    runtime: RuntimeKind = "auto",
) -> None:
    from labctl.cli.proofs import exit_code
    from labctl.proving import sources
    from labctl.proving.matrix import matrices
    from labctl.proving.results import Results

    count = wanted_jobs(jobs, alone=False)
    if not to.parent.is_dir():
        raise UsageError(f"there is no folder {to.parent}", hint=f"mkdir -p {to.parent}")
    every, results = sources.every(), Results.read(to)
    wanted = _chosen(families or [], matrices(every, results))
    for each in wanted:
        results.forget(each)
    _measure(wanted, results, jobs=count, runtime=runtime, verbose=verbose)
    names = {each.family for each in wanted}
    measured = [each for each in matrices(every, results) if each.family in names]
    for each in measured:
        _report(each)
    raise typer.Exit(exit_code([each.exit_code for each in measured]))


def _chosen(names: list[str], every: "list[Matrix]") -> "list[Matrix]":
    from labctl.stack.strict_yaml import did_you_mean

    known = [each.family for each in every]
    for name in names:
        if name not in known:
            near = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise UsageError(f"there is no family {name!r}; {near}")
    return [each for each in every if not names or each.family in names]


def _measure(
    wanted: "list[Matrix]", results: "Results", *, jobs: int | None, runtime: str, verbose: bool
) -> None:
    """Every cell that is missing, each kept when it is over: an interruption costs those under way."""
    from labctl import verify as proving
    from labctl.cli.board import Board
    from labctl.proving.matrix import plan
    from labctl.proving.results import Notes

    tasks = plan(wanted)
    parts = sum(len(task.parts) for task in tasks)
    missing, cells = sum(len(each.missing) for each in wanted), sum(len(each.cells) for each in wanted)
    say(f"{missing} of {cells} cells are to be measured, in {parts} attempts")
    if not tasks:
        return
    board = Board(list(tasks), write=say, verbose=verbose)
    with fleet(jobs, parts=parts, lab=None, runtime=runtime, keep=False) as labs, board:
        notes = Notes(results, wanted, runtime=labs[0].kind, clock=labs[0].clock, then=board)
        proving.prove(tasks, labs, listener=notes)


def _report(matrix: "Matrix") -> None:
    """The family's verdicts, a line per fix and sibling, and what they come to."""
    if not matrix.cells:
        alone = ", ".join(each.scenario.id for each in matrix.members) or "nothing that is broken"
        out(f"{matrix.family}: no matrix, there is {alone} and no sibling to try a fix in")
        return
    rows = [(cell.broken, matrix.met(cell), f"{cell.of}: {cell.fix}") for cell in matrix.cells]
    out(table(("BROKEN", "VERDICT", "FIX OF A SIBLING"), rows))
    said, style = _WORDS.get(matrix.exit_code, ("", "red"))
    if matrix.yielding:
        said = f"every fix of a sibling mends {', '.join(matrix.yielding)}: who guesses is right"
    left = f" ({len(matrix.missing)} of {len(matrix.cells)} cells left)" if matrix.missing else ""
    out(f"{matrix.family}: {paint(said, style)}{left}")
