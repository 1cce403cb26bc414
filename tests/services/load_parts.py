"""A visit to a scripted shop, for the tests of load's journeys."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from load.journeys import Answer, Visit
from load.keys import Keys
from load.ledger import Ledger
from shared import catalogue

NOW_S = 1_700_000_000.0
_KEYS = Keys()


class ScriptedDoor:
    """Answers in the order of the script, and remembers what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, Any, Mapping[str, str]]] = []

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        self.asked.append((method, path, body, headers or {}))
        return self._answers.pop(0)


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def visit(door: Any, ledger: Ledger | None = None, seed: int = 1) -> Visit:
    return Visit(door, random.Random(seed), _KEYS, ledger or Ledger("run"), 7, NOW_S)  # noqa: S311


def product(number: int, **changes: Any) -> dict[str, Any]:
    """A product as the shop tells it, with changes."""
    true = {
        "id": number,
        "name": catalogue.product_name(number),
        "price_cents": catalogue.price_cents(number),
    }
    return {**true, **changes}
