"""The bank's API, as its customers see it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum

from shared import environment
from shared.client import CallFailed, HttpClient
from shared.logs import Log
from shared.metrics import Timed

_LOG = Log("bank")
_CALLS = Timed("bank_request_duration_seconds", "Calls to the bank", "call", ("charge", "probe"))


class Outcome(StrEnum):
    CHARGED = "charged"
    DECLINED = "declined"
    UNKNOWN = "unknown"  # no answer, or none that says: it may have charged, ask again with the same key


def bank_key(key: str) -> str:
    """The bank's idempotency key for an order with this key: one order is charged once, whoever tries."""
    return f"shop-{key}"


@dataclass(frozen=True)
class Charged:
    """How a charge ended, and how long it took."""

    outcome: Outcome
    seconds: float
    charge: str | None = None


class BankClient:
    """Charges through BANK_ADDR."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        host, port = environment.address("BANK_ADDR")
        self._url = f"http://{host}:{port}/charges"

    async def charge(
        self, *, key: str, reference: str, card: str, amount_cents: int, timeout_s: float
    ) -> Charged:
        """One attempt; the same key never charges twice."""
        body = json.dumps({"reference": reference, "card": card, "amount_cents": amount_cents}).encode()
        began = time.monotonic()
        outcome, charge = Outcome.UNKNOWN, None
        try:
            answer = await self._client.call(
                "POST",
                self._url,
                timeout_s=timeout_s,
                body=body,
                headers={"idempotency-key": key},
                dependency="bank",
            )
            if answer.status == 201:
                outcome, charge = Outcome.CHARGED, str(json.loads(answer.body)["charge"])
            elif answer.status == 402:
                outcome = Outcome.DECLINED
            else:
                _LOG.error("dependency failed", dependency="bank", error=f"status {answer.status}")
        except CallFailed as error:
            _LOG.error("dependency failed", dependency="bank", error=str(error))
        seconds = time.monotonic() - began
        _CALLS.observe("charge", seconds, ok=outcome is not Outcome.UNKNOWN)
        return Charged(outcome, seconds, charge)

    async def probe(self, *, timeout_s: float) -> tuple[bool, float]:
        """Whether the bank answers a harmless question, and after how many seconds."""
        began = time.monotonic()
        try:
            answer = await self._client.call("GET", f"{self._url}/probe", timeout_s=timeout_s)
            answered = answer.status == 404
        except CallFailed:
            answered = False
        seconds = time.monotonic() - began
        _CALLS.observe("probe", seconds, ok=answered)
        return answered, seconds
