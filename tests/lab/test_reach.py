"""Clients: real servers, and errors that say which part did not answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from tests.lab import double, servers

from labctl.clock import SystemClock, await_until
from labctl.errors import UsageError
from labctl.lab.lab import Lab
from labctl.lab.reach import AlertmanagerClient, PrometheusClient, Unreachable
from labctl.runtimes.base import Address

Reached = Callable[..., Lab]


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    """A lab with these parts, by name; none of the others is there."""
    lab, runtime = double.lab(tmp_path, monkeypatch)

    def at(**addresses: Address) -> Lab:
        runtime.addresses.update({name.replace("_", "-"): where for name, where in addresses.items()})
        return lab

    return at


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda lab: lab.sql(), "postgres at 127.0.0.1:"),
        (lambda lab: lab.prometheus.query("up"), "prometheus at 127.0.0.1:"),
        (lambda lab: lab.alertmanager.alerts(), "alertmanager at 127.0.0.1:"),
    ],
)
def test_a_part_that_does_not_answer_is_named(
    reached: Reached, ask: Callable[[Lab], object], said: str
) -> None:
    """With its address and what to look at next."""
    with pytest.raises(Unreachable, match=said) as error:
        ask(reached())
    assert str(error.value.hint).startswith("labctl status")


def test_unknown_users_and_stores_are_mistakes(reached: Reached) -> None:
    """Not failures of a server."""
    with pytest.raises(UsageError, match="no Postgres user 'admin'"):
        reached().sql(user="admin")
    with pytest.raises(UsageError, match="'postgres' is no Redis server"):
        reached().redis("postgres")


@pytest.mark.integration
def test_each_user_gets_in_and_each_statement_is_committed(stores: ModuleType, reached: Reached) -> None:
    """A second connection sees what the first did."""
    with stores.postgres() as address:
        lab = reached(postgres=address)
        with lab.sql(user="shop") as ours, lab.sql(user="analytics") as theirs:
            ours.execute("insert into orders (state) values ('paid')")
            assert theirs.execute("select state, current_user from orders").fetchall() == [
                ("paid", "analytics")
            ]
        with pytest.raises(Unreachable, match="nonsense"):
            lab.sql("nonsense")


@pytest.mark.integration
def test_redis_answers_with_text(stores: ModuleType, reached: Reached) -> None:
    """With the lab's password."""
    with stores.redis_server() as address, reached(redis_cache=address).redis("redis-cache") as client:
        client.set("key", "value")
        assert client.get("key") == "value"


@pytest.mark.integration
def test_prometheus_tells_values_series_and_alerts() -> None:
    """And what it does not understand is a mistake of who asked."""
    with servers.prometheus() as address:
        client = PrometheusClient(address)
        assert [sample.value for sample in client.query("vector(3)")] == [3.0]
        assert [sample.value for sample in client.query("3")] == [3.0]
        now = SystemClock().wall()
        (series,) = client.query_range("vector(7)", start_s=now - 4, end_s=now, step_s=1)
        assert [value for _, value in series.points] == [7.0] * 5
        (alert,) = await_until(client.alerts, what="an alert", within_s=10, clock=SystemClock())
        assert (alert.name, alert.state, alert.labels["severity"]) == ("CheckoutBudgetBurn", "firing", "page")
        assert abs(alert.since_wall_s - now) < 30
        with pytest.raises(UsageError, match="does not understand"):
            client.query("rate(")


@pytest.mark.integration
def test_alertmanager_tells_what_would_page() -> None:
    """Nothing at first, then what it was told."""
    with servers.alertmanager() as address:
        client = AlertmanagerClient(address)
        assert client.alerts() == []
        told = [{"labels": {"alertname": "CheckoutBudgetBurn"}, "annotations": {"summary": "slow"}}]
        httpx.post(f"http://{address}/api/v2/alerts", json=told, trust_env=False).raise_for_status()
        (alert,) = await_until(client.alerts, what="an alert", within_s=10, clock=SystemClock())
        assert (alert.name, alert.state, alert.annotations) == (
            "CheckoutBudgetBurn",
            "active",
            {"summary": "slow"},
        )
