"""session: somebody's session stays in its transaction until it is ended, whatever becomes of labctl."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from tests.actions.conftest import Do, ask, processes

from labctl.actions import steps
from labctl.actions.change import Role, State, changes
from labctl.actions.perform import undo
from labctl.actions.session import states
from labctl.clock import SystemClock, await_until
from labctl.engine.phases import measure
from labctl.errors import ActionRefused, FaultDidNotTake, LabError, UsageError
from labctl.lab.fresh_data import end_foreign_sessions, fresh_databases
from labctl.lab.lab import Lab
from labctl.runtimes.base import Address
from labctl.runtimes.local import orphans
from labctl.scenario.asked import Invariant

WAITS = "select count(*) from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"
ENDS = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"


def becomes(lab: Lab, expected: list[str]) -> None:
    await_until(
        lambda: states(lab, "report") == expected,
        what=f"the session is {expected}",
        within_s=10,
        clock=SystemClock(),
        last_seen=lambda: str(states(lab, "report")),
    )


def opened(do: Do, /, **parameters: Any) -> Any:
    given = {"name": "report", "do": "select count(*) from products", **parameters}
    return do("session", role=Role.FAULT, **given)


@pytest.mark.integration
def test_it_stays_in_its_transaction_with_its_locks(shop: Lab, do: Do) -> None:
    """Under its own name and role, idle, with the lock that its last statement took."""
    change = opened(do, do=["select 1", "select count(*) from products"])
    assert states(shop, "report") == ["idle in transaction"]
    seen = "select usename || ' ' || query from pg_stat_activity where application_name = 'report'"
    assert ask(shop, seen) == "analytics begin; select 1; select count(*) from products"
    held = """
        select count(*) from pg_locks l join pg_stat_activity a using (pid)
        where a.application_name = 'report' and l.relation = 'products'::regclass and l.granted
          and l.mode = 'AccessShareLock'
    """
    assert ask(shop, held) == 1
    assert (change.state, change.component, change.needs_reset) == (State.DONE, "postgres", False)


@pytest.mark.integration
def test_undo_ends_it(shop: Lab, do: Do) -> None:
    """Session and process; and a second time there is nothing to do."""
    change = opened(do)
    undo(shop, change)
    assert states(shop, "report") == []
    await_until(lambda: not processes(shop), what="its process has ended", within_s=10, clock=SystemClock())
    assert undo(shop, change).state is State.UNDONE


@pytest.mark.integration
def test_the_learner_ends_it_with_sql(shop: Lab, do: Do) -> None:
    """pg_terminate_backend is enough, and it does not come back."""
    opened(do)
    do("sql", do=ENDS.replace("%s", "'report'"))
    becomes(shop, [])
    await_until(lambda: not processes(shop), what="its process has ended", within_s=10, clock=SystemClock())


@pytest.mark.integration
def test_one_who_waits_for_another_is_left_waiting_and_then_goes_on(shop: Lab, do: Do) -> None:
    """A migration behind a report: it waits, everybody behind it too; it ends when the report does."""
    report = opened(do)
    change = do(
        "session",
        name="migration",
        user="postgres",
        do="alter table products add column colour text",
        stays=False,
        role=Role.FAULT,
    )
    assert ask(shop, WAITS, "migration") == 1
    assert change.needs_reset
    with shop.sql(user="shop") as user:
        user.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            user.execute("select count(*) from products")
    undo(shop, report)
    await_until(
        lambda: not states(shop, "migration"), what="the migration is done", within_s=10, clock=SystemClock()
    )
    assert ask(shop, "select count(colour) from products") == 0
    fresh_databases(shop)


@pytest.mark.integration
def test_what_is_run_to_its_end_is_committed_and_gone(shop: Lab, do: Do) -> None:
    """Nothing to end; only a reset takes it back."""
    change = opened(do, user="shop", do=["insert into orders (state) values ('paid')"] * 2, stays=False)
    assert states(shop, "report") == []
    assert ask(shop, "select count(*) from orders") == 2
    assert change.needs_reset
    fresh_databases(shop)


@pytest.mark.integration
def test_what_postgres_says_is_told(shop: Lab, do: Do) -> None:
    """And no session is left; roles may do what they may."""
    with pytest.raises(LabError, match='"product" does not exist'):
        opened(do, do=["select 1", "select * from product"])
    becomes(shop, [])
    with pytest.raises(LabError, match="permission denied"):
        opened(do, do="lock table products in share mode")
    becomes(shop, [])


@pytest.mark.integration
def test_one_that_ends_its_own_transaction_is_no_success(shop: Lab, do: Do) -> None:
    """It holds nothing."""
    with pytest.raises(FaultDidNotTake, match="should be in a transaction, and it is idle"):
        opened(do, do=["select 1", "commit"])


@pytest.mark.integration
def test_there_is_one_of_a_name(shop: Lab, do: Do) -> None:
    """A second is refused, and so is the end of none."""
    with pytest.raises(ActionRefused, match="there is no session report"):
        opened(do, do=None)
    opened(do)
    with pytest.raises(ActionRefused, match="there is a session report already"):
        opened(do)
    opened(do, do=None)
    assert [change.state for change in changes(shop.journal.read())][-1] is State.DONE
    assert states(shop, "report") == []


@pytest.mark.integration
def test_a_reset_ends_it_without_its_undo(shop: Lab, do: Do) -> None:
    """As it ends what a person left open."""
    opened(do, user="postgres")
    end_foreign_sessions(shop)
    becomes(shop, [])


@pytest.mark.integration
def test_it_ends_with_the_labs_folder(shop: Lab, do: Do) -> None:
    """Whatever became of the rest."""
    opened(do)
    shop.folder.rename(shop.folder.with_name("gone"))
    try:
        becomes(shop, [])
    finally:
        shop.folder.with_name("gone").rename(shop.folder)


_KILLED = """
import json, os, signal, sys
from types import SimpleNamespace
from pathlib import Path
from labctl.actions import background
from labctl.runtimes.base import Address
given = json.load(sys.stdin)
address = Address(*given["address"])
lab = SimpleNamespace(id=given["id"], folder=Path(given["folder"]), secrets=given["secrets"],
                      runtime=SimpleNamespace(address=lambda _: address))
order = {"statements": ["lock table orders"], "database": "shop", "user": "postgres", "stays": True}
background.start(lab, "report", **order)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.integration
def test_it_outlives_a_killed_command_and_recover_finds_its_process(shop: Lab, server: Address) -> None:
    """Its process is the lab's by its label; killed itself, Postgres lets its locks go."""
    given = {
        "id": shop.id,
        "folder": str(shop.folder),
        "secrets": dict(shop.secrets),
        "address": [server.host, server.port],
    }
    done = subprocess.run(
        [sys.executable, "-c", _KILLED], input=json.dumps(given), text=True, env=os.environ, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert states(shop, "report") == ["idle in transaction"]
    assert len(processes(shop)) == 1
    assert orphans.end(shop.id, shop.folder / "data") == []
    becomes(shop, [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "report"}, "session lacks 'do'"),
        ({"name": "Report!", "do": "select 1"}, "name: .*pattern"),
        ({"name": "report", "do": "select 1", "user": "root"}, "user: "),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    """Before any lab is looked at."""
    with pytest.raises(UsageError, match=said):
        steps.parse({"session": given})


def test_nobody_announces_what_they_leave_open() -> None:
    """What is run to its end, such as a migration, colleagues know of."""
    left = steps.parse({"session": {"name": "report", "do": "select 1"}})
    migration = steps.parse({"session": {"name": "migration", "do": "select 1", "stays": False}})
    assert (left.told, migration.told) == (False, True)


@pytest.mark.integration
def test_an_invariant_behind_a_lock_is_unreadable_and_nobody_waits_for_ever(shop: Lab, do: Do) -> None:
    """Who judges gives up within seconds, and says why."""
    do("session", name="report", do="lock table orders in access exclusive mode", user="postgres")
    found = measure(shop, Invariant(say="no order", sql="select count(*) from orders", equals=0))
    assert found.measured is None
    assert "statement timeout" in (found.error or "")
