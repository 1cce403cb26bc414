"""The panes: a snapshot's rows as lines, each readable without colour. Pure, one function per pane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labctl.cli.history import what, when
from labctl.cli.screen.line import Line, Piece, line
from labctl.cli.screen.spark import sparkline
from labctl.cli.status import percent
from labctl.desk.snapshot import DrillNow, JourneyNow, Mark, PageNow, Snapshot, Stage

if TYPE_CHECKING:
    from labctl.desk.status import ComponentRow

_MARKS = {Mark.OK: "green", Mark.THIN: "yellow", Mark.NOBODY: "dim"}
_ROW = 50  # cells of a journey's row beside its sparkline
_PER_CELL_S = 2
_CELL = 19  # cells of a component that is well, at least
_BAR = 10
_WIDE = 110  # columns from which several pages are named


def clock(seconds: float) -> str:
    """Minutes and seconds, as on a stop watch: 02:14."""
    whole = max(0, int(seconds))
    return f"{whole // 60:02}:{whole % 60:02}"


def title(snapshot: Snapshot) -> tuple[Line, Line]:
    """Which lab and incident on the left, the clocks on the right."""
    drill = snapshot.drill
    name = line((f" Incident Lab  {snapshot.lab}", "bold"), f"  {drill.code}" if drill.code else "")
    since = ""
    if drill.stage is not Stage.OVER and drill.paged_wall_s is not None:
        since = f"since the page {clock(snapshot.wall_s - drill.paged_wall_s)}   "
    elif drill.stage in (Stage.WAITING, Stage.QUIET) and drill.begun_wall_s is not None:
        since = f"on call {clock(snapshot.wall_s - drill.begun_wall_s)}   "
    return name, line((since, "bold"), f"{when(snapshot.wall_s)} ")


def users(snapshot: Snapshot, width: int) -> list[Line]:
    """A row per journey: what they feel, measured against what they were promised."""
    cells = max(6, min(60, width - _ROW))
    span = f"last {cells * _PER_CELL_S} s"
    head = f" {'USERS, last 10 s':<20}{'GOOD':>7} {'SLO':>6} {span:<{cells}} {'BURN':>6} {'BUDGET':>6}"
    rows = [_journey(each, cells) for each in snapshot.journeys]
    if not rows:
        rows = [line((" waiting for the first seconds of users …", "dim"))]
    return [line((head, "dim")), *rows]


def _journey(row: JourneyNow, cells: int) -> Line:
    style = _MARKS.get(row.mark, "bold red")
    good = "–" if row.good_share is None else percent(row.good_share)
    burn = "–" if row.burn is None else f"{row.burn:.1f}×"
    left = "–" if row.budget_left is None else f"{math.floor(row.budget_left * 100)} %"
    return line(
        f" {row.journey:<15} ",
        (f"{row.mark:<4}", style),
        (f"{good:>7}", style),
        f" {f'{row.target * 100:g} %':>6} ",
        *sparkline(row.trend, row.target, cells, _PER_CELL_S),
        f" {burn:>6} {left:>6}",
    )


def standing(snapshot: Snapshot, width: int) -> list[Line]:
    """What pages, where the drill stands, and what somebody wants to know."""
    open_now = () if snapshot.drill.stage is Stage.OVER else snapshot.drill.asked[-2:]
    asked = [line(" ", ("asked  ", "dim"), (each, "bold")) for each in open_now]
    return [
        line(" ", ("page   ", "dim"), *_page(snapshot, 1 if width < _WIDE else 3)),
        line(" ", ("drill  ", "dim"), *_drill(snapshot.drill)),
        *asked,
    ]


def _page(snapshot: Snapshot, named: int) -> list[Piece]:
    drill, pages = snapshot.drill, snapshot.pages or ()
    parts: list[list[Piece]] = [_firing(row, snapshot.wall_s) for row in pages[:named]]
    if len(pages) > named:
        parts.append([(f"{len(pages) - named} more", "")])
    if not pages:
        parts.append([_silence(snapshot)])
    if drill.paged_wall_s is not None and drill.stage not in (Stage.NONE, Stage.OVER):
        acked = None if drill.acked_wall_s is None else clock(drill.acked_wall_s - drill.paged_wall_s)
        parts.append(
            [("not acked: press a", "bold yellow") if acked is None else (f"acked after {acked}", "green")]
        )
    return [piece for number, part in enumerate(parts) for piece in ([(", ", "")] if number else []) + part]


def _acked(paged_wall_s: float, acked_wall_s: float | None) -> Piece:
    if acked_wall_s is None:
        return "not acked: press a", "bold yellow"
    return f"acked after {clock(acked_wall_s - paged_wall_s)}", "green"


def _firing(row: PageNow, wall_s: float) -> list[Piece]:
    style = "bold red" if row.state == "firing" else "yellow"
    return [(row.name, style), (f" {row.state} for {clock(wall_s - row.since_wall_s)}", "")]


def _silence(snapshot: Snapshot) -> Piece:
    if "alertmanager" in snapshot.problems:
        return "unknown: alertmanager does not answer", "yellow"
    return ("none firing", "") if snapshot.pages is not None else ("…", "dim")


_STANDING = {
    Stage.UNKNOWN: "…",
    Stage.NONE: "none under way: labctl drill CODE begins one",
    Stage.WAITING: "every journey must be green before it begins",
    Stage.QUIET: "you are on call; nobody has called you",
    Stage.TRIED: "the hold is complete; the mitigation is being tried",
}

_CLAIMED = "claimed; the verdict comes"


def _drill(drill: DrillNow) -> list[Piece]:
    if drill.stage in _STANDING:
        return [(_STANDING[drill.stage], "")]
    if drill.stage is Stage.OVER:
        return [
            ("over: ", ""),
            (drill.outcome or "given up", "green" if drill.outcome == "mitigated" else ""),
        ]
    required = math.ceil(drill.required_s)
    held: Piece = (f"held {drill.held_s} of {required} s", "bold")
    before: list[Piece] = [(f"{drill.outcome} before; ", "yellow")] if drill.outcome else []
    if not drill.held_s:
        why = [_CLAIMED] if drill.claimed else drill.missing
        return [*before, held, *((f"; {each}", "") for each in why)]
    full = round(_BAR * min(1.0, drill.held_s / max(1, required)))
    bar = [held, (" ", ""), ("█" * full, "green"), ("░" * (_BAR - full), "dim")]
    if drill.claimed:
        return [*before, *bar, (f"  {_CLAIMED}", "")]
    return [*before, *bar, ("  r claims it is over", "") if drill.held_s >= required else ("", "")]


def stack(snapshot: Snapshot, width: int) -> list[Line]:
    """A line for each component that is worth one, then those that are simply well, in columns."""
    notable = [row for row in snapshot.components if not plain(row)]
    others = sorted((row for row in snapshot.components if plain(row)), key=_last)
    columns = max(1, (width - 1) // _CELL)
    cell = (width - 1) // columns
    lines = [_component(row) for row in sorted(notable, key=well)]
    for start in range(0, len(others), columns):
        cells = [_well(row, cell) for row in others[start : start + columns]]
        lines.append(line(" ", *(piece for pieces in cells for piece in pieces)))
    return lines or [line((" waiting for the stack …", "dim"))]


def well(row: ComponentRow) -> bool:
    """Whether all of its replicas that are wanted are ready, and one is."""
    return row.state == "ready" and row.ready == row.wanted


def plain(row: ComponentRow) -> bool:
    """Whether there is nothing to say of it but that it is well."""
    return well(row) and not row.restarts and not row.oom_kills


def _last(row: ComponentRow) -> bool:
    return row.component.endswith("-exporter")


def _component(row: ComponentRow) -> Line:
    state, style = ("ok", "green") if well(row) else (row.state.upper(), "bold red")
    told = [f"{row.ready} of {row.wanted}"]
    told += [f"{row.restarts} restart{'s' if row.restarts > 1 else ''}"] if row.restarts else []
    told += [f"{row.oom_kills} out of memory"] if row.oom_kills else []
    told += [f"release {row.release}"] if row.release else []
    return line(f" {row.component:<15} ", (f"{state:<8}", style), f" {', '.join(told)}")


def _well(row: ComponentRow, cell: int) -> list[Piece]:
    count = f" {row.ready}/{row.wanted}" if row.wanted > 1 else ""
    name = row.component[: cell - 4 - len(count)]
    return [(f"{name} ", ""), ("ok", "green"), (count.ljust(cell - len(name) - 3), "")]


def changes(snapshot: Snapshot, rows: int) -> list[Line]:
    """The newest changes, the newest last: what, when and who; never why."""
    if snapshot.changes is None:
        return [line((" waiting for the changes …", "dim"))]
    newest = snapshot.changes[-rows:]
    stamps = [when(row.wall_s).split()[0] for row in newest]  # the time of today, else the day
    lines = [
        line((f" {stamp}  ", "dim"), f"{row.who}  {what(row)}")
        for stamp, row in zip(stamps, newest, strict=True)
    ]
    return lines or [line((" nothing was changed", "dim"))]


def problems(snapshot: Snapshot) -> list[Line]:
    """What could not be found out, a line each."""
    return [line((f" ? {part}: ", "bold yellow"), said) for part, said in snapshot.problems.items()]


def rule(name: str, width: int, note: str = "") -> Line:
    """A pane's name in a ruled line."""
    told = f" {note} ──" if note else ""
    return line(
        (f"── {name} ", "dim"), ("─" * max(0, width - len(name) - 4 - len(told)), "dim"), (told, "dim")
    )


def log(told: Sequence[Line], rows: int, scroll: int = 0) -> list[Line]:
    """The last lines of the log, or those `scroll` lines before them."""
    end = max(min(rows, len(told)), len(told) - scroll)
    return list(told[max(0, end - rows) : end])
