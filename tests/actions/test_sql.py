"""sql: statements that change the database, on a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.actions.conftest import Do
from tests.lab import servers
from tests.lab.double import DoubleRuntime

from labctl.actions.change import State, changes
from labctl.actions.perform import undo
from labctl.errors import ActionRefused, FaultDidNotTake, LabError, UsageError
from labctl.lab.lab import Lab
from labctl.runtimes.base import Address

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _postgres(runtime: DoubleRuntime, server: Address) -> None:
    runtime.addresses["postgres"] = server


@pytest.fixture(scope="module")
def server() -> Iterator[Address]:
    with servers.postgres() as address:
        yield address


def names(lab: Lab) -> list[str]:
    with lab.sql() as shop:
        return [row[0] for row in shop.execute("select name from products where id <= 2 order by id")]


def test_statements_run_and_their_undo_takes_them_back(lab: Lab, do: Do) -> None:
    """Each is committed by itself."""
    change = do(
        "sql",
        do=["update products set name = 'a' where id = 1", "update products set name = 'b' where id = 2"],
        undo="update products set name = 'thing ' || id",
        verify="select count(*) = 1 from products where name = 'a'",
    )
    assert names(lab) == ["a", "b"]
    assert change.summary == "sql on shop: update products set name = 'a' where id = 1 …"
    assert (change.component, change.needs_reset) == ("postgres", False)
    undo(lab, change)
    assert names(lab) == ["thing 1", "thing 2"]


def test_without_an_undo_only_a_reset_takes_it_back(lab: Lab, do: Do) -> None:
    """The journal says so."""
    change = do("sql", do="analyze products")
    assert (change.undo, change.needs_reset, change.outstanding) == ((), True, True)


def test_a_statement_that_touches_no_row_changes_nothing(lab: Lab, do: Do) -> None:
    """It is refused, and nothing is outstanding."""
    with pytest.raises(ActionRefused, match="touched no row"):
        do("sql", do="delete from products where id < 0")
    (change,) = changes(lab.journal.read())
    assert (change.state, change.outstanding) == (State.REFUSED, False)


def test_what_postgres_says_is_told(do: Do) -> None:
    """With the statement it is about."""
    with pytest.raises(
        LabError, match=r'postgres says .*"product" does not exist.* to .delete from product.'
    ):
        do("sql", do="delete from product")


def test_an_effect_that_is_not_there_is_no_success(do: Do) -> None:
    """The proof is a query that must be true."""
    with pytest.raises(FaultDidNotTake, match="this is not true: select false"):
        do("sql", do="analyze products", verify="select false")


def test_users_may_do_what_they_may(lab: Lab, do: Do) -> None:
    """analytics reads and does not write."""
    with pytest.raises(LabError, match="permission denied"):
        do("sql", user="analytics", do="update products set name = 'x'")
    with pytest.raises(UsageError, match="user"):
        do("sql", user="root", do="select 1")
    assert names(lab) == ["thing 1", "thing 2"]
