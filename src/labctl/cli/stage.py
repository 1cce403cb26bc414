"""Labs of labctl's own: started for one command, gone after it, whatever happens."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labctl.cli.choice import chosen
from labctl.cli.terminal import say

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


@contextmanager
def stage(purpose: str, *, lab: str | None, runtime: str, keep: bool) -> "Iterator[Lab]":
    """The lab that was named, as it is; else a new one that is taken down at the end unless kept.

    A proof resets its lab again and again, so it never takes one that nobody named: a drill may be
    under way in it.
    """
    if lab is not None:
        yield chosen(lab)
        return
    from labctl.lab import lab as labs

    own = labs.create(f"{purpose}-{secrets.token_hex(2)}", runtime)
    try:
        say(f"starting a lab of its own, {own.name}, on the {runtime} runtime …")
        own.up()
        yield own
    finally:
        if keep:
            say(f"{own.name} is kept:  labctl status --lab {own.name}, labctl down --lab {own.name}")
        else:
            own.down()
