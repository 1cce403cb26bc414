"""The matrices as a page: `python -m labctl.proving.fixes` writes `docs/fixes.md` from `docs/fixes.json`.

Nothing stands there that was not measured on the scenarios as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labctl import assets
from labctl.proving.matrix import Cell, Matrix, matrices
from labctl.proving.results import Results
from labctl.proving.sources import Source
from labctl.scenario import library

FILE, RESULTS = ("docs", "fixes.md"), ("docs", "fixes.json")
_HEAD = """\
# Which fix mends which sibling

Siblings open alike, and a drill is a question only while the same action is right in one and useless in
another. So each fix is tried in every sibling of its incident: that one is broken, the fix's steps are taken,
and the judge says what became of its users, every challenge of the broken incident included. Each member has
to refuse one fix at least: anything but *mitigated*, and judged.

| verdict | |
|---|---|
| mitigated | it mends this one too |
| masked | users had it back, and it came back |
| not restored | users stay hurt, or the data is wrong |
| refused | the action changes nothing here, or may not be done |
| could not judge | the measurement failed, or users were neither hurt nor well: it is made again |

`make matrix` measures what is missing, cell by cell, into `docs/fixes.json`, and writes this page from it. A
cell counts while what is played for it is as it was: what breaks and judges the one incident, the other's
steps, and the code that is deployed. Scenarios of judgement have none: nothing is broken.
"""


def text(measured: Iterable[Matrix]) -> str:
    """The page of these matrices."""
    return "\n".join([_HEAD, *(part for each in measured for part in _section(each))])


def current() -> list[Matrix]:
    """The matrices of the shipped scenarios, as far as the repository's results know them."""
    scenarios = library.shipped().items()
    sources = [Source(assets.path(*file.split("/")), scenario) for file, scenario in scenarios]
    return matrices(sources, Results.read(assets.root().joinpath(*RESULTS)))


def _section(matrix: Matrix) -> Iterator[str]:
    yield f"## {matrix.family}\n"
    codes = ", ".join(each.scenario.code for each in matrix.members)
    if not matrix.cells:
        yield f"{codes or 'Nothing is broken here'}: there is no sibling to try a fix in.\n"
        return
    if not matrix.known:
        yield f"Not measured yet: {len(matrix.cells)} cells of {codes}.\n"
        return
    yield f"{_summary(matrix)}\n"
    yield "<details>\n<summary>Spoilers</summary>\n"
    yield from _table(matrix)
    yield "\n</details>\n"


def _summary(matrix: Matrix) -> str:
    """How much is known, since when, on what, and whether it is as it has to be."""
    days = sorted({each.made for each in matrix.known.values()})
    runtimes = ", ".join(sorted({each.runtime for each in matrix.known.values()}))
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    judged = len(matrix.cells) - len(matrix.missing)
    codes = {each.scenario.id: each.scenario.code for each in matrix.members}
    ruling = "Each member refuses a sibling's fix."
    if matrix.yielding:
        ruling = (
            f"Every fix mends {', '.join(codes[each] for each in matrix.yielding)}: who guesses is right."
        )
    elif matrix.missing:
        ruling = "Nothing is said of the others yet."
    return f"{judged} of {len(matrix.cells)} cells, measured {when} on {runtimes}. {ruling}"


def _table(matrix: Matrix) -> Iterator[str]:
    """A row for each fix, a column for each incident that is broken."""
    ids = [each.scenario.id for each in matrix.members]
    yield f"| fix | {' | '.join(ids)} |\n|---|{'---|' * len(ids)}"
    for of in matrix.members:
        for fix in of.scenario.fixes:
            cells = [_met(matrix, Cell(matrix.family, broken, of.scenario.id, fix.name)) for broken in ids]
            yield f"| {of.scenario.id}: {fix.name} | {' | '.join(cells)} |"


def _met(matrix: Matrix, cell: Cell) -> str:
    if cell.broken == cell.of:
        return "its own"
    return str(matrix.met(cell) or "not measured")


if __name__ == "__main__":
    assets.root().joinpath(*FILE).write_text(text(current()), encoding="utf-8")
