"""Stores: their own clients, and single questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lab import servers
from tests.lab.double import DoubleRuntime

from labctl.desk import query, stores
from labctl.errors import UsageError
from labctl.lab.lab import Lab
from labctl.lab.reach import Sample


def test_passwords_are_in_the_environment_and_never_in_the_arguments(lab: Lab) -> None:
    """Arguments are there for every user of the machine to see."""
    for session in (stores.psql(lab, "shop", "shop"), stores.redis_cli(lab, "redis-queue")):
        assert servers.PASSWORD in session.environment.values()
        assert servers.PASSWORD not in " ".join(session.argv)
        assert session.argv[0] in ("psql", "redis-cli")


def test_unknown_users_and_stores_are_mistakes(lab: Lab) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match="no Postgres user"):
        stores.psql(lab, "shop", "root")
    with pytest.raises(UsageError, match="no Redis server"):
        stores.redis_cli(lab, "postgres")


@pytest.mark.integration
def test_a_statement_answers_with_a_table(postgres: Lab) -> None:
    """Or with Postgres' own words."""
    table = stores.statement(postgres, "select id, name from products where id < 3 order by id")
    assert (table.columns, table.rows) == (("id", "name"), ((1, "thing 1"), (2, "thing 2")))
    table = stores.statement(postgres, "update products set name = 'x' where id < 4", user="shop")
    assert (table.columns, table.rows, table.status) == ((), (), "UPDATE 3")
    with pytest.raises(UsageError, match='relation "product" does not exist'):
        stores.statement(postgres, "select * from product")


@pytest.mark.integration
def test_a_command_answers_with_what_redis_says(lab: Lab, runtime: DoubleRuntime) -> None:
    """Mistakes in Redis' own words."""
    with servers.redis_server() as address:
        runtime.addresses["redis-cache"] = address
        assert stores.command(lab, "redis-cache", ["set", "key", "value"]) is True
        assert stores.command(lab, "redis-cache", ["get", "key"]) == "value"
        with pytest.raises(UsageError, match="unknown command"):
            stores.command(lab, "redis-cache", ["gte", "key"])
        with pytest.raises(UsageError, match="which command"):
            stores.command(lab, "redis-cache", [])


@pytest.mark.integration
def test_prometheus_answers_with_rows(lab: Lab, runtime: DoubleRuntime) -> None:
    """The largest first; a range has a point per step."""
    with servers.prometheus() as address:
        runtime.addresses["prometheus"] = address
        text = (
            'label_replace(vector(1), "size", "s", "", "") or label_replace(vector(9), "size", "l", "", "")'
        )
        assert [(row.labels["size"], row.value) for row in query.instant(lab, text)] == [
            ("l", 9.0),
            ("s", 1.0),
        ]
        (series,) = query.over(lab, "vector(2)", last_s=10, step_s=2)
        assert [value for _, value in series.points] == [2.0] * 6


def test_a_series_is_named_as_prometheus_writes_it() -> None:
    """Name first, labels in order."""
    row = Sample({"__name__": "up", "job": "edge", "instance": "edge-1"}, 1.0, 0.0)
    assert query.title(row.labels) == 'up{instance="edge-1", job="edge"}'
    assert query.title({"__name__": "up"}) == "up"
    assert query.title({}) == "{}"


@pytest.fixture
def postgres(lab: Lab, runtime: DoubleRuntime) -> Iterator[Lab]:
    with servers.postgres() as address:
        runtime.addresses["postgres"] = address
        yield lab
