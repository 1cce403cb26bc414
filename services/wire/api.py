"""Toxiproxy's HTTP API over the proxies."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wire import proxies as wire
from wire.proxies import Proxies, Refused
from wire.proxy import Applied, Proxy
from wire.toxics import attributes

VERSION = "2.12.0"
"""The version of the API that this speaks, for clients that ask."""

Json = dict[str, Any]


class Api:
    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    def app(self) -> Starlette:
        proxy, toxics = "/proxies/{proxy}", "/proxies/{proxy}/toxics"
        routes = [
            Route("/version", self.version),
            Route("/reset", self.reset, methods=["POST"]),
            Route("/populate", self.populate, methods=["POST"]),
            Route("/proxies", self.list_proxies, methods=["GET"]),
            Route("/proxies", self.create_proxy, methods=["POST"]),
            Route(proxy, self.show_proxy, methods=["GET"]),
            Route(proxy, self.update_proxy, methods=["POST", "PATCH"]),
            Route(proxy, self.delete_proxy, methods=["DELETE"]),
            Route(toxics, self.list_toxics, methods=["GET"]),
            Route(toxics, self.create_toxic, methods=["POST"]),
            Route(toxics + "/{toxic}", self.show_toxic, methods=["GET"]),
            Route(toxics + "/{toxic}", self.update_toxic, methods=["POST", "PATCH"]),
            Route(toxics + "/{toxic}", self.delete_toxic, methods=["DELETE"]),
        ]
        return Starlette(routes=routes, exception_handlers={Refused: _refusal})

    async def version(self, _: Request) -> Response:
        return JSONResponse({"version": VERSION})

    async def reset(self, _: Request) -> Response:
        await self._proxies.reset()
        return Response(status_code=204)

    async def populate(self, request: Request) -> Response:
        wanted = [_proxy_from(plain) for plain in await _body(request, list)]
        made = [await self._proxies.populate(*where, enabled=enabled) for where, enabled in wanted]
        return JSONResponse({"proxies": [_plain(proxy) for proxy in made]}, status_code=201)

    async def list_proxies(self, _: Request) -> Response:
        return JSONResponse({proxy.name: _plain(proxy) for proxy in self._proxies})

    async def create_proxy(self, request: Request) -> Response:
        where, enabled = _proxy_from(await _body(request, dict))
        return JSONResponse(_plain(await self._proxies.create(*where, enabled=enabled)), status_code=201)

    async def show_proxy(self, request: Request) -> Response:
        return JSONResponse(_plain(self._proxy(request)))

    async def update_proxy(self, request: Request) -> Response:
        proxy = self._proxy(request)
        now = {"name": proxy.name, "upstream": proxy.upstream, "enabled": proxy.enabled}
        plain = {**now, "listen": _address(proxy.listen), **await _body(request, dict)}
        (_, listen, upstream), enabled = _proxy_from(plain)
        await self._proxies.update(proxy, listen, upstream, enabled=enabled)
        return JSONResponse(_plain(proxy))

    async def delete_proxy(self, request: Request) -> Response:
        self._proxies.delete(request.path_params["proxy"])
        return Response(status_code=204)

    async def list_toxics(self, request: Request) -> Response:
        return JSONResponse([_plain_toxic(applied) for applied in self._proxy(request).toxics.values()])

    async def create_toxic(self, request: Request) -> Response:
        proxy = self._proxy(request)
        return JSONResponse(_plain_toxic(wire.add_toxic(proxy, await _body(request, dict))))

    async def show_toxic(self, request: Request) -> Response:
        return JSONResponse(_plain_toxic(wire.toxic(self._proxy(request), request.path_params["toxic"])))

    async def update_toxic(self, request: Request) -> Response:
        proxy, name = self._proxy(request), request.path_params["toxic"]
        return JSONResponse(_plain_toxic(wire.retune_toxic(proxy, name, await _body(request, dict))))

    async def delete_toxic(self, request: Request) -> Response:
        proxy = self._proxy(request)
        proxy.remove(wire.toxic(proxy, request.path_params["toxic"]).name)
        return Response(status_code=204)

    def _proxy(self, request: Request) -> Proxy:
        return self._proxies.get(request.path_params["proxy"])


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse({"error": error.message, "status": error.status}, status_code=error.status)


async def _body(request: Request, kind: type[Any]) -> Any:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {error}") from None
    if not isinstance(body, kind):
        raise Refused(400, f"the body must be a JSON {'array' if kind is list else 'object'}")
    return body


def _proxy_from(plain: Any) -> tuple[tuple[str, tuple[str, int], str], bool]:
    """Name, listen and upstream, and whether it is enabled, as the API tells them."""
    if not isinstance(plain, dict):
        raise Refused(400, "a proxy must be a JSON object")
    for field in ("name", "upstream"):
        if not isinstance(plain.get(field), str) or not plain[field]:
            raise Refused(400, f"the proxy lacks {field}")
    enabled = plain.get("enabled", True)
    if not isinstance(enabled, bool):
        raise Refused(400, f"enabled is {enabled!r}, neither true nor false")
    return (plain["name"], _listen(plain.get("listen") or "127.0.0.1:0"), plain["upstream"]), enabled


def _listen(text: Any) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise Refused(400, f"listen is {text!r}, not host:port")
    return host.strip("[]"), int(port)


def _address(listen: tuple[str, int]) -> str:
    host, port = listen
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _plain(proxy: Proxy) -> Json:
    return {
        "name": proxy.name,
        "listen": _address(proxy.listen),
        "upstream": proxy.upstream,
        "enabled": proxy.enabled,
        "toxics": [_plain_toxic(applied) for applied in proxy.toxics.values()],
    }


def _plain_toxic(applied: Applied) -> Json:
    return {
        "name": applied.name,
        "type": applied.kind,
        "stream": str(applied.stream),
        "toxicity": applied.toxicity,
        "attributes": attributes(applied.toxic),
    }
