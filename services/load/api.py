"""What load tells and is told over HTTP: seconds, traffic, ledger. Answers are small or come in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from load.ledger import Ledger
from load.pace import Pace
from load.profiles import KINDS, InvalidProfile, parse

PIECE = 200  # orders encoded at a time: about a millisecond in which nobody can be sent

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Environ = dict[str, Any]


class Refused(Exception):
    """A request that makes no sense."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Api:
    """A WSGI application; `breathe` lets others run between two pieces of a long answer."""

    def __init__(
        self, run: str, pace: Pace, ledger: Ledger, breathe: Callable[[], None] = lambda: None
    ) -> None:
        self._run = run
        self._pace = pace
        self._ledger = ledger
        self._breathe = breathe
        self._routes: dict[tuple[str, str], Callable[[Environ], Iterable[bytes]]] = {
            ("GET", "/healthz"): self.healthz,
            ("GET", "/sli"): self.sli,
            ("GET", "/profile"): self.profile,
            ("PUT", "/profile"): self.set_profile,
            ("DELETE", "/profile"): self.default_profile,
            ("GET", "/ledger"): self.ledger,
            ("DELETE", "/ledger"): self.forget,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = self._route(environ)(environ)
        except Refused as refused:
            start_response(refused.status, [("Content-Type", "application/json")])
            return [_json({"error": refused.message})]
        start_response("200 OK", [("Content-Type", "application/json")])
        return body

    def _route(self, environ: Environ) -> Callable[[Environ], Iterable[bytes]]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route := self._routes.get((method, path)):
            return route
        known = ", ".join(f"{method} {path}" for method, path in self._routes)
        raise Refused("404 Not Found", f"there is no {method} {path}; there are {known}")

    def healthz(self, _: Environ) -> Iterable[bytes]:
        if not self._pace.seconds.now:
            raise Refused("503 Service Unavailable", "no user has come yet")
        return [_json({"run": self._run, "now": self._pace.seconds.now})]

    def sli(self, environ: Environ) -> Iterable[bytes]:
        """Final seconds after `after`, in order: `{"run", "now", "seconds": […]}`."""
        head = json.dumps({"run": self._run, "now": self._pace.seconds.now})[:-1]
        seconds = b",".join(self._pace.seconds.after(_after(environ)))
        return [head.encode() + b', "seconds": [' + seconds + b"]}"]

    def profile(self, _: Environ) -> Iterable[bytes]:
        now = self._pace.seconds.now
        traffic = self._pace.traffic
        return [
            _json(
                {
                    **traffic.plain(),
                    "since": self._pace.since,
                    "expected": traffic.rates(max(0, now - self._pace.since)),
                    "known": list(KINDS),
                }
            )
        ]

    def set_profile(self, environ: Environ) -> Iterable[bytes]:
        try:
            plain = json.loads(environ["wsgi.input"].read())
            if not isinstance(plain, dict):
                raise InvalidProfile("a profile is a JSON object")
            self._pace.change(parse(plain, beside=self._pace.usual.beside))
        except ValueError as error:  # InvalidProfile is one
            raise Refused("400 Bad Request", str(error)) from None
        return self.profile(environ)

    def default_profile(self, environ: Environ) -> Iterable[bytes]:
        self._pace.change(self._pace.usual)
        return self.profile(environ)

    def ledger(self, environ: Environ) -> Iterable[bytes]:
        """Orders of the last hour with a sequence number above `after`: `{"run", "orders": […]}`."""
        return self._ledger_pieces(_after(environ))

    def _ledger_pieces(self, after: int) -> Iterator[bytes]:
        yield json.dumps({"run": self._run})[:-1].encode() + b', "orders": ['
        orders = self._ledger.after(after)
        for first in range(0, len(orders), PIECE):
            piece = b",".join(_json(order.plain()) for order in orders[first : first + PIECE])
            yield b"," + piece if first else piece
            self._breathe()
        yield b"]}"

    def forget(self, _: Environ) -> Iterable[bytes]:
        """The shop's data was replaced: no order of before counts any more."""
        self._ledger.forget()
        return [_json({"run": self._run})]


def _after(environ: Environ) -> int:
    text = parse_qs(environ.get("QUERY_STRING", "")).get("after", ["0"])[-1]
    if not text.isdigit():
        raise Refused("400 Bad Request", f"after is {text!r}, not a whole number")
    return int(text)


def _json(plain: Any) -> bytes:
    return json.dumps(plain, separators=(",", ":")).encode()
