"""The labs of one run of proofs: as many as were asked for, or as this machine holds, gone at the end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from labctl.cli.stage import stage
from labctl.cli.terminal import say
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

AUTO = "auto"


def wanted_jobs(text: str, *, alone: bool) -> int | None:
    """How many labs were asked for; None leaves it to the machine. `alone`: one that is named or kept."""
    if text != AUTO and not (text.isdigit() and int(text) > 0):
        raise UsageError(f"{text!r} is no number of labs; write one, such as 2, or auto")
    if alone and text not in (AUTO, "1"):
        raise UsageError(
            "a lab that is named or kept is one lab", hint="leave out --jobs, or --lab and --keep"
        )
    if alone:
        return 1
    return None if text == AUTO else int(text)


@contextmanager
def fleet(
    jobs: int | None, *, parts: int, lab: str | None, runtime: str, keep: bool
) -> "Iterator[list[Lab]]":
    """Labs that are up, never more than there are parts; each is taken down at the end unless kept."""
    from labctl.clock import SystemClock
    from labctl.proving import capacity
    from labctl.proving.conditions import ThisMachine

    machine = ThisMachine()
    measured = jobs is None and parts > 1
    before = capacity.busy(machine, SystemClock()) if measured else 0.0
    with ExitStack() as labs_up:

        def another() -> "Lab":
            return labs_up.enter_context(stage("verify", lab=lab, runtime=runtime, keep=keep))

        labs = [another()]
        count = min(jobs or 1, parts)
        if measured:
            found = capacity.calibrate(labs[0], machine, before)
            count = min(found.labs, parts)
            say(found.explain(count))
        labs += [another() for _ in range(count - 1)]
        yield labs
