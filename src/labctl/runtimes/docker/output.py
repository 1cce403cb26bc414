"""What replicas print, from the engine's log; that of a removed container is kept in logs/."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from labctl.runtimes.base import Line
from labctl.runtimes.docker import engine
from labctl.runtimes.docker.engine import Engine
from labctl.runtimes.local.output import MAX_BYTES

_FOLLOW_EVERY_S = 0.3


def lines(docker: Engine, logs: Path, component: str, *, since_wall_s: float, follow: bool) -> Iterator[Line]:
    """Every line of every replica of a component, the gone ones too, by time; with `follow` for ever."""
    past = [
        _lines(log.stem, log.read_bytes())
        for log in sorted(logs.glob(f"{component}-*.log"))
        if _is_of(log, component)
    ]
    told: dict[str, float] = {}
    fresh = _fresh(docker, component, since_wall_s, told)
    yield from (line for line in heapq.merge(*past, fresh, key=_when) if line.wall_s >= since_wall_s)
    while follow:
        time.sleep(_FOLLOW_EVERY_S)
        yield from _fresh(docker, component, since_wall_s, told)


def last_lines(docker: Engine, identity: str, count: int) -> list[str]:
    """The end of a container's output, for an error message."""
    return [line.text for line in _lines("", docker.log(identity, tail=count))]


def keep(docker: Engine, identity: str, log: Path) -> None:
    """Write down what a container printed, before it goes."""
    with log.open("ab") as file:
        file.write(docker.log(identity)[-MAX_BYTES:])


def _fresh(docker: Engine, component: str, since_wall_s: float, told: dict[str, float]) -> list[Line]:
    """What running containers printed since it was last told; `told` is each one's last time."""
    found: list[Line] = []
    for name, container in docker.containers().items():
        if container["Config"]["Labels"].get(engine.COMPONENT) != component:
            continue
        identity = container["Id"]
        after = told.get(identity, 0.0)
        new = [
            each
            for each in _lines(name, docker.log(identity, max(after, since_wall_s)))
            if each.wall_s > after
        ]
        found += new
        told[identity] = max([after, *(each.wall_s for each in new)])
    return sorted(found, key=_when)


def _lines(replica: str, data: bytes) -> list[Line]:
    found = []
    for raw in data.decode(errors="replace").splitlines():
        stamp, _, text = raw.partition(" ")
        try:
            wall_s = datetime.fromisoformat(f"{stamp[:26].rstrip('Z')}+00:00").timestamp()
        except ValueError:
            continue
        found.append(Line(wall_s, replica, text))
    return sorted(found, key=_when)


def _is_of(log: Path, component: str) -> bool:
    return log.stem.removeprefix(f"{component}-").isdecimal()


def _when(line: Line) -> float:
    return line.wall_s
