"""Status: components, users, alerts; as much as can be found out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.lab.double import DoubleRuntime

from labctl.desk import status as desk
from labctl.errors import CouldNotJudge
from labctl.lab.lab import Lab
from labctl.lab.reach import Unreachable
from labctl.slo.sli import Second, Tally

CHECKOUT = SimpleNamespace(journey="checkout", target=0.99)
HOME = SimpleNamespace(journey="home", target=0.99)


@pytest.fixture(autouse=True)
def _users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty seconds of checkouts, of which the first ten were bad, and nobody at home."""
    seconds = [
        Second(number, 0.0, {"checkout": Tally(10, 0, 0, 10) if number <= 10 else Tally(10, 9, 1)}, {}, 1.0)
        for number in range(1, 41)
    ]
    use(monkeypatch, "load", seconds=lambda **_: seconds)
    use(monkeypatch, "alertmanager", alerts=lambda: ["an alert"])
    monkeypatch.setattr(desk, "objectives", lambda: [CHECKOUT, HOME])


def use(monkeypatch: pytest.MonkeyPatch, part: str, **methods: Any) -> None:
    monkeypatch.setattr(Lab, part, SimpleNamespace(**methods))


def test_users_are_shown_over_the_last_half_minute(lab: Lab) -> None:
    """What was bad before that is over; a journey that nobody made has no share."""
    checkout, home = desk.status(lab).journeys
    assert (checkout.due, checkout.good_share, checkout.slow, checkout.bad) == (300, 0.9, 30, 0)
    assert (home.due, home.good_share) == (0, None)


def test_a_component_is_as_well_as_its_worst_replica(lab: Lab, runtime: DoubleRuntime) -> None:
    """Replicas are counted, restarts and kills added up."""
    runtime.apply(lab.wanted().edit("checkout", replicas=2))
    runtime.sick["checkout"] = "it dies at once"
    runtime.crash("checkout-2", oom=True)
    rows = {row.component: row for row in desk.status(lab).components}
    assert list(rows) == list(lab.stack.components)
    checkout = rows["checkout"]
    assert (checkout.state, checkout.ready, checkout.wanted, checkout.restarts, checkout.oom_kills) == (
        "backoff",
        1,
        2,
        1,
        1,
    )
    assert (rows["postgres"].state, rows["postgres"].release) == ("ready", None)


def test_a_component_without_replicas_is_absent(lab: Lab, runtime: DoubleRuntime) -> None:
    """It is still in the list."""
    runtime.apply(lab.wanted().edit("checkout", replicas=0))
    (row,) = [row for row in desk.status(lab).components if row.component == "checkout"]
    assert (row.state, row.ready, row.wanted, row.addresses) == ("absent", 0, 0, ())


def test_what_cannot_be_found_out_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is shown all the same."""

    def fails(error: Exception) -> Any:
        def fail(**_: int) -> None:
            raise error

        return fail

    use(monkeypatch, "load", seconds=fails(CouldNotJudge("load does not answer")))
    use(monkeypatch, "alertmanager", alerts=fails(Unreachable("alertmanager does not answer")))
    found = desk.status(lab)
    assert found.problems == ("load does not answer", "alertmanager does not answer")
    assert len(found.components) == len(lab.stack.components)


def test_a_third_partys_flags_are_not_shown(lab: Lab, runtime: DoubleRuntime) -> None:
    """Only what the shop itself has turned."""
    runtime.apply(lab.wanted().flag("bank-mood", "2").flag("maintenance", "on"))
    assert desk.status(lab).flags == {"maintenance": "on"}
