"""Those who look around at a weekday's peak: they come when they are due, however slow the answers are."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from tests.services.parts import Shop

from labctl.slo.openslo import objectives
from load.profiles import WEEKDAY
from shared import catalogue

PROMISED_S = next(each.threshold_s for each in objectives() if each.journey == "product")
MOST_FAILED = 0.05
_STEP = 23  # so that few come for a product that somebody has just seen


class Visitors:
    """Visits of product pages and of the home page; `slow` has one answer per product page."""

    def __init__(self, shop: Shop) -> None:
        self._port = shop.ports["edge"]
        self._noting = threading.Lock()
        self.slow: list[bool] = []
        self.failed = 0

    def come(self, for_s: float) -> None:
        """Return when the last of them has an answer."""
        began_s = time.monotonic()
        with ThreadPoolExecutor(64) as crowd:
            for due_s, path in sorted([*_products(for_s), *_homes(for_s)]):
                time.sleep(max(0.0, began_s + due_s - time.monotonic()))
                crowd.submit(self._visit, began_s + due_s, path)

    def _visit(self, due_s: float, path: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        took_s = time.monotonic() - due_s
        connection.close()
        with self._noting:
            self.failed += answer.status != 200
            if "products" in path:
                self.slow.append(answer.status != 200 or took_s > PROMISED_S)


def late(shop: Shop, for_s: float, *, after_s: float = 2.0, most_failed: float = MOST_FAILED) -> float:
    """The share of product pages that come too late, of those due within `for_s` after a while.

    Nearly all come, or no more fail than this share says.
    """
    Visitors(shop).come(after_s)
    visitors = Visitors(shop)
    visitors.come(for_s)
    assert visitors.failed <= most_failed * len(visitors.slow)
    return sum(visitors.slow) / len(visitors.slow)


def _products(for_s: float) -> Sequence[tuple[float, str]]:
    rate = WEEKDAY["product"]
    return [
        (number / rate, f"/api/products/{number * _STEP % catalogue.PRODUCTS + 1}")
        for number in range(int(for_s * rate))
    ]


def _homes(for_s: float) -> Sequence[tuple[float, str]]:
    rate = WEEKDAY["home"]
    return [((number + 0.5) / rate, "/api/home") for number in range(int(for_s * rate))]
