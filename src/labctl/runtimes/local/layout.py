"""Where the local runtime keeps its files in a lab's folder, and how it writes them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from labctl.seal import sealed, unsealed
from labctl.stack import flags

READABLE = 0o644


class Layout:
    """The paths of one lab. All but `settings/` is the runtime's own and goes with `destroy`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.logs = folder / "logs"
        self.trees = folder / "trees"
        self.data = folder / "data"
        self.settings = folder / "settings"
        self.job = self.run / "job.json"
        self.wanted = self.run / "wanted.sealed"
        self.state = self.run / "state.json"
        self.events = self.run / "events.jsonl"
        self.ports = self.run / "ports.json"
        self.supervisor_log = self.run / "supervisor.log"
        self.frozen = self.run / "frozen"
        self.flags = self.settings / flags.OURS
        self.foreign_flags = self.settings / flags.FOREIGN
        self.endpoints = self.settings / "endpoints.json"
        self.journeys = self.settings / "journeys.json"
        self.journeys_code = self.settings / "journeys"
        self.prometheus = self.settings / "prometheus"
        self.alertmanager = self.settings / "alertmanager"
        self.targets = self.prometheus / "targets.json"

    def make(self) -> None:
        """Create the folders; only `data` must let the database's own user through."""
        for folder in (self.folder, self.run, self.logs, self.trees, self.data, self.settings):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.logs, self.trees):
            folder.chmod(0o700)
        self.frozen.mkdir(exist_ok=True)

    def log(self, replica: str) -> Path:
        return self.logs / f"{replica}.log"

    def freeze_mark(self, replica: str, pid: int) -> Path:
        """Exists while this process is frozen on purpose."""
        return self.frozen / f"{replica}.{pid}"

    def remove(self) -> None:
        """Remove everything that this runtime wrote."""
        configured = (self.prometheus, self.alertmanager, self.journeys_code)
        for folder in (self.run, self.logs, self.trees, self.data, *configured):
            remove(folder)
        for file in (self.flags, self.foreign_flags, self.endpoints, self.journeys):
            file.unlink(missing_ok=True)


def write(path: Path, plain: Any, *, mode: int = 0o600) -> None:
    """Replace a JSON file in one step: a reader sees the old or the new, never a part."""
    replace(path, json.dumps(plain, separators=(",", ":")).encode(), mode=mode)


def read(path: Path) -> Any:
    """A JSON file's content, or None when it is not there (yet, or any more)."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def seal(path: Path, plain: Mapping[str, Any], *, mode: int = 0o600, pad_to: int = 0) -> None:
    """`write` for what a learner may not read in passing."""
    replace(path, sealed(plain, pad_to=pad_to), mode=mode)


def unseal(path: Path) -> Any:
    """`read` for what was sealed."""
    try:
        return unsealed(path.read_bytes())
    except FileNotFoundError:
        return None


def tell_flags(places: Layout, values: Mapping[str, str], foreign: Collection[str]) -> None:
    """Tell services their flags: the shop's in the clear, a third party's sealed, both anew."""
    ours = {name: value for name, value in values.items() if name not in foreign}
    theirs = {name: value for name, value in values.items() if name in foreign}
    write(places.flags, ours, mode=READABLE)
    seal(places.foreign_flags, theirs, mode=READABLE, pad_to=flags.FOREIGN_BYTES)


def replace(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    if mode == READABLE:
        draft.chmod(mode)  # whatever the umask says: containers run as users of their own
    draft.replace(path)


def remove(folder: Path) -> None:
    """Remove a folder with everything in it, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
