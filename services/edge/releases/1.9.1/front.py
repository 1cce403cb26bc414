"""The door: who is let in, and what users experience, by journey."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.experience import BESIDE, Experience
from shared.errors import Refusal, TooMany, Unavailable
from shared.flags import flags
from shared.journeys import HEADER

Endpoint = Callable[[Request], Awaitable[Response]]
_in_flight = 0


def journey(name: str, path: str, method: str, endpoint: Endpoint) -> Route:
    """A route that belongs to a user journey: guarded, and measured as such unless a request says better."""

    async def guarded(request: Request) -> Response:
        global _in_flight  # noqa: PLW0603 (one process, one event loop, one door)
        beside = request.headers.get(HEADER, "")
        experience = Experience(beside if beside in BESIDE else name)
        request.state.experience = experience
        status = 500
        _in_flight += 1
        try:
            _admit(name)
            response = await endpoint(request)
            status = response.status_code
        except Refusal as refusal:
            status = refusal.status
            raise
        else:
            return response
        finally:
            _in_flight -= 1
            experience.answered(ok=status < 500 and status != 429)

    return Route(path, guarded, methods=[method], name=name)


def _admit(name: str) -> None:
    if flags.on("maintenance"):
        raise Unavailable("closed for maintenance", retry_after_s=60)
    if random.random() < flags.share(f"edge-shed-{name}"):  # noqa: S311 (a share, no secret)
        raise TooMany("too busy for this just now", retry_after_s=5)
    if _in_flight > flags.number("edge-max-in-flight"):
        raise Unavailable("too many requests at a time", retry_after_s=2)
