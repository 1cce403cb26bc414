"""Shards: together they are the library, each scenario in exactly one, and the same on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.errors import UsageError
from labctl.proving.shard import Shard
from labctl.scenario.model import Scenario
from tests.engine.world import scenario

SMALL = scenario()


def library(families: list[int]) -> list[Scenario]:
    return [
        SMALL.model_copy(update={"id": f"s{number}", "family": f"f{family}"})
        for number, family in enumerate(families)
    ]


def ids(scenarios: list[Scenario]) -> list[str]:
    return [each.id for each in scenarios]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=12), st.integers(1, 6), st.randoms())
def test_each_scenario_is_in_exactly_one_shard(families: list[int], count: int, chance: object) -> None:
    """Whatever the library, the number of shards, and the order in which a machine lists its files."""
    scenarios = library(families)
    shuffled = list(scenarios)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    shards = [Shard(number, count).of(scenarios) for number in range(1, count + 1)]
    assert sorted(name for shard in shards for name in ids(shard)) == sorted(ids(scenarios))
    for number, shard in enumerate(shards, start=1):
        assert set(ids(Shard(number, count).of(shuffled))) == set(ids(shard))


def test_a_family_stays_together_while_it_fits() -> None:
    """Its evidence is executed in its siblings, which have to be in the same run."""
    scenarios = library([0, 1, 0, 1])
    halves = [{each.family for each in Shard(number, 2).of(scenarios)} for number in (1, 2)]
    assert sorted(map(sorted, halves)) == [["f0"], ["f1"]]


def test_work_is_shared_evenly() -> None:
    """One family that is the whole library is divided all the same."""
    assert sorted(len(Shard(number, 3).of(library([0] * 9))) for number in (1, 2, 3)) == [3, 3, 3]


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/3/5", "1 / 3"])
def test_what_is_no_shard_is_a_usage_error(text: str) -> None:
    """A machine that proves nothing by mistake must not pass."""
    with pytest.raises(UsageError, match="2/5"):
        Shard.parse(text)


def test_a_shard_is_written_as_number_of_how_many() -> None:
    """2/5 is the second of five."""
    assert Shard.parse("2/5") == Shard(2, 5)
