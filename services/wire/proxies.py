"""All the proxies by name, and the errors that a caller of the API can make with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wire.proxy import Applied, Proxy, Resolve, Stream
from wire.toxics import KINDS, InvalidAttributes, build


class Refused(Exception):
    """A request that makes no sense; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Proxies:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._proxies: dict[str, Proxy] = {}

    def __iter__(self) -> Any:
        return iter(list(self._proxies.values()))

    def get(self, name: str) -> Proxy:
        try:
            return self._proxies[name]
        except KeyError:
            known = ", ".join(sorted(self._proxies)) or "none"
            raise Refused(404, f"there is no proxy {name!r}; there are {known}") from None

    async def create(
        self, name: str, listen: tuple[str, int], upstream: str, *, enabled: bool = True
    ) -> Proxy:
        if name in self._proxies:
            raise Refused(409, f"there is a proxy {name!r} already")
        proxy = Proxy(name, listen, upstream, self._resolve)
        if enabled:
            await _start(proxy)
        self._proxies[name] = proxy
        return proxy

    async def populate(
        self, name: str, listen: tuple[str, int], upstream: str, *, enabled: bool = True
    ) -> Proxy:
        """The proxy by this name, made anew unless it listens and forwards like this already."""
        if old := self._proxies.get(name):
            if (old.listen, old.upstream) == (listen, upstream):
                return old
            self.delete(name)
        return await self.create(name, listen, upstream, enabled=enabled)

    async def update(self, proxy: Proxy, listen: tuple[str, int], upstream: str, *, enabled: bool) -> None:
        """Change what differs; another address cuts the connections, disabled is a refused one."""
        if (listen, upstream) != (proxy.listen, proxy.upstream):
            proxy.stop()
            proxy.listen, proxy.upstream = listen, upstream
        if enabled:
            await _start(proxy)
        else:
            proxy.stop()

    def delete(self, name: str) -> None:
        self.get(name).stop()
        del self._proxies[name]

    async def reset(self) -> None:
        """Every proxy enabled, no toxic left."""
        for proxy in self:
            proxy.clear()
            await _start(proxy)


async def _start(proxy: Proxy) -> None:
    try:
        await proxy.start()
    except OSError as error:
        host, port = proxy.listen
        raise Refused(500, f"proxy {proxy.name!r} cannot listen on {host}:{port}: {error}") from None


def toxic(proxy: Proxy, name: str) -> Applied:
    try:
        return proxy.toxics[name]
    except KeyError:
        known = ", ".join(sorted(proxy.toxics)) or "none"
        raise Refused(404, f"there is no toxic {name!r} on {proxy.name!r}; there are {known}") from None


def add_toxic(proxy: Proxy, plain: Mapping[str, Any]) -> Applied:
    """Put a toxic on a proxy; by default on what clients get, on every connection."""
    stream = plain.get("stream") or Stream.DOWNSTREAM
    if stream not in list(Stream):
        raise Refused(400, f"stream is {stream!r}, neither upstream nor downstream")
    kind = plain.get("type")
    if kind not in KINDS:
        raise Refused(400, f"there is no toxic of type {kind!r}; there are {', '.join(KINDS)}")
    name = plain.get("name") or f"{kind}_{stream}"
    if name in proxy.toxics:
        raise Refused(409, f"there is a toxic {name!r} on {proxy.name!r} already")
    try:
        made = build(KINDS[kind], plain.get("attributes") or {})
    except InvalidAttributes as error:
        raise Refused(400, f"attributes of {kind}: {error}") from None
    applied = Applied(name, kind, Stream(stream), _toxicity(plain, 1.0), made)
    proxy.add(applied)
    return applied


def retune_toxic(proxy: Proxy, name: str, plain: Mapping[str, Any]) -> Applied:
    """Change attributes and toxicity of a toxic; what is not given stays."""
    old = toxic(proxy, name)
    try:
        made = build(KINDS[old.kind], plain.get("attributes") or {}, old.toxic)
    except InvalidAttributes as error:
        raise Refused(400, f"attributes of {old.kind}: {error}") from None
    applied = Applied(name, old.kind, old.stream, _toxicity(plain, old.toxicity), made)
    proxy.retune(applied)
    return applied


def _toxicity(plain: Mapping[str, Any], default: float) -> float:
    value = plain.get("toxicity", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Refused(400, f"toxicity is {value!r}, not a share from 0 to 1")
    return float(value)
