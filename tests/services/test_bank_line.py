"""The line at the bank."""

from __future__ import annotations

import asyncio

import pytest

from bank.line import Line
from shared.errors import Unavailable


class Counter:
    """People in a line, each served until they are let go."""

    def __init__(self, at_a_time: int, waiting: int = 100) -> None:
        self.line = Line()
        self.limits = {"at_a_time": at_a_time, "waiting": waiting}
        self.served: list[str] = []
        self.leaves: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        for name in names:
            self.leaves[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._visit(name))
        await self.settle()

    async def leave(self, name: str) -> None:
        self.leaves[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _visit(self, name: str) -> None:
        async with self.line.turn(**self.limits):
            self.served.append(name)
            await self.leaves[name].wait()


async def test_so_many_are_served_at_a_time_and_the_others_in_order() -> None:
    """Whoever leaves makes room for the first who waits."""
    counter = Counter(at_a_time=2)
    await counter.come("a", "b", "c", "d")
    assert counter.served == ["a", "b"]
    await counter.leave("b")
    await counter.leave("a")
    assert counter.served == ["a", "b", "c", "d"]
    await counter.leave("c")
    await counter.come("e")
    assert counter.served[-1] == "e"


async def test_without_a_limit_everybody_is_served() -> None:
    """0 places are no counter with nobody at it."""
    counter = Counter(at_a_time=0, waiting=0)
    await counter.come(*"abcdefgh")
    assert counter.served == [*"abcdefgh"]


async def test_who_finds_the_line_too_long_is_sent_away() -> None:
    """At once, and without a place in it."""
    counter = Counter(at_a_time=1, waiting=1)
    await counter.come("a", "b", "c")
    with pytest.raises(Unavailable):
        await counter.tasks["c"]
    await counter.leave("a")
    assert counter.served == ["a", "b"]
    await counter.come("d")
    await counter.leave("b")
    assert counter.served == ["a", "b", "d"]


async def test_who_is_taken_out_of_the_line_holds_up_nobody() -> None:
    """Neither while they wait, nor when their turn has just come."""
    counter = Counter(at_a_time=1)
    await counter.come("a", "b", "c", "d")
    counter.tasks["b"].cancel()
    await counter.settle()
    counter.leaves["a"].set()
    while "c" not in counter.served:
        await counter.settle()
    counter.leaves["c"].set()
    await asyncio.sleep(0)
    counter.tasks["d"].cancel()
    await counter.settle()
    await counter.come("e")
    assert counter.served[-1] == "e"
