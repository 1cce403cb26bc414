"""A lab without processes for every test of an action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lab import double, servers

from labctl.actions import steps
from labctl.actions.change import Change, Role
from labctl.actions.perform import perform
from labctl.clock import SystemClock, await_until
from labctl.lab.fresh_data import fresh_databases
from labctl.lab.lab import Lab
from labctl.runtimes.base import Address
from labctl.runtimes.local import orphans

Do = Callable[..., Change]


@pytest.fixture(name="both")
def _both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lab, double.DoubleRuntime]:
    return double.lab(tmp_path, monkeypatch)


@pytest.fixture
def lab(both: tuple[Lab, double.DoubleRuntime]) -> Lab:
    return both[0]


@pytest.fixture
def runtime(both: tuple[Lab, double.DoubleRuntime]) -> double.DoubleRuntime:
    return both[1]


@pytest.fixture
def do(lab: Lab) -> Do:
    """Does a step in the lab, as the learner unless another role is given."""

    def done(action: str, *, role: Role = Role.LEARNER, **parameters: Any) -> Change:
        return perform(lab, steps.parse({action: parameters}), role=role, by="you")

    return done


@pytest.fixture(scope="module")
def server() -> Iterator[Address]:
    with servers.postgres() as address:
        yield address


@pytest.fixture
def shop(lab: Lab, runtime: double.DoubleRuntime, server: Address) -> Iterator[Lab]:
    """The lab on a real Postgres with new data, and afterwards neither a session nor a process of it."""
    runtime.addresses["postgres"] = server
    double.beside_processes(lab)
    yield lab
    fresh_databases(lab)
    await_until(lambda: not processes(lab), what="every client has ended", within_s=10, clock=SystemClock())


def processes(lab: Lab) -> list[Any]:
    """Those that bear this lab's label."""
    return orphans.find(lab.id, lab.folder / "data")


def ask(lab: Lab, query: str, *parameters: object) -> Any:
    """The first value that the shop's database gives."""
    with lab.sql() as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None
