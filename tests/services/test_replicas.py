"""Whose turn it is, and who is out."""

from __future__ import annotations

from collections import Counter

import pytest

from edge.replicas import Replicas
from edge.retries import RetryBudget
from shared.discovery import Endpoint

A, B, C = ("10.0.0.1", 8000), ("10.0.0.2", 8000), ("10.0.0.3", 8000)


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.endpoints: list[Endpoint] = [A, B, C]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def replicas(world: World) -> Replicas:
    return Replicas(lambda: world.endpoints, lambda: world.now)


def picks(replicas: Replicas, times: int = 12) -> Counter[Endpoint | None]:
    return Counter(replicas.pick(tried=(), probe_failures=2) for _ in range(times))


def bad_answers(replicas: Replicas, endpoint: Endpoint, times: int) -> list[bool]:
    return [replicas.answered(endpoint, well=False, eject_after=3, eject_for_s=5) for _ in range(times)]


def test_everyone_has_a_turn(replicas: Replicas) -> None:
    """Round robin shares calls equally."""
    assert picks(replicas) == {A: 4, B: 4, C: 4}


def test_failed_probes_take_a_replica_out_until_one_succeeds(replicas: Replicas) -> None:
    """One failed probe is forgiven, two are not, one success is enough to return."""
    replicas.known()
    replicas.probed(A, healthy=False)
    assert picks(replicas)[A] == 4
    replicas.probed(A, healthy=False)
    assert picks(replicas)[A] == 0
    assert replicas.out(probe_failures=2) == 1
    replicas.probed(A, healthy=True)
    assert picks(replicas)[A] == 4


def test_bad_answers_in_a_row_take_a_replica_out_for_a_while(replicas: Replicas, world: World) -> None:
    """Three bad answers in a row eject it, and time readmits it."""
    replicas.known()
    assert bad_answers(replicas, A, 3) == [False, False, True]
    assert picks(replicas)[A] == 0
    world.now = 5
    assert picks(replicas)[A] == 4


def test_a_good_answer_starts_the_row_again(replicas: Replicas) -> None:
    """Bad answers with good ones between them are no reason."""
    replicas.known()
    bad_answers(replicas, A, 2)
    replicas.answered(A, well=True, eject_after=3, eject_for_s=5)
    assert bad_answers(replicas, A, 2) == [False, False]


def test_ejection_can_be_off(replicas: Replicas) -> None:
    """With a limit of 0 no number of bad answers takes a replica out."""
    replicas.known()
    for _ in range(50):
        assert not replicas.answered(A, well=False, eject_after=0, eject_for_s=5)
    assert picks(replicas)[A] == 4


def test_when_all_are_out_all_are_asked(replicas: Replicas) -> None:
    """A sick replica is better than none."""
    for endpoint in replicas.known():
        replicas.probed(endpoint, healthy=False)
        replicas.probed(endpoint, healthy=False)
    assert picks(replicas) == {A: 4, B: 4, C: 4}


def test_a_replica_that_was_tried_is_not_picked_again(replicas: Replicas) -> None:
    """A further attempt goes elsewhere; when there is nowhere else, nowhere."""
    assert replicas.pick(tried={A, B}, probe_failures=2) == C
    assert replicas.pick(tried={A, B, C}, probe_failures=2) is None


def test_a_new_replica_begins_well(replicas: Replicas, world: World) -> None:
    """A replica that discovery names for the first time is in; one that is gone is forgotten."""
    replicas.known()
    bad_answers(replicas, A, 3)
    world.endpoints = [B]
    replicas.known()
    world.endpoints = [A, B]
    assert picks(replicas)[A] == 6


def test_the_retry_budget_is_a_share_of_first_attempts() -> None:
    """After its savings are spent, ten first attempts at 10 % buy one further attempt."""
    budget = RetryBudget()
    while budget.spend(0.1):
        pass
    for _ in range(9):
        budget.earn(0.1)
    assert not budget.spend(0.1)
    budget.earn(0.101)
    assert budget.spend(0.1)
    assert not budget.spend(0.1)


def test_a_budget_of_100_percent_is_no_limit() -> None:
    """Whoever wants a retry storm can have it."""
    budget = RetryBudget()
    assert all(budget.spend(1.0) for _ in range(1000))
