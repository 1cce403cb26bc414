"""The crowd: a Locust user that sends each arrival when it is due, however slow the answers are."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent import Timeout
from locust import FastHttpUser, task
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from load.door import FrontDoor, OneShots
from load.journeys import Bad, Shed, Visit
from load.keys import Keys
from load.ledger import Ledger
from load.pace import Pace
from load.promises import Promise
from load.seconds import Fate
from load.tastes import star_share
from shared.logs import Log

_LOG = Log("load")
_NOBODYS: Any = EventHook()  # type: ignore[no-untyped-call]
LEAVE_GARBAGE_BELOW = 20_000  # new objects between two collections


class Crowd(FastHttpUser):
    """All users of the shop as one Locust user; what is declared below is set by `main`.

    Locust's own waiting times pace a user by its answers: a stalled shop would see fewer requests,
    and users who could not even ask would not be counted. Here nobody waits for anybody.
    """

    fixed_count = 1
    pace: Pace
    ledger: Ledger
    promises: Mapping[str, Promise]
    journeys: Mapping[str, Callable[[Visit], None]]

    def __init__(self, environment: Any) -> None:
        self.client_pool = OneShots(str(environment.host))
        super().__init__(environment)
        session: FastHttpSession = self.client
        session.request_event = _NOBODYS  # users feel journeys, not requests
        session.client.cookiejar = None
        session.client.max_redirects = 0  # an answer is judged as it is
        self._door = FrontDoor(session)
        self._keys = Keys()
        self._count = 0
        self._complained: set[str] = set()
        self._random = random.Random(self.ledger.run)  # noqa: S311

    @task
    def come(self) -> None:
        """Send arrivals for ever."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(LEAVE_GARBAGE_BELOW, 20, 100)
        while True:
            _sleep_until(self.pace.next_begins_s)
            for due_s, second, journey in self.pace.begin_second():
                _sleep_until(due_s)
                gevent.spawn(self._visit, second, journey, due_s)

    def _visit(self, second: int, journey: str, due_s: float) -> None:
        late_s = time.monotonic() - due_s
        promise = self.promises[journey]
        fate, error = Fate.BAD, None
        left_s = promise.deadline_s - late_s
        if left_s > 0:
            with Timeout(left_s, False):  # False: the block ends quietly
                fate, error = self._come_in(journey)
        took_s = time.monotonic() - due_s
        if fate is Fate.GOOD and took_s > promise.threshold_s:
            fate = Fate.SLOW if took_s < promise.deadline_s else Fate.BAD
        self.pace.seconds.settle(second, journey, fate, late_s)
        self._report(journey, took_s, fate, error)

    def _come_in(self, journey: str) -> tuple[Fate, str]:
        self._count += 1
        dealer_share = self.pace.traffic.profile.dealer_share
        known = (self._door, self._random, self._keys, self.ledger)
        visit = Visit(*known, self._count, time.time(), dealer_share, star_share())
        try:
            self.journeys[journey](visit)
        except Bad as error:
            return Fate.BAD, str(error)
        except Shed as error:
            return Fate.SHED, str(error)
        except Exception as error:  # noqa: BLE001  # an arrival must not be lost by a mistake of ours
            if journey not in self._complained:  # once: it would fail for each arrival
                self._complained.add(journey)
                _LOG.error("a journey's check failed", journey=journey, exc_info=error)
            return Fate.BAD, "the check itself failed"
        return Fate.GOOD, ""

    def _report(self, journey: str, took_s: float, fate: Fate, error: str | None) -> None:
        """Locust's own statistics, by journey and from the moment a request was due."""
        said = None if fate is Fate.GOOD else f"{fate}: {error or 'too late'}"
        self.environment.events.request.fire(
            request_type="journey",
            name=journey,
            response_time=took_s * 1000,
            response_length=0,
            exception=said and UserHurt(said),
            context={},
        )


def _sleep_until(when_s: float) -> None:
    """Let others run until then, and once in any case."""
    gevent.sleep(max(0.0, when_s - time.monotonic()))


class UserHurt(Exception):
    """What Locust counts as a failure."""
