"""The record as a page: `python -m labctl.proving.proven` writes `docs/proven.md` from `docs/proven.json`.

Nothing stands there that was not measured on the scenarios as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from labctl import assets
from labctl.proving.record import Entry, Record
from labctl.proving.sources import Source
from labctl.scenario import library

FILE, RECORD = ("docs", "proven.md"), ("docs", "proven.json")
RUNTIMES = ("local", "docker")
_HEAD = """\
# How often each incident was proven

Whole proofs in a row, since the last that failed, of each incident as it is now: what is played of its file,
and the code that it deploys. Whoever corrects its prose loses nothing, whoever changes a number begins anew.
A proof that could not be judged counts neither way. *Thin* are checks that passed with less than 15 % of
their requirement left.

`make proof TIMES=3` proves what this page lacks of three proofs each, as far as it gets: each proof is in
`docs/proven.json` as soon as it is over, and the next run goes on from there.
"""


def text(sources: Sequence[Source], record: Record) -> str:
    """The page: a row for each scenario, a column for each runtime; codes alone, and no causes."""
    return "\n".join([_HEAD, *_table(sorted(sources, key=lambda each: each.scenario.code), record), ""])


def current() -> str:
    """The page of the shipped scenarios, as the repository's record knows them."""
    scenarios = library.shipped().items()
    sources = [Source(assets.path(*file.split("/")), scenario) for file, scenario in scenarios]
    return text(sources, Record(assets.root().joinpath(*RECORD)))


def _table(sources: Sequence[Source], record: Record) -> Iterator[str]:
    yield f"| incident | {' | '.join(RUNTIMES)} |\n|---|{'---|' * len(RUNTIMES)}"
    for source in sources:
        cells = [_said(record.in_a_row(source, kind)) for kind in RUNTIMES]
        yield f"| {source.scenario.code} | {' | '.join(cells)} |"


def _said(row: Sequence[Entry]) -> str:
    """`3 times, last on 2026-11-22, 40 % of the cores busy at most; thin: green 2`."""
    if not row:
        return "not yet"
    times = {1: "once", 2: "twice"}.get(len(row), f"{len(row)} times")
    busy = max(entry.busy for entry in row)
    said = f"{times}, last on {row[-1].made[:10]}, {busy:.0%} of the cores busy at most"
    thin = Counter(phase for entry in row for phase in entry.thin)
    counts = ", ".join(f"{phase} {count}" for phase, count in thin.items())
    return f"{said}; thin: {counts}" if thin else said


if __name__ == "__main__":
    assets.root().joinpath(*FILE).write_text(current(), encoding="utf-8")
