"""Redis, or Valkey: in memory only. Environment: REDIS_PASSWORD, REDIS_MAXMEMORY, REDIS_POLICY."""

from __future__ import annotations

import os

from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.probe import Probe
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe

# Asked without a password: that it wants one is answer enough, and logs nothing.
_PING = Probe(b"PING\r\n", (b"-NOAUTH", b"+PONG"))


def launch(place: Place) -> Launch:
    place.data.mkdir(parents=True, exist_ok=True)
    config = place.data / "redis.conf"
    environment = place.environment
    lines = [
        f"bind {HOST}",
        f"port {place.port}",
        f"dir {place.data}",
        f"requirepass {environment['REDIS_PASSWORD']}",
        f"maxmemory {environment.get('REDIS_MAXMEMORY', '64mb')}",
        f"maxmemory-policy {environment.get('REDIS_POLICY', 'noeviction')}",
        'save ""',
        "appendonly no",
        "set-proc-title no",  # it would write over the environment by which the lab finds its processes
        "latency-monitor-threshold 50",
    ]
    # In a file, not on the command line, where every user of the machine can read it.
    descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return Launch([str(place.program("redis-server")), str(config)], place.basics(place.data), cwd=place.data)


RECIPE = Recipe(launch, needs=("redis-server",), probe=_PING)
