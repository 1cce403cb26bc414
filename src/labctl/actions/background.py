"""Clients of a lab's Postgres that outlive the command: each is a process of the lab, and ends with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from labctl.actions import client
from labctl.errors import LabError
from labctl.lab.reach import PASSWORDS, STORES, password, redis_login
from labctl.runtimes.local.orphans import LABEL

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_STARTS_S = 30.0


def start(lab: Lab, name: str, **order: object) -> None:
    """Start one under this application_name (`client` says what it may be told).

    It returns once its statements are done, or have been under way for a second; LabError with what
    Postgres said to them. A kill of this process does not reach it; `recover` finds it by its label.
    """
    address = lab.runtime.address("postgres")
    given = {
        "folder": str(lab.folder),
        "host": address.host,
        "port": address.port,
        "passwords": {user: password(lab, user) for user in PASSWORDS},
        "stores": {store: redis_login(lab, store) for store in STORES},
        "name": name,
        **order,
    }
    done = subprocess.run(
        # -P: modules beside the program are not its own
        [sys.executable, "-P", client.__file__],
        input=json.dumps(given),
        env={LABEL: lab.id, "PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"},
        cwd="/",
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=_STARTS_S,
        check=False,
    )
    if done.returncode:
        raise LabError(f"postgres says {done.stderr.strip()!r} to {name}", hint="labctl logs postgres")
