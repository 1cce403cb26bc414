"""A lab without processes, for tests of what sits on it: a small shop on disk and a runtime in memory."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import pytest

from labctl import assets
from labctl.clock import FakeClock, SystemClock
from labctl.errors import RuntimeFailed
from labctl.lab.journal import Journal
from labctl.lab.lab import SECRETS, Lab
from labctl.runtimes.base import Address, Site
from labctl.runtimes.fake import FakeRuntime
from labctl.runtimes.local import layout
from labctl.runtimes.local.layout import Layout
from labctl.stack.compose import Stack, baseline, load_stack
from labctl.stack.flags import foreign
from labctl.stack.wanted import Wanted

_FLAGS = """
[[flag]]
name = "maintenance"
component = "edge"
kind = "switch"
default = "off"
about = "Close the shop"

[[flag]]
name = "checkout-bank-timeout"
component = "checkout"
kind = "duration"
default = "10s"
about = "How long a checkout waits for the bank"

[[flag]]
name = "edge-shed-home"
component = "edge"
kind = "percent"
default = "0%"
about = "Share turned away"

[[flag]]
name = "bank-mood"
component = "bank"
kind = "number"
default = "1"
about = "Not ours"
"""

_RELEASES = """
base = "2.3.0"
[[release]]
version = "2.3.0"
author = "mara"
date = "2023-05-02"
message = "carts keep their order"
[[release]]
version = "2.3.1"
author = "jon"
date = "2023-05-13"
message = "log the card's country"
[[release]]
version = "2.4.0"
author = "dana"
date = "2023-05-14"
message = "leaner defaults"
"""


def shop(root: Path) -> Path:
    """A tree of assets with the real stack and a checkout of three releases."""
    shutil.copy(assets.path("docker-compose.yml"), root)
    checkout = root / "services" / "checkout"
    write(root / "services" / "flags.toml", _FLAGS)
    write(root / "services" / "shared" / "db.py", 'TIMEOUT = environment.seconds("DB_POOL_TIMEOUT", 3)\n')
    write(checkout / "releases.toml", _RELEASES)
    write(root / "services" / "shared" / "cache.py", 'SIZE = environment.whole("CACHE_POOL_MAX", 9)\n')
    write(checkout / "config.py", 'POOL = environment.whole("DB_POOL_MAX", 8)\n')
    write(checkout / "__main__.py", "from shared import db\n")
    write(checkout / "orders.py", "def place():\n    return 201\n")
    write(checkout / "releases" / "2.3.1" / "orders.py", "def place():\n    return 201  # logged\n")
    write(checkout / "releases" / "2.4.0" / "config.py", 'POOL = environment.whole("DB_POOL_MAX", 2)\n')
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class DoubleRuntime(FakeRuntime):
    """The fake, which also tells services their flags, and can be deaf, broken or reached."""

    def __init__(self, stack: Stack, site: Site, clock: FakeClock) -> None:
        super().__init__(stack, site, clock=clock)
        self.deaf = False  # what is wanted is noted and not done
        self.broken: str | None = None  # what is wanted is done, and this is reported as not ready
        self.addresses: dict[str, Address] = {}

    def apply(self, want: Wanted) -> None:
        if self.deaf:
            self.applied.append(want)
            return
        super().apply(want)
        places = Layout(self._site.folder)
        places.settings.mkdir(exist_ok=True)
        layout.tell_flags(places, want.flags, foreign(self._stack))
        if self.broken:
            raise RuntimeFailed(f"{self.broken} is not ready")

    def address(self, name: str) -> Address:
        return self.addresses.get(name) or super().address(name)


def lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lab, DoubleRuntime]:
    """A lab that is up on a double of a runtime, with a clock that only sleeping moves."""
    root = shop(folder_of(folder, "assets"))
    monkeypatch.setattr(assets, "root", lambda: root)
    here = folder_of(folder, "lab")
    site = Site("test", "1d", here, folder / "cache", dict.fromkeys(SECRETS, "s3cret"))
    stack, clock = load_stack(), FakeClock()
    runtime = DoubleRuntime(stack, site, clock)
    runtime.apply(baseline(stack))
    return Lab(site, "fake", stack, runtime, Journal(here / "journal.db", clock), clock), runtime


def beside_processes(lab: Lab) -> None:
    """Ready for real ones: a label of its own, since other tests have clients too, and true seconds.

    A clock that only sleeping moves would be past every deadline before another process has begun.
    """
    object.__setattr__(lab.site, "id", secrets.token_hex(8))
    object.__setattr__(lab, "clock", SystemClock())


def folder_of(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name
