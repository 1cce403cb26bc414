"""Where labs are kept on this machine, and what their folders are called."""

from __future__ import annotations

import os
import re
from pathlib import Path

from labctl.errors import UsageError

DEFAULT_NAME = "lab"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")


def home() -> Path:
    """`$LABCTL_HOME`, else a folder of the machine for root, else one of the user's.

    Postgres refuses to run as root and cannot reach below /root, hence the difference.
    """
    given = os.environ.get("LABCTL_HOME")
    if given:
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/incident-lab")
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "incident-lab"


def cache() -> Path:
    """What labs share and may lose: the initialised database and the like."""
    return home() / "cache"


def folder(name: str) -> Path:
    """The folder of one lab, whether it exists or not; UsageError for a name that may not be."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a lab: up to 20 of a-z, 0-9 and - (not first, not last)",
            hint="labctl up --name second",
        )
    return home() / "labs" / name


def names() -> list[str]:
    """Every lab that has a folder here, the unfinished ones included."""
    labs = home() / "labs"
    if not labs.is_dir():
        return []
    return sorted(entry.name for entry in labs.iterdir() if (entry / "lab.json").is_file())


def make_private(path: Path) -> Path:
    """Create a folder that others may pass through but not list: Postgres runs as its own user."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
    return path
