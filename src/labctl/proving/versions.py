"""Which versions of its parts a lab runs, as each of them says itself: a proof was made on those."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from redis.exceptions import RedisError

from labctl.errors import LabError
from labctl.lab.lab import Lab

UNKNOWN = "unknown"


def versions(lab: Lab) -> dict[str, str]:
    """Part → version, of what the shop and its monitoring rest on; one that does not say is "unknown"."""
    return {name: _said(ask, lab) for name, ask in _ASK.items()}


def _said(ask: Callable[[Lab], str], lab: Lab) -> str:
    try:
        return ask(lab)
    except (LabError, psycopg.Error, RedisError, KeyError):
        return UNKNOWN


def _postgres(lab: Lab) -> str:
    """`15.13` of `15.13 (Debian 15.13-0+deb12u1)`."""
    with lab.sql() as connection:
        row = connection.execute("show server_version").fetchone()
    return str(row[0]).split()[0] if row else UNKNOWN


def _redis(lab: Lab) -> str:
    """Valkey also tells the version of Redis that it stands in for, so that it is asked for its own first."""
    with lab.redis("redis-cache") as client:
        told: Any = client.info("server")
    return f"Valkey {told['valkey_version']}" if "valkey_version" in told else str(told["redis_version"])


_ASK: Mapping[str, Callable[[Lab], str]] = {
    "postgres": _postgres,
    "redis": _redis,
    "prometheus": lambda lab: lab.prometheus.version(),
    "alertmanager": lambda lab: lab.alertmanager.version(),
}
