"""`labctl verify`: prove scenarios on real stacks, and report what was measured."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, RuntimeKind
from labctl.cli.fleet import AUTO, fleet, wanted_jobs
from labctl.cli.terminal import document, out, paint, say
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.proof import Proof
    from labctl.proving.flakes import Flake
    from labctl.proving.plan import Task
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
    from labctl.proving.flakes import flakes
    from labctl.proving.plan import plan
    from labctl.proving.versions import versions

    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; there are {', '.join(FORMATS)}")
    if quick and (thorough or only):
        raise UsageError("--quick is one fix of each, so that neither --thorough nor --only goes with it")
    count = wanted_jobs(jobs, alone=keep or lab is not None)
    sources = _chosen(scenarios or [], every=every, changed=changed)
    sources = _share(sources, shard, thorough=thorough)
    tasks = plan(
        [each.scenario for each in sources], only=only, repeat=repeat, thorough=thorough, quick=quick
    )
    if not tasks:
        _report(form, [], {}, [], 0)
        raise typer.Exit(0)
    parts = sum(len(task.parts) for task in tasks)
    board = Board(list(tasks), write=out if form == TEXT else say, verbose=verbose)
    with fleet(count, parts=parts, lab=lab, runtime=runtime, keep=keep) as labs, board:
        ran_on = versions(labs[0]) if to is not None else {}
        run = proving.prove(tasks, labs, listener=board, keep=keep, recordings=to is not None)
    proofs = run.proofs()
    differing = flakes(proofs)
    code = exit_code_of(proofs, allow_cannot_run=allow_cannot_run)
    if to is not None:
        _certify(to, tasks, run, proofs, differing, ran_on)
    _report(form, proofs, {each.scenario.id: each for each in sources}, differing, code)
    raise typer.Exit(code)


def _chosen(names: list[str], *, every: bool, changed: str | None) -> "list[Source]":
    from labctl.proving import sources

    if [bool(names), every, changed is not None].count(True) != 1:
        raise UsageError("say which scenarios, or --all, or --changed BASE", hint="labctl list --spoilers")
    if changed is None:
        return sources.every() if every else sources.named(names)
    return _touched(changed, sources.every())


def _touched(base: str, sources: "list[Source]") -> "list[Source]":
    from labctl.proving import changed

    why = changed.touched_since(base, [(each.path, each.scenario) for each in sources], Path.cwd())
    for scenario, reason in why.items():
        say(f"{scenario}: touched since {base}, by {reason}")
    if not why:
        say(f"nothing that a proof looks at has changed since {base}")
    return [each for each in sources if each.scenario.id in why]


def _share(sources: "list[Source]", shard: str | None, *, thorough: bool) -> "list[Source]":
    from labctl.proving.shard import Shard

    if shard is None:
        return sources
    mine = Shard.parse(shard).of([each.scenario for each in sources], thorough=thorough)
    ids = {scenario.id for scenario in mine}
    say(f"shard {shard}: {', '.join(sorted(ids)) or 'nothing'}")
    return [each for each in sources if each.scenario.id in ids]


def _certify(
    to: Path,
    tasks: "tuple[Task, ...]",
    run: "Run",
    proofs: "list[Proof]",
    differing: "list[Flake]",
    ran_on: dict[str, str],
) -> None:
    from labctl.clock import SystemClock
    from labctl.proving.certificate import Certificate, Provenance, index

    provenance = Provenance.here(SystemClock().wall(), ran_on)
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
