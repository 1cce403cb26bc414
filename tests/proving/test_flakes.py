"""Flakes are told with both runs' numbers, and nothing is tried again in silence."""

from __future__ import annotations

from labctl.proof import Check, Grade, Proof
from labctl.proving.flakes import flakes


def proof(run: int, *checks: Check) -> Proof:
    return Proof("pool-shrunk", "local", run=run, checks=list(checks))


def fix(outcome: Grade, said: str) -> Check:
    return Check("fix", "roll back", outcome, said)


def test_repeats_that_differ_are_a_flake_with_both_numbers() -> None:
    """Same scenario, same part: which run measured what."""
    found = flakes(
        [proof(1, fix(Grade.PASSED, "held 30 s of 30 s")), proof(2, fix(Grade.FAILED, "held 12 s of 30 s"))]
    )
    assert list(map(str, found)) == [
        (
            "pool-shrunk: fix roll back differs between repeats: run 1: passed, held 30 s of 30 s; "
            "run 2: failed, held 12 s of 30 s"
        )
    ]


def test_what_could_not_be_judged_once_is_a_flake_too() -> None:
    """And the earlier run comes first, whichever it was."""
    (found,) = flakes([proof(1, fix(Grade.UNJUDGED, "late")), proof(2, fix(Grade.PASSED, "held"))])
    assert "run 1: could not judge, late; run 2: passed, held" in str(found)


def test_repeats_that_agree_are_none() -> None:
    """Twice good is proven; twice bad is broken, and no flake."""
    for grade in (Grade.PASSED, Grade.FAILED):
        assert flakes([proof(1, fix(grade, "a")), proof(2, fix(grade, "b"))]) == []


def test_the_same_check_of_two_attempts_is_compared_with_its_own() -> None:
    """Red of the first injection against red of the first, not of the second."""
    red = Check("red", "checkout", Grade.PASSED, "3 s")
    late = Check("red", "checkout", Grade.FAILED, "25 s")
    assert flakes([proof(1, red, late), proof(2, red, late)]) == []
    assert len(flakes([proof(1, red, late), proof(2, red, red)])) == 1


def test_what_was_not_tried_differs_from_nothing() -> None:
    """It measured nothing."""
    assert flakes([proof(1, fix(Grade.NOT_TRIED, "")), proof(2, fix(Grade.PASSED, "held"))]) == []
