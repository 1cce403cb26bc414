"""What a fault does to users, in the words of a proof."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from labctl.engine.machine import Drill, Phase
from labctl.proof import Grade
from labctl.proving import symptoms
from labctl.scenario.model import Expect
from tests.judge.traffic import OBJECTIVES, healthy, hurting

EXPECT = Expect(journey="checkout", red=20.0, page=None)


def after(injected: int, red: int, *seconds: Any) -> Any:
    """A driver that has seen these seconds."""
    drill = Drill(phase=Phase.RED, injected=injected, red=red)
    return SimpleNamespace(drill=drill, seconds=seconds, rules=SimpleNamespace(objectives=OBJECTIVES))


def test_what_users_felt_is_told_since_the_fault() -> None:
    """Seconds in which all was well before it do not make it look smaller."""
    check = symptoms.red(after(30, 31, *healthy(30), *hurting(1, first=31, failed=12)), EXPECT)
    assert check.outcome is Grade.PASSED
    assert check.said == "checkout 100.0% bad of 12 requests, red after 1 s of at most 20 s"


def test_a_fault_that_hurts_while_it_is_put_in_is_told_by_what_made_it_red() -> None:
    """A deploy takes seconds; users were red when it was done, and one good second is not what they felt."""
    seconds = (*healthy(24), *hurting(6, first=25, failed=10), *healthy(1, first=31))
    check = symptoms.red(after(30, 31, *seconds), EXPECT)
    assert check.outcome is Grade.PASSED
    assert check.said == "checkout 50.0% bad of 120 requests, red after 1 s of at most 20 s"
