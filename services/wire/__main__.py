"""`python -m wire`: the proxies of PROXIES, and the API on SERVICE_PORT, until SIGTERM."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from shared import environment, logs
from shared.discovery import resolve
from wire.api import Api
from wire.proxies import Proxies, Refused

DRAIN_S = 2.0
QUIET_S = 0.3
_PROXY = re.compile(r"(?P<name>[\w-]+)=(?P<port>\d+)>(?P<upstream>\S+:\d+)")
_LOG = logs.Log("wire")


class _Server(uvicorn.Server):
    """The API's server; the signals are ours, because the proxies must end before it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def declared(text: str) -> list[tuple[str, int, str]]:
    """`name=port>host:port …` as (name, port, upstream); SystemExit naming what it cannot read."""
    found = []
    for word in text.split():
        match = _PROXY.fullmatch(word)
        if not match:
            raise SystemExit(f"PROXIES: {word!r} is not name=port>host:port")
        found.append((match["name"], int(match["port"]), match["upstream"]))
    return found


async def serve() -> None:
    host = environment.text("LISTEN_HOST", "0.0.0.0")  # noqa: S104
    proxies = Proxies(resolve)
    try:
        for name, port, upstream in declared(environment.text("PROXIES", " ")):
            await proxies.create(name, (host, port), upstream)
    except Refused as refused:
        raise SystemExit(refused.message) from None
    api = _api_server(proxies, host)
    serving = asyncio.create_task(api.serve())
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    _LOG.info("started", proxies=len(list(proxies)))
    ended = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
    await drain(proxies)
    api.should_exit = True
    await serving


def _api_server(proxies: Proxies, host: str) -> _Server:
    config = uvicorn.Config(
        Api(proxies).app(),
        host=host,
        port=environment.whole("SERVICE_PORT", 8474),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


async def drain(proxies: Proxies, within_s: float = DRAIN_S) -> None:
    """Accept nothing more; let what is on its way arrive until all is quiet, then cut the rest."""
    for proxy in proxies:
        proxy.stop_accepting()
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within_s
    before = 0
    while before != (before := _traffic(proxies)) and loop.time() < give_up:
        await asyncio.sleep(QUIET_S)
    for proxy in proxies:
        proxy.stop()


def _traffic(proxies: Proxies) -> int:
    """A number that changes as long as anything moves; the same for ever without connections."""
    return sum(connection.bytes for proxy in proxies for connection in proxy.connections)


def main() -> None:
    logs.begin()
    uvloop.run(serve())


if __name__ == "__main__":
    main()
