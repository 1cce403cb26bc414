"""When a page is due: from what users experienced, after something was broken."""

from __future__ import annotations

from dataclasses import replace

from labctl.engine.decide import Rules
from labctl.engine.theory import page_due
from labctl.slo.sli import Second, Tally

RULES = Rules("checkout", 1.0, {"checkout": 0.99}, 30.0, "CheckoutBudgetBurn", (), {})


def seconds(first: int, last: int, *, bad: bool) -> list[Second]:
    tally = Tally(10, 0, 0, 10) if bad else Tally(10, 10)
    return [
        Second(number, 1000.0 + number, {"checkout": tally}, {}, 1.0) for number in range(first, last + 1)
    ]


def test_it_is_due_once_both_windows_burn() -> None:
    """At 100 % failures after a quiet minute: when 14.4 % of 60 s have failed, which takes 9 s; or 6 % of
    what the long window has seen, whichever comes first."""
    seen = [*seconds(1, 60, bad=False), *seconds(61, 90, bad=True)]
    due = page_due(seen, RULES)
    assert due is not None
    assert 1062 < due <= 1071


def test_nobody_is_hurt_before_the_threshold_has_passed() -> None:
    """A user who may wait 3 s is hurt 3 s after coming, and so is the page due."""
    seen = [*seconds(1, 60, bad=False), *seconds(61, 90, bad=True)]
    at_once, patient = (page_due(seen, replace(RULES, threshold_s=each)) for each in (0.0, 3.0))
    assert at_once is not None
    assert patient == at_once + 3.0


def test_users_who_are_well_page_nobody() -> None:
    """However long one looks."""
    assert page_due(seconds(1, 400, bad=False), RULES) is None


def test_what_burned_before_the_fault_makes_no_page_due() -> None:
    """A start that hurt users is in the windows, and its own page is not the fault's."""
    seen = [*seconds(1, 10, bad=True), *seconds(11, 200, bad=False), *seconds(201, 230, bad=True)]
    due = page_due(seen, RULES, after=200)
    assert page_due(seen, RULES) == 1003.0
    assert due is not None
    assert due > 1201
