"""One user's visit: what they know, how they ask, and the two ways in which it fails."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from load.keys import Keys
from load.ledger import Ledger
from shared import catalogue


class Bad(Exception):
    """The answer is wrong, or there is none; the message says what was wrong."""


class Shed(Exception):
    """The shop turned the user away on purpose: 429, or 503 with Retry-After."""


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when nothing did, and then `error` says why."""

    status: int
    body: bytes = b""
    retry_after: bool = False
    error: str = ""


class Door(Protocol):
    """The way into the shop; `ask` returns whatever happens."""

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass(frozen=True)
class Visit:
    """`number` is unique in the run; `wall_s` is now, in epoch seconds; `dealer_share` is the profile's, and
    `star_share` what users like to look at."""

    door: Door
    random: random.Random
    keys: Keys
    ledger: Ledger
    number: int
    wall_s: float
    dealer_share: float = 0.0
    star_share: float = 0.0

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object behind a path; Bad unless that is a 200."""
        return plain(self.ask("GET", path), 200)

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.door.ask(method, path, body, headers)
        if answer.status == 429 or (answer.status == 503 and answer.retry_after):
            raise Shed(f"{answer.status} from {method} {path}")
        return answer


def plain(answer: Answer, *expected: int) -> dict[str, Any]:
    """The JSON object in an answer whose status is one of the expected."""
    if not answer.status:
        raise Bad(answer.error or "no answer")
    if answer.status not in expected:
        raise Bad(f"status {answer.status}, not {' or '.join(map(str, expected))}")
    try:
        body = json.loads(answer.body)
    except ValueError:
        raise Bad("the body is no JSON") from None
    if not isinstance(body, dict):
        raise Bad("the body is no JSON object")
    return body


def require(true: bool, otherwise: str) -> None:
    if not true:
        raise Bad(otherwise)


def rows(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A field that must be a list of objects."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Bad(f"{name} is no list of objects")
    return found


def require_product(row: Mapping[str, Any]) -> int:
    """The id of a product whose id, name and price are the catalogue's."""
    product = row.get("id")
    if type(product) is not int or not 1 <= product <= catalogue.PRODUCTS:
        raise Bad("no such product")
    require(row.get("price_cents") == catalogue.price_cents(product), "wrong price")
    require(row.get("name") == catalogue.product_name(product), "wrong name")
    return product
