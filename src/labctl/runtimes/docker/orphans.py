"""What labs left with the engine, found by label alone; for `recover`, when nobody else knows of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from labctl.errors import LabError
from labctl.runtimes.docker.engine import HOME, LABEL, NAME, Engine, all_at_once, is_there, translated


def end(lab: str) -> tuple[list[str], list[str]]:
    """Remove every container, network and volume of a lab: what went, and what would not."""
    if not is_there():
        return [], []
    docker = Engine(lab)
    try:
        containers = docker.containers()
        all_at_once(docker.remove, [each["Id"] for each in containers.values()])
        docker.remove_networks()
        docker.remove_volumes(docker.volumes())
        left = sorted(docker.containers())
    except LabError as error:
        return [], [f"containers: {error.message}"]
    return [f"container {name}" for name in sorted(containers) if name not in left], [
        f"container {name}" for name in left
    ]


def strays(home: Path, known: Collection[str]) -> dict[str, Path]:
    """Labs of this home that have something here, but are not known: folder by id."""
    if not is_there():
        return {}
    mine = {"label": f"{HOME}={home}"}
    try:
        with translated():
            api = Engine("").api
            containers: list[Any] = api.containers(all=True, filters=mine)
            found = [*containers, *api.networks(filters=mine), *(api.volumes(filters=mine)["Volumes"] or [])]
    except LabError:
        return {}
    labels = [each["Labels"] for each in found]
    return {each[LABEL]: home / "labs" / each[NAME] for each in labels if each[LABEL] not in known}
