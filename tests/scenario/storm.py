"""Checkouts of release 2.5.0 in time that is only counted: `python -m tests.scenario.storm PLAN`.

Real are the edge's calls, the release's payments and the bank's line. In place of the network calls are
awaited, and go on when nobody waits for them any more; in place of Postgres there is a pool of connections
to a table that can be locked. PLAN is JSON, `{"seconds": 60, "events": [[5, "lock"], [11, "unlock"],
[20, {"edge-retries": "0"}], [30, "down"], [32, "up"]]}`. Prints for each second how many came, how many of
them were served as promised, and how often checkout asked the bank.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.scenario.counted_time import Clock, Loop, Network
from tests.services.chosen import Chosen

from bank import behaviour
from checkout import payments
from edge import dependency
from edge.dependency import Call, Dependency
from load.profiles import WEEKDAY
from shared import bank, discovery
from shared.bank import BankClient, Outcome
from shared.client import Answer, CallFailed, HttpClient
from shared.errors import Unavailable
from shared.flags import Declaration, declarations

CONNECTIONS, POOL_TIMEOUT_S, STATEMENT_TIMEOUT_S, STATEMENTS_S = 8, 3.0, 5.0, 0.006
PROMISED_S, WORKER_TIMEOUT_S, SETTLE_AFTER_S, SETTLED_AT_A_TIME = 1.0, 10.0, 5.0, 16
PAYMENT: Mapping[str, Any] = {"card": "card-ok-1", "amount_cents": 1}
ORDERS = import_module("checkout.ordering")  # the release's, which has more in it than the base's
_SERVICES = Path(behaviour.__file__).parents[1]


class Told(Chosen):
    """The flags of the shop and of the bank, as a test tells them."""

    def __init__(self, declared: dict[str, Declaration]) -> None:
        self._flags = declared
        self.values = {name: flag.parse(flag.default) for name, flag in declared.items()}

    def tell(self, chosen: dict[str, str]) -> None:
        self.values |= {name: self._flags[name].parse(value) for name, value in chosen.items()}


class Bank(Network):
    """The bank's own line and pace."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[int] = Counter()
        self._behaviour = behaviour.Behaviour()

    async def call(self, *_: object, timeout_s: float, **__: object) -> Answer:
        self.asked[int(_now_s())] += timeout_s < WORKER_TIMEOUT_S
        return await self.answer(self._charge(), timeout_s)

    async def _charge(self) -> Answer:
        try:
            await self._behaviour.take_time()
        except Unavailable:
            return Answer(503, b"", {})
        return Answer(201, b'{"charge": "ch-1"}', {})


class Checkout(Network):
    """Store, charge without a connection, store again; and the worker, who settles what was left open."""

    def __init__(self, client: BankClient) -> None:
        super().__init__()
        self.unlocked = asyncio.Event()
        self.unlocked.set()
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._bank, self._payments = client, payments.Payments(client)
        self._paid: set[str] = set()
        self._open: dict[str, float] = {}

    async def call(self, *_: object, timeout_s: float, headers: dict[str, str], **__: object) -> Answer:
        if self.down:
            raise CallFailed("no connection", reached=False)
        return await self.answer(self._place(headers["idempotency-key"]), timeout_s)

    async def _place(self, key: str) -> Answer:
        if not await self._statements():
            return Answer(503, b"", {})
        if key not in self._paid:
            self._open.setdefault(key, _now_s())
            patience_s = ORDERS.patience_s()
            charged = await self._payments.charge(**PAYMENT, key=key, order=1, patience_s=patience_s)
            if charged.outcome is Outcome.UNKNOWN or not await self._statements():
                return Answer(202, b"", {})
            self._close(key)
        return Answer(201, b"", {})

    async def settle(self) -> None:
        """What the worker does, for ever."""
        while True:
            old = [key for key, since_s in self._open.items() if _now_s() > since_s + SETTLE_AFTER_S]
            await asyncio.gather(*(self._settle(key) for key in old[:SETTLED_AT_A_TIME]))
            if not old:
                await asyncio.sleep(1.0)

    async def _settle(self, key: str) -> None:
        charged = await self._bank.charge(**PAYMENT, key=key, reference="1", timeout_s=WORKER_TIMEOUT_S)
        if charged.outcome is Outcome.CHARGED:
            self._close(key)
        elif key in self._open:
            self._open[key] = _now_s() - SETTLE_AFTER_S + 2.0

    def _close(self, key: str) -> None:
        self._paid.add(key)
        self._open.pop(key, None)

    async def _statements(self) -> bool:
        """Whether a connection was had in time and no lock outlasted a statement."""
        try:
            async with asyncio.timeout(POOL_TIMEOUT_S):
                await self._connections.acquire()
        except TimeoutError:
            return False
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT_S):
                await self.unlocked.wait()
            await asyncio.sleep(STATEMENTS_S)
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._connections.release()


class Crowd:
    """Buyers who come on schedule, through the edge."""

    def __init__(self, edge: Dependency, told: Told) -> None:
        self._edge, self._told = edge, told
        self.due: Counter[int] = Counter()
        self.good: Counter[int] = Counter()

    async def come(self) -> None:
        """For ever, a weekday's peak of them."""
        visits: set[asyncio.Task[None]] = set()
        for number in count(1):
            visit = asyncio.create_task(self._visit(f"order-{number}"))
            visits.add(visit)
            visit.add_done_callback(visits.discard)
            await asyncio.sleep(1 / WEEKDAY["checkout"])

    async def _visit(self, key: str) -> None:
        began_s = _now_s()
        self.due[int(began_s)] += 1
        if random.random() < self._told.share("edge-shed-checkout"):  # noqa: S311
            return
        call = Call(
            "POST",
            "/orders",
            self._told.seconds("edge-checkout-timeout"),
            headers={"idempotency-key": key},
            idempotent=True,
            keyed=True,
        )
        try:
            answer = await self._edge.call(call)
        except Unavailable:
            return
        self.good[int(began_s)] += answer.status < 300 and _now_s() - began_s <= PROMISED_S


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def play(told: Told, seconds: int, events: list[tuple[float, Any]]) -> list[tuple[int, int, int]]:
    """Of each second: how many came, how many of them were served as promised, how often checkout asked."""
    the_bank = Bank()
    checkout = Checkout(BankClient(cast("HttpClient", the_bank)))
    crowd = Crowd(Dependency("checkout", "checkout:8000", cast("HttpClient", checkout)), told)
    always = [asyncio.create_task(each) for each in (crowd.come(), checkout.settle())]
    for at_s, event in events:
        await asyncio.sleep(at_s - _now_s())
        match event:
            case "lock":
                checkout.unlocked.clear()
            case "unlock":
                checkout.unlocked.set()
            case "down":
                checkout.down = True
                for task in list(checkout.tasks):
                    task.cancel()
            case "up":
                checkout.down = False
            case _:
                told.tell(event)
    await asyncio.sleep(seconds + PROMISED_S - _now_s())  # so that all of them are known
    for endless in always:
        endless.cancel()
    return [(crowd.due[each], crowd.good[each], the_bank.asked[each]) for each in range(seconds)]


def main() -> None:
    plan = json.loads(sys.argv[1])
    logging.disable()
    random.seed(plan.get("seed", 1))
    told = Told(declarations((_SERVICES / "flags.toml", *sorted(_SERVICES.glob("*/flags.toml")))))
    loop = Loop(Clock())
    for module in (dependency, payments, bank):
        vars(module)["time"] = SimpleNamespace(monotonic=loop.time)
    for module in (dependency, ORDERS, payments, behaviour):
        vars(module)["flags"] = told
    vars(discovery)["resolve"] = lambda _: [("checkout", 8000)]
    seconds = loop.run_until_complete(play(told, plan["seconds"], plan["events"]))
    sys.stdout.write(json.dumps(seconds))
    sys.stdout.flush()
    os._exit(0)  # those who still wait for each other need not be told


if __name__ == "__main__":
    main()
