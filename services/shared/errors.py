"""What goes wrong on the way to a dependency, and what our own caller is told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """A request that is answered with an error on purpose."""

    status = 400

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class NotFound(Refusal):
    status = 404


class Conflict(Refusal):
    status = 409


class TooMany(Refusal):
    status = 429


class Unavailable(Refusal):
    """A dependency did not answer, or not in time: the caller may try again."""

    status = 503


async def answer(_: Request, error: Exception) -> Response:
    """The JSON answer for a Refusal."""
    if not isinstance(error, Refusal):
        raise error
    headers = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return JSONResponse({"error": error.message}, status_code=error.status, headers=headers)
