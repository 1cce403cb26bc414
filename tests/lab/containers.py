"""The stores of the Docker runtime, one alone, for integration tests: our image, a free port on loopback.

What the plain processes of `servers` are on this machine's versions, these are on the images' versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import redis
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from tests.lab import servers

from labctl.clock import SystemClock, await_until
from labctl.runtimes.base import Address
from labctl.runtimes.docker.images import tagged

# Its reaper is another image, from a registry that may be out of reach; `with` ends what a test starts.
testcontainers_config.ryuk_disabled = True

_IMAGES = {name: tagged(f"incident-lab/{name}") for name in ("postgres", "redis")}
"""Named now, from the real sources: a test may put others in their place."""
_LOOPBACK = "127.0.0.1"
_LABELS = {"incident-lab.test": "container"}
_PASSWORDS = ("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD")


@contextmanager
def postgres() -> Iterator[Address]:
    """The image's Postgres with its roles, and the small databases of `servers.postgres`."""
    environment = dict.fromkeys(_PASSWORDS, servers.PASSWORD)
    with _container("postgres", 5432, environment, servers.connects) as address:
        for database in ("shop", "shop_template", "reporting"):
            servers.execute(address, "postgres", f"alter database {database} is_template false")
            servers.execute(address, "postgres", f"drop database {database}")
        servers.execute(address, "postgres", "grant pg_read_all_data to analytics")
        servers.fill(address)
        yield address


@contextmanager
def redis_server() -> Iterator[Address]:
    """The image's Redis, with the password of `servers.redis_server`."""
    with _container("redis", 6379, {"REDIS_PASSWORD": servers.PASSWORD}, _pings) as address:
        yield address


@contextmanager
def _container(
    image: str, port: int, environment: Mapping[str, str], ready: Callable[[Address], object]
) -> Iterator[Address]:
    container = DockerContainer(_IMAGES[image], labels=_LABELS)
    ports: Any = {port: (_LOOPBACK,)}  # a free one, of the engine's choice
    container.with_envs(**environment).ports = ports

    def answers() -> bool:
        with suppress(psycopg.OperationalError, redis.RedisError):
            return bool(ready(address))
        return False

    with container:
        address = Address(_LOOPBACK, int(container.get_exposed_port(port)))
        await_until(answers, what=image, within_s=60, clock=SystemClock())
        yield address


def _pings(address: Address) -> bool:
    with redis.Redis(address.host, address.port, password=servers.PASSWORD) as client:
        return bool(client.ping())
