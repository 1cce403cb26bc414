"""The frame of every service: probes, metrics, access log, trace, and a graceful end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from shared import environment, errors, logs, metrics, trace

_LOG = logs.Log("access")
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_FINISH_WITHIN_S = 5


class Observed:
    """Joins the trace, counts, times and logs each request around an app; probes are left alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        trace.begin(_traceparent(scope))
        metrics.IN_FLIGHT.inc()
        began = perf_counter()
        try:
            await self._app(scope, receive, sending)
        finally:
            metrics.IN_FLIGHT.dec()
            _record(scope, status, perf_counter() - began)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = scope.get("route")
    name = route.name if isinstance(route, Route) else "unknown"
    metrics.REQUESTS.observe(name, seconds, ok=status < 500)
    _LOG.info(
        "request",
        span=trace.span(),
        parent=trace.parent(),
        method=scope["method"],
        path=scope["path"],
        route=name,
        status=status,
        ms=round(seconds * 1000, 1),
    )


def _traceparent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value, "latin-1")
    return None


def create(
    routes: Sequence[Route], *, lifespan: Lifespan[Starlette], ready: Callable[[], bool] = lambda: True
) -> Starlette:
    """An app with our routes and the probes; `ready` says cheaply whether this replica can serve."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready\n") if ready() else PlainTextResponse("not ready\n", status_code=503)

    for route in routes:
        metrics.REQUESTS.declare(route.name)
    probes: list[BaseRoute] = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics.page),
    ]
    return Starlette(
        routes=[*routes, *probes], lifespan=lifespan, exception_handlers={errors.Refusal: errors.answer}
    )


def run(app: Starlette) -> None:
    """Serve until SIGTERM, finish what is in flight (5 s at most), then exit 0."""
    logs.begin()
    # uvicorn raises the signal again once it has ended; by then that is a clean exit.
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    host, port = environment.text("LISTEN_HOST", "0.0.0.0"), environment.whole("SERVICE_PORT", 8000)  # noqa: S104
    logs.Log("app").info("starting", host=host, port=port)
    uvicorn.run(
        Observed(app),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,  # longer than our own clients keep a connection idle
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
    )


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
