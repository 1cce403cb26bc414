"""A lab's life: up, down, reset, recover."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, RuntimeKind, aimed, chosen, chosen_name
from labctl.cli.errors import COULD_NOT
from labctl.cli.terminal import out, say
from labctl.clock import duration
from labctl.errors import UsageError
from labctl.lab.home import DEFAULT_NAME, names

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.recover import Recovery

Name = Annotated[str, typer.Option("--name", envvar="LABCTL_LAB", metavar="NAME", help="The lab's name.")]
All = Annotated[bool, typer.Option("--all", help="Every lab on this machine.")]


def up(name: Name = DEFAULT_NAME, runtime: RuntimeKind = "auto") -> None:
    from labctl.lab import lab as labs

    began = time.monotonic()
    lab = labs.open_lab(name) if name in names() else labs.create(name, runtime)
    say(f"starting {name} on the {lab.kind} runtime …")
    lab.up()
    say(f"{name} is up, in {duration(time.monotonic() - began)}")
    _where(lab)


def _where(lab: "Lab") -> None:
    """Where the lab's doors are, and what to type next."""
    this = aimed(lab.name)
    for what, where in (
        ("the shop", lab.front),
        ("Prometheus", f"http://{lab.runtime.address('prometheus')}"),
        ("Alertmanager", f"http://{lab.runtime.address('alertmanager')}"),
        ("Postgres", f"labctl psql{this}"),
        ("Redis", f"labctl redis redis-cache{this}"),
    ):
        out(f"{what:<13} {where}")
    say(f"next:  labctl status{this}, labctl list, labctl drill CODE{this}")


def down(lab: LabName = None, every: All = False) -> None:
    from labctl.lab import lab as labs

    doomed = names() if every else [chosen_name(lab)]
    if not doomed:
        out("no lab is up")
    for name in doomed:
        say(f"stopping {name} …")
        labs.open_lab(name).down()
        out(f"{name} is down, and its folder is gone")


def reset(lab: LabName = None) -> None:
    from labctl.lab import reset as resetting

    began = time.monotonic()
    opened = chosen(lab)
    say(f"resetting {opened.name} …")
    resetting.reset(opened)
    out(f"{opened.name} is healthy and new, in {duration(time.monotonic() - began)}")


def recover(
    lab: LabName = None,
    every: All = False,
    keep: Annotated[bool, typer.Option("--keep", help="Heal the lab, and leave it running.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even while another labctl drives it.")] = False,
) -> None:
    from labctl import recover as recovering

    if keep and every:
        raise UsageError("--keep heals one lab", hint="labctl recover --keep --lab NAME")
    if every or (lab is None and not names()):
        found = recovering.recover_all(force=force)
    else:
        found = [recovering.recover(lab or chosen_name(None), keep=keep, force=force)]
    if not found:
        out("there was nothing to recover")
    for each in found:
        _recovered(each)
    if not all(each.clean for each in found):
        raise typer.Exit(COULD_NOT)


def _recovered(found: "Recovery") -> None:
    for fault in found.faults:
        out(f"{found.lab}: was in force, is no more: {fault}")
    for ended in found.ended:
        out(f"{found.lab}: was left over, is gone: {ended}")
    for problem in found.problems:
        say(f"{found.lab}: on the way: {problem}")
    for left in found.left:
        out(f"{found.lab}: STILL THERE: {left}")
    if found.clean:
        out(f"{found.lab}: {'healthy, and running' if found.kept else 'nothing of it is left'}")
