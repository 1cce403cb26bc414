"""job: what runs again and again, as cron.job says, whatever becomes of labctl."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from tests.actions.conftest import Do, ask, processes
from tests.lab import servers
from tests.lab.double import DoubleRuntime

from labctl.actions import steps
from labctl.actions.change import State
from labctl.actions.perform import undo
from labctl.clock import SystemClock, await_until
from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.fresh_data import fresh_databases
from labctl.lab.lab import Lab

COUNTS = "insert into orders (state) values ('counted')"
ENDS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'cron'"


def counted(lab: Lab) -> int:
    found: int = ask(lab, "select count(*) from orders")
    return found


def goes_on(lab: Lab) -> None:
    """It has run twice more than now."""
    now = counted(lab)
    await_until(lambda: counted(lab) >= now + 2, what="two more runs", within_s=10, clock=SystemClock())


def set_up(do: Do, /, **parameters: Any) -> Any:
    return do("job", **{"name": "figures", "every": "200ms", "do": COUNTS, **parameters})


@pytest.mark.integration
def test_it_runs_again_and_again(shop: Lab, do: Do) -> None:
    """It has run when the action is done, and goes on; the table tells who, where and how it went."""
    change = set_up(do)
    assert counted(shop) >= 1
    goes_on(shop)
    row = "select name || ' ' || database || ' ' || username || ' ' || said from cron.job"
    assert ask(shop, row) == "figures shop shop ok"
    assert change.summary == "job figures: every 0.2s on shop as shop"
    assert (change.state, change.component, change.needs_reset) == (State.DONE, "postgres", False)


@pytest.mark.integration
def test_undo_removes_it(shop: Lab, do: Do) -> None:
    """No run and no process is left; a second undo finds nothing to do."""
    change = set_up(do)
    undo(shop, change)
    await_until(lambda: not processes(shop), what="its process has ended", within_s=10, clock=SystemClock())
    assert ask(shop, "select count(*) from cron.job") == 0
    assert undo(shop, change).state is State.UNDONE


@pytest.mark.integration
def test_a_change_keeps_the_rest_and_its_undo_restores_it(shop: Lab, do: Do) -> None:
    """Another period: the statements, the database and the role stay."""
    set_up(do, works="50ms")
    before = ask(shop, "select row(every, statements, works, database, username, active)::text from cron.job")
    change = do("job", name="figures", every="300ms")
    assert change.summary == "job figures: every 0.3s (was 0.2s)"
    undo(shop, change)
    after = ask(shop, "select row(every, statements, works, database, username, active)::text from cron.job")
    assert after == before
    goes_on(shop)


@pytest.mark.integration
def test_one_that_is_not_active_does_not_run(shop: Lab, do: Do) -> None:
    """And runs again when it is."""
    set_up(do)
    change = do("job", name="figures", active=False)
    now = counted(shop)
    assert ask(shop, "select set_at > ran_at or ran_at is null from cron.job") is True
    undo(shop, change)
    assert counted(shop) > now


@pytest.mark.integration
def test_it_holds_its_locks_while_its_client_works(shop: Lab, do: Do) -> None:
    """Between its statements and the commit; seen as a session of its name, idle in transaction."""
    set_up(do, do=["lock table orders in share mode", "select count(*) from orders"], works="300ms")
    held = """
        select string_agg(a.state || ' ' || l.mode, ' ') from pg_locks l join pg_stat_activity a using (pid)
        where a.application_name = 'figures' and l.relation = 'orders'::regclass and l.mode = 'ShareLock'
          and l.granted
    """
    found = await_until(lambda: ask(shop, held), what="its lock is seen", within_s=10, clock=SystemClock())
    assert found == "idle in transaction ShareLock"


@pytest.mark.integration
def test_who_writes_to_the_table_changes_the_next_run(shop: Lab, do: Do) -> None:
    """Another database, by SQL alone: the runs go there."""
    with shop.sql("reporting") as reporting:
        reporting.execute("drop table if exists orders")
        reporting.execute("create table orders (id serial primary key, state text)")
        reporting.execute("grant all on all tables in schema public to shop")
        reporting.execute("grant all on all sequences in schema public to shop")
    set_up(do)
    do("sql", do="update cron.job set database = 'reporting' where name = 'figures'")

    def there() -> int:
        with shop.sql("reporting") as reporting:
            row = reporting.execute("select count(*) from orders").fetchone()
        assert row
        return int(row[0])

    await_until(lambda: there() >= 2, what="two runs there", within_s=10, clock=SystemClock())


@pytest.mark.integration
def test_it_comes_back_after_its_sessions_were_ended(shop: Lab, do: Do) -> None:
    """As a batch does: ending one run, or losing the database for a moment, does not end the job."""
    set_up(do)
    do("sql", do=ENDS)
    goes_on(shop)


@pytest.fixture
def cache(shop: Lab, runtime: DoubleRuntime) -> Iterator[Lab]:
    """The lab on a real Redis as well."""
    with servers.redis_server() as address:
        runtime.addresses["redis-cache"] = address
        yield shop


def cached(lab: Lab, key: str) -> int:
    with lab.redis("redis-cache") as client:
        return int(str(client.get(key) or 0))


@pytest.mark.integration
def test_it_writes_to_the_cache_for_as_long_as_it_is_active(cache: Lab, do: Do) -> None:
    """Commands as for redis-cli; there it has its own name, and the table turns it off."""
    change = do(
        "job", name="offers", every="200ms", do=["incr runs", "set 'a name' x"], database="redis-cache"
    )
    assert change.summary == "job offers: every 0.2s on redis-cache"
    now = cached(cache, "runs")
    await_until(lambda: cached(cache, "runs") >= now + 2, what="two runs", within_s=10, clock=SystemClock())
    do("sql", do="update cron.job set active = false where name = 'offers'")
    seen: list[int] = []

    def stands() -> bool:
        seen.append(cached(cache, "runs"))
        return len(seen) > 10 and seen[-1] == seen[-10]

    await_until(stands, what="no further run", within_s=10, every_s=0.1, clock=SystemClock())
    with cache.redis("redis-cache") as client:
        assert client.get("a name") == "x"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("command", "said"), [("set one", "wrong number of arguments"), ("set 'one", "No closing quotation")]
)
def test_what_the_cache_says_is_told(cache: Lab, do: Do, command: str, said: str) -> None:
    """A command that it does not understand, and one that nobody could."""
    with pytest.raises(FaultDidNotTake, match=rf"redis-cache says .*{said}"):
        do("job", name="offers", every="200ms", do=command, database="redis-cache")


@pytest.mark.integration
def test_it_goes_on_when_the_cache_is_back(cache: Lab, do: Do, runtime: DoubleRuntime) -> None:
    """A cache that is away fails a run and ends no job."""
    do("job", name="offers", every="200ms", do="incr runs", database="redis-cache")
    with cache.redis("redis-cache") as client:
        client.config_set("requirepass", "another")
    said = "select said from cron.job where said <> 'ok'"
    await_until(lambda: ask(cache, said), what="a run fails", within_s=10, clock=SystemClock())
    address = runtime.addresses["redis-cache"]
    with redis.Redis(address.host, address.port, password="another") as client:  # noqa: S106
        client.config_set("requirepass", servers.PASSWORD)
    now = cached(cache, "runs")
    await_until(lambda: cached(cache, "runs") > now, what="a run", within_s=10, clock=SystemClock())


@pytest.mark.integration
def test_a_new_database_has_no_jobs(shop: Lab, do: Do) -> None:
    """A reset ends them without any undo."""
    change = set_up(do)
    fresh_databases(shop)
    await_until(lambda: not processes(shop), what="its process has ended", within_s=10, clock=SystemClock())
    assert counted(shop) == 0
    assert undo(shop, change).state is State.UNDONE


@pytest.mark.integration
def test_what_postgres_says_is_told(shop: Lab, do: Do) -> None:
    """A job that fails is no success."""
    with pytest.raises(FaultDidNotTake, match=r'postgres says .*"order" does not exist'):
        set_up(do, do='select * from "order"')


@pytest.mark.integration
def test_the_same_again_changes_nothing(shop: Lab, do: Do) -> None:
    """However the same time is written; a new one needs a period and statements, an old one must be there."""
    with pytest.raises(ActionRefused, match="there is no job figures; a new one takes every and do"):
        do("job", name="figures", active=False)
    with pytest.raises(ActionRefused, match="figures is so already"):
        do("job", name="figures", do=None)
    set_up(do)
    with pytest.raises(ActionRefused, match="figures is so already"):
        set_up(do, every="0.2s", works="0ms")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "job takes at least one of every"),
        ({"do": None, "every": "1s"}, "takes nothing but its name"),
        ({"every": "10ms"}, "'10ms' is too often"),
        ({"every": "often"}, "'often' is not a duration"),
        ({"works": "-1s"}, "must not be negative"),
        ({"database": "template1"}, "database: "),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    """Before any lab is looked at."""
    with pytest.raises(UsageError, match=said):
        steps.parse({"job": {"name": "figures", **given}})
