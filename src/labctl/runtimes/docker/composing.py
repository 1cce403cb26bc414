"""`docker compose`, for what it is best at: creating networks, volumes and containers from one file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from labctl.errors import CannotRunHere, RuntimeFailed

_WITHIN_S = 120


def up(project: str, file: Path, services: Sequence[str]) -> None:
    """Create and start these services of the file, and touch no other; RuntimeFailed with what it said."""
    argv = [
        "docker",
        "compose",
        "-p",
        project,
        "-f",
        str(file),
        "up",
        "--detach",
        "--no-deps",
        "--no-recreate",
    ]
    environment = {**os.environ, "COMPOSE_IGNORE_ORPHANS": "1", "COMPOSE_ANSI": "never"}
    environment.pop("COMPOSE_PROFILES", None)
    try:
        done = subprocess.run(
            [*argv, *services],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except FileNotFoundError:
        raise CannotRunHere(
            "the docker command is missing", hint="labctl doctor --fix --runtime docker"
        ) from None
    except subprocess.TimeoutExpired:
        raise RuntimeFailed(
            f"docker compose did not start {', '.join(services)} within {_WITHIN_S} s"
        ) from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        if any("is not a docker command" in line for line in said):
            raise CannotRunHere(
                "the docker command has no `compose`", hint="labctl doctor --fix --runtime docker"
            )
        raise RuntimeFailed(
            f"docker compose could not start {', '.join(services)}:\n    " + "\n    ".join(said[-6:])
        )
