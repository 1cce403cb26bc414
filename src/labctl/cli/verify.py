"""`labctl verify`: prove scenarios on real stacks, and report what was measured."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, RuntimeKind
from labctl.cli.choice import chosen as lab_named
from labctl.cli.fleet import AUTO, fleet, wanted_jobs
from labctl.cli.selection import chosen, lacking, share
from labctl.cli.terminal import document, out, paint, say
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.proof import Proof
    from labctl.proving.certificate import Provenance
    from labctl.proving.flakes import Flake
    from labctl.proving.plan import Task
    from labctl.proving.record import Record
    from labctl.proving.run import Run
    from labctl.proving.sources import Source

TEXT, JSON, JUNIT, GITHUB = FORMATS = ("text", "json", "junit", "github")


def verify(
    scenarios: Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help="Ids or codes.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every scenario there is.")] = False,
    changed: Annotated[
        str | None,
        typer.Option(
            "--changed", metavar="BASE", help="Those that the change since a commit or branch touches."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="PART", help="One part: fix:NAME or decoy:NAME.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab as the last attempt left it.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Universal decoys with every scenario, not once per family.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Evidence and one fix: is it still there, can it still be fixed?")
    ] = False,
    jobs: Annotated[
        str, typer.Option("--jobs", metavar="N", help="Labs at once; auto: as many as measurements bear.")
    ] = AUTO,
    repeat: Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="So many times each.")] = 1,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="This machine's share of N, such as 2/5.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, junit or github.")
    ] = TEXT,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write a certificate per scenario there.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Keep there how each whole proof comes out."),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option("--until", metavar="N", min=1, help="Only what the record lacks of N proofs in a row."),
    ] = None,
    allow_cannot_run: Annotated[
        bool, typer.Option("--allow-cannot-run", help="Do not fail for what this machine lacks.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell each event as it happens.")] = False,
    runtime: RuntimeKind = "auto",
    lab: LabName = None,
) -> None:
    from labctl import verify as proving
    from labctl.cli.board import Board
    from labctl.cli.proofs import exit_code_of
    from labctl.proving.certificate import Provenance
    from labctl.proving.flakes import flakes
    from labctl.proving.plan import plan
    from labctl.proving.record import Recording
    from labctl.proving.versions import versions
    from labctl.scenario import catalog

    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; there are {', '.join(FORMATS)}")
    if quick and (thorough or only):
        raise UsageError("--quick is one fix of each, so that neither --thorough nor --only goes with it")
    kept = _record(record, until, parts=bool(quick or only), repeat=repeat)
    count = wanted_jobs(jobs, alone=keep or lab is not None)
    sources = chosen(scenarios or [], every=every, changed=changed)
    sources = share(sources, shard, thorough=thorough)
    times = dict.fromkeys((each.scenario.id for each in sources), repeat)
    if kept is not None and until is not None:
        times = lacking(sources, kept, lab_named(lab).kind if lab else runtime, until)
    sources = [each for each in sources if each.scenario.id in times]
    tasks = plan(
        [each.scenario for each in sources],
        only=only,
        repeat=times,
        thorough=thorough,
        quick=quick,
        library={each.id: each.family for each in catalog.entries()},
    )
    if not tasks:
        _report(form, [], {}, [], 0)
        raise typer.Exit(0)
    parts = sum(len(task.parts) for task in tasks)
    board = Board(list(tasks), write=out if form == TEXT else say, verbose=verbose)
    with fleet(count, parts=parts, lab=lab, runtime=runtime, keep=keep) as labs, board:
        provenance = Provenance.here(labs[0].clock.wall(), versions(labs[0]) if to else {})
        recording = Recording(kept, sources, provenance, then=board) if kept else None
        run = proving.prove(tasks, labs, listener=recording or board, keep=keep, recordings=to is not None)
    proofs = run.proofs()
    if recording:
        recording.settle(tasks, proofs)
    differing = flakes(proofs)
    code = exit_code_of(proofs, allow_cannot_run=allow_cannot_run)
    if to is not None:
        _certify(to, tasks, run, proofs, differing, provenance)
    _report(form, proofs, {each.scenario.id: each for each in sources}, differing, code)
    raise typer.Exit(code)


def _record(path: Path | None, until: int | None, *, parts: bool, repeat: int) -> "Record | None":
    from labctl.proving.record import Record

    if until is not None and (path is None or repeat > 1):
        raise UsageError("--until says what a record lacks: give --record with it, and no --repeat")
    if path is None:
        return None
    if parts:
        raise UsageError("--record keeps whole proofs: neither --quick nor --only goes with it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}")
    return Record(path)


def _certify(
    to: Path,
    tasks: "tuple[Task, ...]",
    run: "Run",
    proofs: "list[Proof]",
    differing: "list[Flake]",
    provenance: "Provenance",
) -> None:
    from labctl.proving.certificate import Certificate, index

    certificates = [
        Certificate(
            task.scenario,
            proof,
            run.attempted(task),
            provenance,
            [flake for flake in differing if flake.scenario == proof.scenario],
        )
        for task, proof in zip(tasks, proofs, strict=True)
    ]
    for certificate in certificates:
        say(f"certificate: {certificate.write(to)}")
    (to / "index.html").write_text(index(certificates), encoding="utf-8")


def _report(
    form: str, proofs: "list[Proof]", sources: "dict[str, Source]", differing: "list[Flake]", code: int
) -> None:
    from labctl.cli.proofs import concluding, document_of, print_check, print_proof
    from labctl.proving import github

    if form == JSON:
        document(document_of(proofs, differing, code))
    elif form == JUNIT:
        from labctl.proving.junit import junit

        out(junit(proofs, differing))
    elif form == GITHUB:
        for line in github.annotated(proofs, sources, differing):
            out(line)
        if where := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(where).open("a", encoding="utf-8") as file:
                file.write(github.summary(proofs, differing))
    write = out if form == TEXT else say
    for proof in proofs:
        for check in concluding(proof):
            print_check(check, write)
        print_proof(proof, write)
    for flake in differing:
        write(f"{paint('flake', 'yellow')}  {flake}")
    if len(proofs) > 1:
        part = "" if all(proof.whole for proof in proofs) else " in part"
        write(f"{sum(proof.exit_code == 0 for proof in proofs)} of {len(proofs)} proven{part}")
