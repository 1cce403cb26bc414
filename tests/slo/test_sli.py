"""Seconds as labctl reads them."""

from __future__ import annotations

import pytest

from labctl.slo.sli import Second, Sli, Tally

PLAIN = {
    "second": 7,
    "wall_s": 100.5,
    "journeys": {"home": {"due": 6, "good": 3, "slow": 1, "bad": 1, "shed": 1}},
    "expected": {"home": 6.0},
    "late_p99_ms": 1.5,
}


def test_a_second_is_read_as_load_tells_it() -> None:
    """Number, time, counts, expectation and lateness."""
    assert Second.from_plain(PLAIN) == Second(7, 100.5, {"home": Tally(6, 3, 1, 1, 1)}, {"home": 6.0}, 1.5)


def test_a_look_keeps_the_order_of_seconds() -> None:
    """And says whose they are."""
    sli = Sli.from_plain({"run": "a", "now": 9, "seconds": [PLAIN, {**PLAIN, "second": 8}]})
    assert (sli.run, sli.now, [second.number for second in sli.seconds]) == ("a", 9, [7, 8])


@pytest.mark.parametrize("missing", list(PLAIN))
def test_half_a_second_is_no_second(missing: str) -> None:
    """A field that is missing is an error, never a zero."""
    with pytest.raises(KeyError):
        Second.from_plain({key: value for key, value in PLAIN.items() if key != missing})


def test_whatever_was_not_good_has_failed() -> None:
    """Slow, bad and shed alike."""
    tally = Tally(due=6, good=3, slow=1, bad=1, shed=1)
    assert (tally.failed, tally.failed_share) == (3, 0.5)
    assert Tally().failed_share == 0


def test_tallies_add_up() -> None:
    """Field by field."""
    assert Tally(2, 1, 1, 0, 0) + Tally(3, 0, 1, 1, 1) == Tally(5, 1, 2, 1, 1)
