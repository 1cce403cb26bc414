"""The bank: `python -m bank`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bank.behaviour import Behaviour
from bank.ledger import Charge, Ledger, Outcome
from shared import app
from shared.errors import NotFound, Refusal, Unavailable


class Bank:
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._ledger = Ledger()

    def routes(self) -> list[Route]:
        return [
            Route("/charges", self.charge, methods=["POST"], name="charge"),
            Route("/charges", self.summary, methods=["GET"], name="summary"),
            Route("/charges/{key}", self.find, methods=["GET"], name="find"),
        ]

    async def charge(self, request: Request) -> Response:
        """201 when charged, 402 when declined; a repeated Idempotency-Key gets the first answer."""
        key = request.headers.get("idempotency-key")
        asked = await request.json()
        if not key:
            raise Refusal("a charge needs an Idempotency-Key")
        await self._behaviour.take_time()
        if self._behaviour.fails():
            raise Unavailable("temporarily unavailable")
        outcome = self._behaviour.outcome(str(asked["card"]))
        charge = self._ledger.add(key, str(asked["reference"]), int(asked["amount_cents"]), outcome)
        return _answer(charge, created=201)

    async def find(self, request: Request) -> Response:
        await self._behaviour.take_time()
        charge = self._ledger.find(request.path_params["key"])
        if charge is None:
            raise NotFound("no such charge")
        return _answer(charge, created=200)

    async def summary(self, _: Request) -> Response:
        """What was charged in all, and which references more than once."""
        ledger = self._ledger
        return JSONResponse(
            {
                "charged": ledger.charged(),
                "amount_cents": ledger.charged_cents(),
                "doubled": ledger.doubled(),
            }
        )


def _answer(charge: Charge, *, created: int) -> Response:
    body = {"charge": f"ch-{charge.number}", "outcome": charge.outcome, "amount_cents": charge.amount_cents}
    return JSONResponse(body, status_code=402 if charge.outcome is Outcome.DECLINED else created)


def create() -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield

    return app.create(Bank(Behaviour.from_environment()).routes(), lifespan=lifespan)


if __name__ == "__main__":
    app.run(create())
