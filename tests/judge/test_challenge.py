"""The challenge: what it ignores, and what it then asks for."""

from __future__ import annotations

import pytest
from tests.judge.traffic import OBJECTIVES, healthy, hurting, second

from labctl.judge import Challenge, ChallengeKind, Colour, ignored_s


def restart(after: int = 100, ignore_s: float = 4.0) -> Challenge:
    return Challenge(ChallengeKind.RESTART, OBJECTIVES, after=after, ignore_s=ignore_s)


@pytest.mark.parametrize(
    ("kind", "restart_s", "expected"),
    [
        (ChallengeKind.RESTART, 1.5, 3.0),
        (ChallengeKind.RESTART, 30.0, 10.0),
        (ChallengeKind.HEAL, 2.0, 4.0),
        (ChallengeKind.REPLAY, 1.0, 20.0),
    ],
)
def test_what_is_ignored(kind: ChallengeKind, restart_s: float, expected: float) -> None:
    """Twice the baseline restart, 10 s at most; a replayed trigger has 20 s from its end."""
    assert ignored_s(kind, restart_s) == expected


def test_failures_while_ignored_do_not_count() -> None:
    """The restart itself may hurt users; what comes after may not."""
    seconds = [*hurting(4, first=101, failed=12), *healthy(25, first=105)]
    challenge = restart().feed_all(seconds)
    assert challenge.done
    assert challenge.reading.colour is Colour.GREEN
    assert (challenge.reading.first, challenge.reading.last) == (105, 129)


def test_failures_in_the_fresh_window_do() -> None:
    """It asks for the first fresh seconds, not for any later good ones."""
    seconds = [*healthy(4, first=101), *hurting(5, first=105), *healthy(60, first=110)]
    challenge = restart().feed_all(seconds)
    assert challenge.reading.colour is Colour.RED
    assert challenge.explain().startswith(
        "challenge restart: 25 s judged (at least 15 s and 150 requests each) after 4 s ignored; "
        "checkout 93.3 % of 99 %"
    )


def test_it_is_not_done_below_150_requests_of_each_journey() -> None:
    """15 s of order status at 6/s are 90 requests: it goes on to 25 s."""
    challenge = restart().feed_all(healthy(28, first=101))
    assert not challenge.done
    assert challenge.reading.colour is Colour.UNKNOWN
    assert challenge.feed_all(healthy(1, first=129)).done


def test_what_comes_after_it_is_done_changes_nothing() -> None:
    """A verdict does not depend on how long the driver went on feeding."""
    done = restart().feed_all(healthy(29, first=101))
    assert done.feed_all(hurting(20, first=130)) == done


def test_a_late_load_makes_the_window_longer() -> None:
    """Two late seconds of 25 are too many, of 40 they are not: wait for more, all of which count."""
    seconds = [second(n, late_p99_ms=80.0 if n in (110, 111) else 3.0) for n in range(101, 200)]
    challenge = restart().feed_all(seconds[:29])
    assert not challenge.done
    challenge = restart().feed_all(seconds)
    assert (challenge.done, challenge.reading.colour, len(challenge.seconds)) == (True, Colour.GREEN, 40)


def test_a_late_load_is_not_waited_for_where_users_suffered() -> None:
    """More seconds would thin the failures out: a window with too many of them is closed as it is."""
    hurt = hurting(1, first=112, failed=5)
    late = [second(n, late_p99_ms=80.0) for n in (110, 111)]
    seconds = [*healthy(9, first=101), *late, *hurt, *healthy(60, first=113)]
    challenge = restart().feed_all(seconds)
    assert (len(challenge.seconds), challenge.reading.colour) == (25, Colour.UNKNOWN)


def test_a_load_that_stays_late_is_not_waited_for_for_ever() -> None:
    """After four windows it is over, and nothing could be judged."""
    challenge = restart().feed_all([second(n, late_p99_ms=80.0) for n in range(101, 300)])
    assert (len(challenge.seconds), challenge.reading.colour) == (60, Colour.UNKNOWN)
