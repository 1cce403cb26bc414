"""Recover: any lab, after any crash, to "no faults, nothing left behind", and the proof of it.

It removes the lab with everything in it, or with `keep` brings it back to healthy. Only what bears
a lab's label or lies in its folder is touched.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labctl.actions.base import REGISTRY
from labctl.actions.change import Change, outstanding
from labctl.actions.perform import undo
from labctl.clock import Clock, SystemClock
from labctl.errors import LabBusy, LabError, NoSuchLab
from labctl.lab import lock, remains
from labctl.lab.home import folder, home, names
from labctl.lab.lab import Lab, attach, site
from labctl.lab.reset import reset
from labctl.runtimes.base import Address

CHANGE_ENDS_S = 10.0
"""How long a change that is under way may take to end before recover calls the lab busy."""


@dataclass
class Recovery:
    """What recover found, did, and could not do. `left` empty means that nothing of ours remains."""

    lab: str
    faults: list[str] = field(default_factory=list)  # changes that were still in force
    ended: list[str] = field(default_factory=list)  # processes that the runtime had lost track of
    problems: list[str] = field(default_factory=list)  # what did not work on the way
    left: list[str] = field(default_factory=list)
    kept: bool = False  # the lab runs on, healthy

    @property
    def clean(self) -> bool:
        return not self.left


@dataclass(frozen=True)
class _Here:
    """As much of a lab as a lock needs; its other files may be missing or broken."""

    name: str
    folder: Path
    clock: Clock


def recover(name: str, *, keep: bool = False, force: bool = False, clock: Clock | None = None) -> Recovery:
    """Recover one lab; LabBusy while a live process drives or changes it, unless `force`.

    NoSuchLab when it has no folder; `recover_all` also finds processes whose folder is gone. To `keep` it,
    its journal must say what is in force: LabError where it cannot be read.
    """
    here = _Here(name, folder(name), clock or SystemClock())
    if not here.folder.is_dir():
        raise NoSuchLab(f"there is no lab {name}", hint="labctl recover --all")
    found = Recovery(name, kept=keep)
    with _alone(lock.drive(here), force):
        if keep:
            lab = attach(here.folder, clock)
            _take_back(lab, outstanding(lab.journal.read()), found)
            reset(lab)
        else:
            _remove(here, found, force)
    return found


def recover_all(*, force: bool = False, clock: Clock | None = None) -> list[Recovery]:
    """Remove every lab of this home, folders without a lab, and processes without a folder.

    A lab that is busy is left alone and its `left` says so.
    """
    found = []
    for name in names():
        try:
            found.append(recover(name, force=force, clock=clock))
        except LabBusy as busy:
            found.append(Recovery(name, left=[busy.message]))
    strays = Recovery("without a folder")
    known = [identity for name in names() if (identity := _id(folder(name)))]
    for identity, where in remains.strays(home(), known).items():
        _end(identity, where, strays)
    for path in _without_a_lab():
        shutil.rmtree(path)
        strays.ended.append(f"folder {path}")
    return [*found, strays] if strays.ended or strays.left else found


def _remove(here: _Here, found: Recovery, force: bool) -> None:
    """End and remove everything; what was done to the stack ends with it."""
    identity, lab = _id(here.folder), _attached(here, found)
    if lab:
        _take_back(lab, _in_force(lab, found), found)
    with _alone(lock.apply(here, wait_s=CHANGE_ENDS_S), force):
        addresses = _destroy(lab, found) if lab else []
        if identity:
            _end(identity, here.folder, found)
        shutil.rmtree(here.folder, ignore_errors=True)
    if here.folder.exists():
        found.left.append(f"folder {here.folder}")
    found.left.extend(f"a listener on {address}" for address in addresses if _answers(address))


def _attached(here: _Here, found: Recovery) -> Lab | None:
    try:
        return attach(here.folder, here.clock)
    except LabError as error:
        found.problems.append(error.message)
        return None


def _in_force(lab: Lab, found: Recovery) -> list[Change]:
    """What the journal says is still in force; nothing where it cannot be read, which is noted."""
    try:
        return outstanding(lab.journal.read())
    except LabError as error:
        found.problems.append(error.message)
        return []


def _take_back(lab: Lab, in_force: Iterable[Change], found: Recovery) -> None:
    """Name every change in force, and undo, the newest first, those that only their undo takes back.

    The others were done to the stack, which is about to be reset or removed as a whole.
    """
    for change in in_force:
        found.faults.append(change.summary)
        action = REGISTRY.get(change.action)
        if action is None or action.outlives:
            try:
                undo(lab, change)
            except LabError as error:
                found.problems.append(f"undo of {change.summary}: {error.message}")


def _destroy(lab: Lab, found: Recovery) -> list[Address]:
    """Let the runtime end what it knows of; returns where the lab listened."""
    lab.journal.close()
    addresses: list[Address] = []
    try:
        addresses = [replica.address for replica in lab.runtime.observe() if replica.address]
        lab.runtime.destroy()
    except LabError as error:
        found.problems.append(error.message)
    return addresses


def _end(identity: str, where: Path, found: Recovery) -> None:
    ended = remains.end(identity, where)
    found.ended.extend(ended.ended)
    found.left.extend(ended.left)


def _id(where: Path) -> str | None:
    try:
        return site(where).id
    except LabError:
        return None


def _without_a_lab() -> list[Path]:
    labs = home() / "labs"
    return [path for path in labs.iterdir() if not (path / "lab.json").exists()] if labs.is_dir() else []


def _answers(address: Address) -> bool:
    try:
        with socket.create_connection((address.host, address.port), timeout=0.5):
            return True
    except OSError:
        return False


@contextmanager
def _alone(lock_of_it: AbstractContextManager[None], force: bool) -> Iterator[None]:
    with ExitStack() as taken:
        try:
            taken.enter_context(lock_of_it)
        except LabBusy:
            if not force:
                raise
        yield
