"""Why a stretch of seconds cannot be judged, whatever colour it seems to have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from labctl.slo.sli import Second, Tally

LATE_MS = 50.0
LATE_SHARE = 0.05
ARRIVALS_SHARE = 0.9
CLOCK_JUMP_S = 1.0


def problems(
    seconds: Sequence[Second], journeys: Collection[str], *, excluded: Sequence[range] = ()
) -> tuple[str, ...]:
    """Sentences, measured against required; empty when the seconds can be judged.

    `seconds` in the order in which they came, those of `excluded` already left out; `excluded` are
    the numbers that the engine's own resets took, so that they are no gap.
    """
    if not seconds:
        return ("no second of traffic was recorded",)
    return (
        *_order(seconds, excluded),
        *_lateness(seconds),
        *_arrivals(seconds, journeys),
    )


def on_time(seconds: Sequence[Second]) -> list[Second]:
    """Those in which the load kept its timetable."""
    return [second for second in seconds if second.late_p99_ms <= LATE_MS]


def only_late(
    seconds: Sequence[Second], journeys: Collection[str], *, excluded: Sequence[range] = ()
) -> bool:
    """Whether the load's lateness is all that is wrong with the evidence."""
    found = problems(seconds, journeys, excluded=excluded)
    return bool(found) and found == tuple(_lateness(seconds))


def _order(seconds: Sequence[Second], excluded: Sequence[range]) -> Iterable[str]:
    for before, after in pairwise(seconds):
        if after.number <= before.number:
            yield f"second {after.number} came after {before.number}: the load was restarted"
            continue
        missing = [
            n for n in range(before.number + 1, after.number) if not any(n in gone for gone in excluded)
        ]
        if missing:
            yield f"seconds {_span(missing[0], missing[-1])} are missing"
        jump_s = (after.wall_s - before.wall_s) - (after.number - before.number)
        if abs(jump_s) > CLOCK_JUMP_S:
            yield f"the clock jumped by {jump_s:+.1f} s at second {after.number}"


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def _lateness(seconds: Sequence[Second]) -> Iterable[str]:
    # One late second alone is never too many: 5 % of a short window is less than one. A late load
    # makes users look worse, never better.
    late = [second for second in seconds if not second.late_p99_ms <= LATE_MS]
    if len(late) > max(1.0, LATE_SHARE * len(seconds)):
        worst_ms = max(second.late_p99_ms for second in late)
        yield (
            f"the load was late in {len(late)} of {len(seconds)} s (p99 up to {worst_ms:.0f} ms, "
            f"over {LATE_MS:.0f} ms is allowed in {LATE_SHARE * 100:g} % of them)"
        )


def _arrivals(seconds: Sequence[Second], journeys: Collection[str]) -> Iterable[str]:
    seen = {name for second in seconds for name, tally in second.journeys.items() if tally.due}
    for name in sorted(seen - set(journeys)):
        yield f"{name} has arrivals and no objective"
    for name in sorted(journeys):
        due = sum(second.journeys.get(name, Tally()).due for second in seconds)
        expected = sum(second.expected.get(name, 0.0) for second in seconds)
        if not due:
            yield f"{name} had no arrivals in {len(seconds)} s"
        elif due < ARRIVALS_SHARE * expected - 1:  # where a window cuts an even schedule, one may be outside
            yield (
                f"{name} had {due} arrivals of {expected:.0f} expected in {len(seconds)} s "
                f"({due / expected * 100:.0f} % of at least {ARRIVALS_SHARE * 100:g} %)"
            )
