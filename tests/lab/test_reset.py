"""Reset: what the stack is brought back to, and that nothing less passes for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.lab import double

from labctl.errors import LabBusy, RuntimeFailed
from labctl.lab import lock
from labctl.lab import reset as resetting
from labctl.lab.lab import Lab
from labctl.lab.reach import Unreachable
from labctl.stack.compose import baseline
from labctl.stack.wanted import Limits, Wanted


@dataclass
class World:
    """A lab in which every step that needs servers only says that it was done."""

    lab: Lab
    runtime: double.DoubleRuntime
    done: list[str] = field(default_factory=list)
    seconds: int = 40
    alerts: list[SimpleNamespace] = field(default_factory=list)
    wire_is_down: bool = False


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(*double.lab(tmp_path, monkeypatch))

    def step(name: str) -> Callable[[Lab], None]:
        return lambda _: world.done.append(name)

    def links(lab: Lab) -> None:
        if world.wire_is_down and lab.wanted()["wire"].replicas == 0:
            raise Unreachable("wire does not answer")
        world.done.append("links")

    def poll(**_: int) -> SimpleNamespace:
        world.seconds += 2
        return SimpleNamespace(run="r1", now=world.seconds, seconds=())

    client = SimpleNamespace(alerts=lambda: world.alerts)
    monkeypatch.setattr(resetting, "heal_links", links)
    monkeypatch.setattr(resetting, "end_foreign_sessions", step("sessions"))
    monkeypatch.setattr(resetting, "fresh_databases", step("databases"))
    monkeypatch.setattr(resetting, "fresh_caches", step("caches"))
    monkeypatch.setattr(resetting, "await_answers", step("journeys"))

    def traffic(profile: str, rate: float) -> None:
        world.done.append(f"{rate:g} users")

    load = SimpleNamespace(poll=poll, set_profile=traffic, reset=lambda: world.done.append("load"))
    monkeypatch.setattr(Lab, "load", load)
    monkeypatch.setattr(Lab, "prometheus", client)
    monkeypatch.setattr(Lab, "alertmanager", client)
    return world


def test_the_stack_is_as_it_ships(world: World) -> None:
    """Release, settings, flags, limits and replicas; only counters go on."""
    wanted = world.lab.wanted().edit(
        "checkout", release="2.4.0", environment={"DB_POOL_MAX": "1"}, replicas=0
    )
    world.runtime.apply(wanted.edit("edge", limits=Limits(64, 0.1)).flag("maintenance", "on"))
    resetting.reset(world.lab)
    now, ships = world.lab.wanted(), baseline(world.lab.stack)
    assert now.flags == {}
    assert {
        name: replace(want, restarts=0, data=0) for name, want in now.components.items()
    } == ships.components


def test_services_start_anew_and_stores_do_not(world: World) -> None:
    """What a service remembers is gone; Postgres, Redis, wire and load go on; Prometheus forgets."""
    before = {each.component: each.identity for each in world.runtime.observe()}
    resetting.reset(world.lab)
    after = {each.component: each.identity for each in world.runtime.observe()}
    anew = {name for name in before if before[name] != after[name]}
    assert anew == {"edge", "catalog", "checkout", "worker", "bank", "prometheus", "alertmanager"}
    assert (world.lab.wanted()["prometheus"].data, world.lab.wanted()["postgres"].data) == (1, 0)


def test_nobody_comes_between_a_new_database_and_empty_streams(world: World) -> None:
    """An order placed there would be paid for, and its event gone."""
    resetting.reset(world.lab)
    order = [world.done.index(each) for each in ("0 users", "databases", "caches", "load", "journeys")]
    assert order == sorted(order)


def test_users_come_back_after_a_reset_that_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab without users would look healthy for ever."""

    def refuse(_: Lab) -> None:
        raise RuntimeFailed("postgres is gone")

    monkeypatch.setattr(resetting, "fresh_caches", refuse)
    with pytest.raises(RuntimeFailed):
        resetting.reset(world.lab)
    assert world.done[0] == "0 users"
    assert world.done[-1] == "load"


def test_the_seconds_it_took_are_journaled(world: World) -> None:
    """The judge skips them; and undo has nothing left to do."""
    done = resetting.reset(world.lab)
    (event,) = world.lab.journal.read()
    assert (event.kind, event.payload["run"], event.payload["first"], event.payload["last"]) == (
        "lab.reset",
        "r1",
        42,
        44,
    )
    assert (done.first, done.last) == (42, 44)


def test_data_comes_after_the_services_and_metrics_last(world: World) -> None:
    """A guilty release writes nothing into the new database; what the reset breaks nobody remembers."""
    resetting.reset(world.lab)
    assert world.done == [
        *("0 users", "links", "sessions"),
        *("links", "sessions", "databases", "caches", "load", "journeys"),
    ]
    assert world.runtime.applied[-1]["prometheus"].data == 1


def test_a_service_that_damaged_data_keeps_down_gets_new_data_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is started again with it."""
    apply, failures = world.runtime.apply, iter(["checkout"])

    def once(wanted: Wanted) -> None:
        apply(wanted)
        if next(failures, None):
            raise RuntimeFailed("checkout is not ready")

    monkeypatch.setattr(world.runtime, "apply", once)
    resetting.reset(world.lab)
    assert world.done.count("databases") == 2


def test_parts_that_are_down_are_no_obstacle(world: World) -> None:
    """They are started before anything is asked of them."""
    world.wire_is_down = True
    world.runtime.apply(world.lab.wanted().edit("wire", replicas=0))
    resetting.reset(world.lab)
    assert world.lab.wanted()["wire"].replicas == 1


def test_an_alert_that_stays_is_a_failure(world: World) -> None:
    """And nothing is journaled: the lab is not healthy."""
    world.alerts.append(SimpleNamespace(name="CheckoutBudgetBurn", state="firing"))
    with pytest.raises(resetting.ResetFailed, match="last seen: CheckoutBudgetBurn"):
        resetting.reset(world.lab)
    assert world.lab.journal.read() == []


def test_it_waits_for_a_change_under_way(world: World) -> None:
    """And gives up, naming who makes it."""
    with lock.apply(world.lab), pytest.raises(LabBusy, match="is being changed by process"):
        resetting.reset(world.lab)
