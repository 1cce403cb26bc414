"""Profiles: how many users come per second and journey, as pure functions of the second."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar

WEEKDAY: Mapping[str, float] = {
    "home": 6.0,
    "product": 10.0,
    "search": 6.0,
    "cart": 6.0,
    "checkout": 12.0,
    "order-status": 6.0,
    "account-history": 6.0,
}
"""Arrivals per second at a weekday's peak."""

JOURNEYS = tuple(WEEKDAY)
PEAK = sum(WEEKDAY.values())
HIGHEST = 2000.0

Rates = dict[str, float]


class InvalidProfile(ValueError):
    """A profile that cannot be; the message lists everything that is wrong with it."""


@dataclass(frozen=True)
class Profile:
    """`rate` is arrivals per second in all, mixed as on a weekday; 0 stops them."""

    name: ClassVar[str]

    rate: float = PEAK

    @abstractmethod
    def rates(self, second: int) -> Rates:
        """Arrivals per second of every journey in the `second`-th second of the profile, from 0."""

    def mistakes(self) -> list[str]:
        """What is wrong with the parameters beyond their being numbers from 0 up."""
        return []

    @property
    def dealer_share(self) -> float:
        """The share of account histories that are the dealer's, which is one large account."""
        return 0.0

    def _mixed(self, factor: float) -> Rates:
        return {journey: share / PEAK * self.rate * factor for journey, share in WEEKDAY.items()}


@dataclass(frozen=True)
class WeekdayPeak(Profile):
    """Busy and even, with many checkouts."""

    name = "weekday-peak"

    def rates(self, second: int) -> Rates:  # noqa: ARG002  # the same at all times
        return self._mixed(1.0)


@dataclass(frozen=True)
class Steady(Profile):
    """The same number of each journey."""

    name = "steady"

    def rates(self, second: int) -> Rates:  # noqa: ARG002  # the same at all times
        return {journey: self.rate / len(JOURNEYS) for journey in JOURNEYS}


@dataclass(frozen=True)
class Ramp(Profile):
    """From `start` to `rate` arrivals per second, evenly, over `seconds`; then it stays."""

    name = "ramp"

    start: float = 5.0
    seconds: float = 60.0

    def rates(self, second: int) -> Rates:
        share = min(1.0, second / self.seconds)
        return self._mixed((self.start + (self.rate - self.start) * share) / self.rate)

    def mistakes(self) -> list[str]:
        return ["seconds and rate must be above 0"] if not self.seconds or not self.rate else []


@dataclass(frozen=True)
class Burst(Profile):
    """`high` times the rate for `on` seconds, `low` times for `off` seconds, again and again."""

    name = "burst"

    high: float = 2.0
    low: float = 0.2
    on: float = 4.0
    off: float = 4.0

    def rates(self, second: int) -> Rates:
        return self._mixed(self.high if second % (self.on + self.off) < self.on else self.low)

    def mistakes(self) -> list[str]:
        return ["on must be above 0"] if not self.on else []


@dataclass(frozen=True)
class Surge(Profile):
    """`times` the rate from second `after`, for `seconds`; 0 seconds is for ever."""

    name = "surge"

    times: float = 10.0
    after: float = 0.0
    seconds: float = 0.0

    def rates(self, second: int) -> Rates:
        begun = second >= self.after
        ended = self.seconds and second >= self.after + self.seconds
        return self._mixed(self.times if begun and not ended else 1.0)


@dataclass(frozen=True)
class Wholesale(Profile):
    """As on a weekday's peak; but a dealer's own system asks for the dealer's history again and again."""

    name = "wholesale"

    share: float = 0.35

    def rates(self, second: int) -> Rates:  # noqa: ARG002  # the same at all times
        return self._mixed(1.0)

    def mistakes(self) -> list[str]:
        return ["share must be at most 1"] if self.share > 1 else []

    @property
    def dealer_share(self) -> float:
        return self.share


KINDS: Mapping[str, type[Profile]] = {
    kind.name: kind for kind in (WeekdayPeak, Steady, Ramp, Burst, Surge, Wholesale)
}


@dataclass(frozen=True)
class Traffic:
    """A profile, single journeys at rates of their own, and how arrivals are spaced.

    `beside` are journeys beside the shop's own with their rates at a weekday's peak: they come on top
    of the profile, and rise and fall with it.
    """

    profile: Profile
    journeys: Mapping[str, float]
    spacing: str = "even"
    beside: Mapping[str, float] = field(default_factory=dict)

    def rates(self, second: int) -> Rates:
        own = self.profile.rates(second)
        factor = sum(own.values()) / PEAK
        return {**own, **{name: rate * factor for name, rate in self.beside.items()}, **self.journeys}

    def plain(self) -> dict[str, Any]:
        extra = {"journeys": dict(self.journeys)} if self.journeys else {}
        return {"profile": self.profile.name, **asdict(self.profile), "spacing": self.spacing, **extra}


SPACINGS = ("even", "poisson")
DEFAULT = Traffic(WeekdayPeak(), {})


def parse(plain: Mapping[str, Any], beside: Mapping[str, float] = MappingProxyType({})) -> Traffic:
    """`{"profile": name, parameters…, "journeys": {journey: rate}, "spacing"}`; InvalidProfile."""
    rest = dict(plain)
    name, spacing, journeys = rest.pop("profile", None), rest.pop("spacing", "even"), rest.pop("journeys", {})
    if name not in KINDS:
        raise InvalidProfile(f"there is no profile {name!r}; there are {', '.join(KINDS)}")
    kind = KINDS[name]
    known = [field.name for field in fields(kind)]
    wrong = [f"{name} has no {key!r}; it has {', '.join(known)}" for key in rest if key not in known]
    wrong += [_not_a_rate(key, value) for key, value in rest.items() if not _is_rate(value)]
    if spacing not in SPACINGS:
        wrong.append(f"there is no spacing {spacing!r}; there are {', '.join(SPACINGS)}")
    wrong += _wrong_journeys(journeys, [*JOURNEYS, *beside])
    if not wrong:
        made = kind(**{key: float(value) for key, value in rest.items()})
        wrong = made.mistakes()
    if wrong:
        raise InvalidProfile("; ".join(wrong))
    return Traffic(made, {key: float(value) for key, value in journeys.items()}, spacing, beside)


def _wrong_journeys(journeys: Any, known: Sequence[str]) -> list[str]:
    if not isinstance(journeys, dict):
        return ["journeys must be an object of journey and arrivals per second"]
    return [
        f"there is no journey {key!r}; there are {', '.join(known)}" for key in journeys if key not in known
    ] + [_not_a_rate(key, value) for key, value in journeys.items() if not _is_rate(value)]


def _is_rate(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= HIGHEST


def _not_a_rate(key: str, value: Any) -> str:
    return f"{key} is {value!r}, not a number from 0 to {HIGHEST:g}"
