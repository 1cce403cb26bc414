"""The shop's front door over Locust's fast HTTP client: one connection per request, no retries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gevent.socket
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.response import HTTPSocketResponse
from geventhttpclient.url import URL
from locust.contrib.fasthttp import FastHttpSession, FastResponse

from load.journeys import Answer
from shared.discovery import resolve


class OneShot(HTTPClient):
    """Each request on a connection of its own, tried once.

    As many users as there are requests: with kept connections, requests would gather on those that
    a healthy replica gave back soon and avoid the ones that a sick replica sits on; a replica that
    ends would turn idle connections into errors that no user caused; and the library's own answer
    to a closed connection is to try again, thousands of times. It costs 0.2 ms of CPU per request.
    """

    def request(  # type: ignore[override]  # callers need no pool behind the answer
        self, method: str, request_uri: str, body: Any = None, headers: Any = None
    ) -> HTTPSocketResponse:
        sent = body.encode() if isinstance(body, str) else body or b""
        head = self._build_request(method, request_uri, body=sent, headers=headers)
        sock = self._connect()
        try:
            sock.sendall(head.encode("latin-1") + sent)
            # It closes the socket, also on errors, once the body was read.
            response = HTTPSocketResponse(sock, block_size=65536, method=method)
        except BaseException:
            sock.close()
            raise
        response._sent_request = head  # noqa: SLF001  # pooled ones have it
        return response

    def _connect(self) -> gevent.socket.socket:
        # The library's own look-up hands every name to a thread, even an address.
        error: OSError | None = None
        for address in resolve(f"{self.host}:{self.port}"):
            sock = gevent.socket.socket(gevent.socket.AF_INET, gevent.socket.SOCK_STREAM)
            try:
                sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError as refused:
                sock.close()
                error = refused
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise error or OSError(f"{self.host}:{self.port} has no address")


class OneShots(HTTPClientPool):
    """Locust asks a pool for its client; ours has one."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._client = OneShot.from_url(base_url)

    def get_client(self, url: str | URL) -> HTTPClient:  # noqa: ARG002  # there is one shop
        return self._client


class FrontDoor:
    """A `Door` over a Locust session; the time limit is the caller's gevent.Timeout."""

    _HEADERS: Mapping[str, str] = {"Connection": "close", "Accept-Encoding": "identity"}

    def __init__(self, session: FastHttpSession) -> None:
        self._session = session

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        data = None if body is None else json.dumps(body)
        extra = {**self._HEADERS, **(headers or {})}
        if data:
            extra["Content-Type"] = "application/json"
        response: FastResponse = self._session.request(method, path, data=data, headers=extra)
        if not response.status_code:
            return Answer(0, error=_reason(getattr(response, "error", None)))
        retry_after = response.headers is not None and "retry-after" in response.headers
        return Answer(response.status_code, response.content or b"", retry_after=retry_after)


def _reason(error: BaseException | None) -> str:
    """Why there was no answer, in few different sentences: they become keys of Locust's statistics."""
    return f"no answer ({type(error).__name__})" if error else "no answer"
