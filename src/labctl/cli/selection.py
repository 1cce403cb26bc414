"""Which scenarios a run proves: named ones, all, what a change touches; a share, or what lacks proofs."""

from pathlib import Path
from typing import TYPE_CHECKING

from labctl.cli.terminal import say
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.proving.record import Record
    from labctl.proving.sources import Source


def chosen(names: list[str], *, every: bool, changed: str | None) -> "list[Source]":
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


def share(sources: "list[Source]", shard: str | None, *, thorough: bool) -> "list[Source]":
    from labctl.proving.shard import Shard

    if shard is None:
        return sources
    mine = Shard.parse(shard).of([each.scenario for each in sources], thorough=thorough)
    ids = {scenario.id for scenario in mine}
    say(f"shard {shard}: {', '.join(sorted(ids)) or 'nothing'}")
    return [each for each in sources if each.scenario.id in ids]


def lacking(sources: "list[Source]", record: "Record", runtime: str, times: int) -> dict[str, int]:
    """How often each scenario is still to be proven; those that were proven often enough are left out."""
    missing = record.missing(sources, runtime, times)
    counts = ", ".join(f"{scenario} {count}" for scenario, count in missing.items())
    of = f"{len(missing)} of {len(sources)} scenarios lack proofs on {runtime}"
    say(f"{of}: {counts}" if missing else f"nothing lacks a proof on {runtime}")
    return missing
