"""A lab: one running stack with its folder, secrets and journal."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis as redis_client

from labctl.clock import Clock, SystemClock, await_until
from labctl.errors import LabError, NoSuchLab, UsageError
from labctl.lab import lock, reach
from labctl.lab.home import DEFAULT_NAME, cache, folder, home, make_private, names
from labctl.lab.journal import Journal
from labctl.lab.load_client import LoadClient
from labctl.runtimes import KINDS, open_runtime
from labctl.runtimes.base import Runtime, Site
from labctl.stack.compose import Stack, baseline, load_stack
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

__all__ = ["DEFAULT_NAME", "Lab", "attach", "create", "home", "names", "open_lab", "site"]

SECRETS = ("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD", "REDIS_PASSWORD")
FIRST_SECONDS_S = 30.0


@dataclass(frozen=True)
class Lab:
    """One lab, opened. Nothing here is remembered between processes: the folder and runtime are."""

    site: Site
    kind: str  # of the runtime
    stack: Stack
    runtime: Runtime
    journal: Journal
    clock: Clock

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def id(self) -> str:
        return self.site.id

    @property
    def folder(self) -> Path:
        return self.site.folder

    @property
    def settings(self) -> Path:
        """What running services re-read."""
        return self.site.folder / "settings"

    @property
    def secrets(self) -> Mapping[str, str]:
        return self.site.secrets

    def wanted(self) -> Wanted:
        return self.runtime.wanted()

    def apply(self, wanted: Wanted) -> None:
        """Make it so; whoever calls it holds the `apply` lock."""
        self.runtime.apply(wanted)

    def sql(self, database: str = "shop", user: str = "postgres") -> psycopg.Connection:
        return reach.sql(self, database, user)

    def redis(self, component: str) -> redis_client.Redis:
        return reach.redis(self, component)

    @property
    def prometheus(self) -> reach.PrometheusClient:
        return reach.PrometheusClient(self.runtime.address("prometheus"))

    @property
    def alertmanager(self) -> reach.AlertmanagerClient:
        return reach.AlertmanagerClient(self.runtime.address("alertmanager"))

    @cached_property
    def load(self) -> LoadClient:
        return LoadClient(f"http://{self.runtime.address('load')}")

    @cached_property
    def front(self) -> str:
        """The shop's door, as its users reach it."""
        return f"http://{self.runtime.address('front')}"

    def up(self) -> None:
        """Start the stack and return when users arrive.

        Repeated, it starts whatever does not run, as it was last wanted: it heals no fault.
        """
        with lock.apply(self):
            self.runtime.apply(self._last_wanted() or baseline(self.stack))
            await_until(
                lambda: self.load.seconds(after=0),
                what="the first seconds of load",
                within_s=FIRST_SECONDS_S,
                clock=self.clock,
                every_s=0.1,
            )
            self.journal.append("lab.up", {"name": self.name, "runtime": self.kind})

    def _last_wanted(self) -> Wanted | None:
        try:
            return self.wanted()
        except UsageError:
            return None

    def down(self) -> None:
        """End everything and remove the folder; LabBusy while another process drives or changes it."""
        with lock.drive(self), lock.apply(self):
            self.remove()

    def remove(self) -> None:
        """`down` without asking who holds the locks."""
        self.runtime.destroy()
        self.journal.close()
        shutil.rmtree(self.folder)


def create(name: str = DEFAULT_NAME, runtime_kind: str = "local", *, clock: Clock | None = None) -> Lab:
    """A new lab's folder, secrets and journal; nothing runs before `up`.

    `lab.json` comes first: whatever happens afterwards, `recover` knows whose remains it sees.
    """
    if runtime_kind not in KINDS:
        raise UsageError(f"there is no runtime {runtime_kind!r}; there are {', '.join(KINDS)}")
    where = make_private(folder(name))
    plain = {
        "name": name,
        "id": secrets.token_hex(8),
        "runtime": runtime_kind,
        "created_wall_s": (clock or SystemClock()).wall(),
    }
    if not _write_once(where / "lab.json", plain, mode=0o644):
        raise UsageError(f"there is a lab {name} already", hint="labctl status, or labctl up --name second")
    _write_once(where / "secrets.json", {key: secrets.token_urlsafe(18) for key in SECRETS}, mode=0o600)
    (where / "settings").mkdir(exist_ok=True)
    return attach(where, clock)


def open_lab(name: str = DEFAULT_NAME, *, clock: Clock | None = None) -> Lab:
    """A lab that exists; NoSuchLab otherwise."""
    where = folder(name)
    if not (where / "lab.json").is_file():
        others = names()
        here = f"; there are {', '.join(others)}" if others else ""
        raise NoSuchLab(f"there is no lab {name}{here}", hint="labctl up")
    if not (where / "secrets.json").is_file():
        raise LabError(f"lab {name} was never finished", hint=f"labctl recover --lab {name}")
    return attach(where, clock)


def site(where: Path) -> Site:
    """What a lab's folder says about it; secrets are empty in one that was never finished."""
    plain = _read(where / "lab.json")
    kept = where / "secrets.json"
    return Site(
        name=plain["name"],
        id=plain["id"],
        folder=where,
        cache=cache(),
        secrets=_read(kept) if kept.is_file() else {},
    )


def attach(where: Path, clock: Clock | None = None) -> Lab:
    """The lab in a folder, even one that was never finished; LabError when it says not whose it is."""
    at, stack, kind = site(where), load_stack(), _read(where / "lab.json")["runtime"]
    clock = clock or SystemClock()
    return Lab(at, kind, stack, open_runtime(kind, stack, at), Journal(where / "journal.db", clock), clock)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise LabError(f"{path} cannot be read: {error}", hint="labctl recover") from error


def _write_once(path: Path, plain: Mapping[str, Any], *, mode: int) -> bool:
    """Write a whole file or none at all; False when there is one already."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            json.dump(plain, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True
