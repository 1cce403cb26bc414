"""Redis: clients with timeouts of our own; the library's defaults can wait for a minute."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from shared import environment


def connect(variable: str, *, timeout_s: float, connections: int) -> Redis:
    """A client for the address in `variable`; REDIS_PASSWORD is its password.

    `timeout_s` bounds connecting and each answer. One retry, at once, and only for a connection
    that turns out to be dead: the server may have restarted while it was idle.
    """
    host, port = environment.address(variable)
    pool = BlockingConnectionPool(
        host=host,
        port=port,
        password=environment.text("REDIS_PASSWORD", "") or None,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 1.0),
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        health_check_interval=0,
        client_name=environment.REPLICA,
        max_connections=connections,
        timeout=timeout_s,  # how long a caller waits for a free connection
        decode_responses=True,
        protocol=2,
    )
    return Redis.from_pool(pool)
