"""`labctl resolve`: claim that users are well again, and wait for the verdict."""

import typer

from labctl.cli.choice import LabName, aimed, chosen
from labctl.cli.errors import INTERRUPTED
from labctl.cli.terminal import say


def resolve(lab: LabName = None) -> None:
    from labctl import drill as drilling
    from labctl.cli.holding import HoldTeller
    from labctl.cli.narrate import Narrator
    from labctl.cli.verdicts import finish
    from labctl.engine.machine import fold
    from labctl.oncall import moves
    from labctl.scenario import catalog

    opened = chosen(lab)
    claimed = moves.claim_or_join(opened)
    narrator = Narrator(spoilers=False)
    events = opened.journal.read()
    narrator.recall(event for event in events if event.seq < claimed.seq)
    for event in events:
        if event.seq >= claimed.seq:
            narrator(event)
    this = aimed(opened.name)
    scenario = catalog.find(fold(events).scenario)
    try:
        verdict = drilling.follow(
            opened,
            scenario,
            clock=opened.clock,
            after=claimed.seq,
            on_event=narrator,
            on_look=HoldTeller(narrator.tell_now, this=this),
        )
    except KeyboardInterrupt:
        say(f"you left; the claim stands:  labctl resolve{this} waits for its verdict again")
        raise typer.Exit(INTERRUPTED) from None
    finish(verdict, scenario, this=this)
