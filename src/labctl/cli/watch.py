"""`labctl watch`: a lab as it is, on a live screen; as plain lines where there is no terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, aimed, chosen, chosen_name
from labctl.cli.screen import possible
from labctl.cli.terminal import out, say

if TYPE_CHECKING:
    from labctl.desk.snapshot import Snapshot
    from labctl.lab.lab import Lab

COLUMNS, ROWS = 80, 60


def watch(
    once: Annotated[bool, typer.Option("--once", help="Show it once, as plain lines.")] = False,
    lab: LabName = None,
) -> None:
    if once:
        _once(chosen(lab))
    elif possible():
        from labctl.cli.screen import show

        name = chosen_name(lab)
        code = show.watch(name)
        say(f"the lab runs on:  labctl watch{aimed(name)} shows it again")
        raise typer.Exit(code)
    else:
        _follow(chosen(lab))


def _once(lab: "Lab") -> None:
    from labctl.desk.sampler import Sampler

    _print(Sampler(lab).look())


def _print(snapshot: "Snapshot") -> None:
    """Every pane but the log, as lines that end where their words do."""
    from labctl.cli.screen.frame import View, frame

    shown = [line.plain.rstrip() for line in frame(View(snapshot), COLUMNS, ROWS)]
    out("\n".join(shown[: next(n for n, text in enumerate(shown) if text.startswith("── log"))]))


def _follow(lab: "Lab") -> None:
    """The snapshot once, then what happens, and how users are whenever that changes, until Ctrl-C."""
    from labctl.cli.narrate import Narrator
    from labctl.desk.sampler import EVERY_S, Sampler

    sampler, narrator = Sampler(lab), Narrator(spoilers=False, write=out)
    _print(sampler.look())
    narrator.recall(sampler.events())
    seen, felt = len(sampler.events()), ""
    while True:
        snapshot = sampler.look()
        for event in sampler.events()[seen:]:
            narrator(event)
        seen = len(sampler.events())
        now = _feeling(snapshot)
        if now != felt:
            narrator.tell(f"Users: {now}", snapshot.wall_s)
        felt = now
        lab.clock.sleep(EVERY_S)


def _feeling(snapshot: "Snapshot") -> str:
    """Who is not well, in words that stay the same while nothing changes."""
    hurt = [f"{row.journey} {row.mark}" for row in snapshot.journeys if row.mark != "ok"]
    return ", ".join(hurt) or "every journey ok"
