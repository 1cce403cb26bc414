"""The doorman: forms that are too long are turned away before anybody has read them."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.flags import flags


class Doorman:
    """Answers 413 to whoever announces more than `edge-form-limit` bytes; the rest never notices."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and announced(scope) > flags.number("edge-form-limit"):
            refusal = JSONResponse({"error": "the form is too long"}, 413)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def announced(scope: Scope) -> int:
    """The bytes of a request's body, as its head says."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
