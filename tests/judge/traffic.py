"""Seconds of traffic for tests of the judge: healthy by default, hurt where a test says so."""

from __future__ import annotations

from collections.abc import Mapping

from labctl.slo.sli import Second, Tally

RATES: Mapping[str, int] = {"checkout": 12, "product": 10, "order-status": 6}
OBJECTIVES: Mapping[str, float] = dict.fromkeys(RATES, 0.99)


def second(
    number: int,
    *,
    failed: Mapping[str, int] | None = None,
    due: Mapping[str, int] | None = None,
    late_p99_ms: float = 3.0,
    wall_s: float | None = None,
) -> Second:
    """One second in which `failed` requests of a journey were bad and all others good."""
    arrivals = {**RATES, **(due or {})}
    hurt = failed or {}
    return Second(
        number=number,
        wall_s=1_700_000_000.0 + number if wall_s is None else wall_s,
        journeys={
            name: Tally(due=n, good=n - hurt.get(name, 0), bad=hurt.get(name, 0))
            for name, n in arrivals.items()
        },
        expected={name: float(rate) for name, rate in RATES.items()},
        late_p99_ms=late_p99_ms,
    )


def healthy(count: int, *, first: int = 1) -> list[Second]:
    return [second(number) for number in range(first, first + count)]


def hurting(count: int, *, first: int = 1, journey: str = "checkout", failed: int = 4) -> list[Second]:
    """Seconds in each of which some requests of one journey failed; 4 of 12 by default."""
    return [second(number, failed={journey: failed}) for number in range(first, first + count)]
