"""The HTTP client: explicit timeouts, kept connections, and the trace on every call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from shared import trace
from shared.calls import call

_CONNECT_WITHIN_S = 1.0
_KEEP_IDLE_S = 30.0


@dataclass(frozen=True)
class Answer:
    """A response whose body was read completely."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class CallFailed(Exception):
    """No answer came. `reached` tells whether the request may have arrived."""

    def __init__(self, message: str, *, reached: bool) -> None:
        super().__init__(message)
        self.reached = reached


class TimedOut(CallFailed):
    """No answer came in time."""


class HttpClient:
    """One per process, opened in its event loop and closed at its end."""

    _session: aiohttp.ClientSession

    def open(self) -> None:
        """Must run in the event loop."""
        # No limit here: aiohttp's is no bulkhead, because an idle connection skips it.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_IDLE_S, use_dns_cache=False)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    async def call(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        dependency: str | None = None,
    ) -> Answer:
        """One request, no retries; CallFailed or TimedOut when no answer came within `timeout_s`.

        `dependency` is whom the log says that was called, by default the address.
        """
        with call(dependency or urlsplit(url).netloc, f"{method} {urlsplit(url).path}") as made:
            sent = {"traceparent": trace.traceparent(made.span), **(headers or {})}
            if body is not None:
                sent.setdefault("content-type", "application/json")
            try:
                answer = await self._answer(method, url, body, sent, timeout_s)
            except CallFailed as error:
                made.tell(error=str(error))
                raise
            made.tell(status=answer.status)
            return answer

    async def _answer(
        self, method: str, url: str, body: bytes | None, sent: Mapping[str, str], timeout_s: float
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(timeout_s, _CONNECT_WITHIN_S))
        try:
            async with self._session.request(
                method, url, data=body, headers=sent, timeout=timeout, allow_redirects=False
            ) as response:
                return Answer(response.status, await response.read(), response.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise CallFailed(f"no connection: {error}", reached=False) from error
        except TimeoutError as error:
            raise TimedOut(f"no answer within {timeout_s:g} s", reached=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed(f"{type(error).__name__}: {error}", reached=True) from error

    async def close(self) -> None:
        await self._session.close()
