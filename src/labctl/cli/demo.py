"""`labctl demo`: a whole incident, played by a script and told as it happens."""

from typing import Annotated

import typer

from labctl.cli.choice import LabName, RuntimeKind
from labctl.cli.stage import stage
from labctl.cli.terminal import say

FIRST = "pool-shrunk"


def demo(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="An id or code.")] = FIRST,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab running.")] = False,
    runtime: RuntimeKind = "auto",
    lab: LabName = None,
) -> None:
    from labctl import demo as showing
    from labctl.cli.narrate import Narrator
    from labctl.cli.verdicts import exit_code, print_debrief, print_verdict
    from labctl.scenario import catalog

    story = catalog.find(scenario)
    narrator = Narrator(spoilers=True)
    with stage("demo", lab=lab, runtime=runtime, keep=keep) as running:
        verdict = showing.demo(
            running,
            story,
            clock=running.clock,
            on_event=narrator,
            say=lambda text: narrator.tell(text, running.clock.wall()),
        )
    print_verdict(verdict)
    print_debrief(story.debrief)
    say("next:  labctl list, labctl drill CODE: the same, and you are on call")
    raise typer.Exit(exit_code(verdict))
