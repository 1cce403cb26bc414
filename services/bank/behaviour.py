"""How the bank behaves: how long it takes, and how often it declines or fails.

The environment says how it usually is. How it is today changes while it runs: a bank has better and
worse hours, and remembers its charges through all of them.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from bank.ledger import Outcome
from bank.line import Line
from shared import environment
from shared.flags import flags

_JITTER = 0.2  # of the latency, at most, on top of it


@dataclass(frozen=True)
class Behaviour:
    latency_s: float = 0.2
    decline_share: float = 0.0
    error_share: float = 0.0
    line: Line = field(default_factory=Line)

    @classmethod
    def from_environment(cls) -> Behaviour:
        """LATENCY_MS (200 at least, up to a fifth more), DECLINE_SHARE (0%), ERROR_SHARE (0%)."""
        return cls(
            latency_s=environment.number("LATENCY_MS", 200) / 1000,
            decline_share=environment.share("DECLINE_SHARE", 0),
            error_share=environment.share("ERROR_SHARE", 0),
        )

    async def take_time(self) -> None:
        """As long as a payment takes, after as long as the line is; Unavailable when that is too long."""
        limits = {"at_a_time": flags.whole("bank-places"), "waiting": flags.whole("bank-line")}
        async with self.line.turn(**limits):
            usual_s = self.latency_s * random.uniform(1, 1 + _JITTER)  # noqa: S311
            await asyncio.sleep(usual_s + flags.seconds("bank-delay"))

    def fails(self) -> bool:
        return random.random() < self.error_share  # noqa: S311

    def outcome(self, card: str) -> Outcome:
        if card.startswith("card-declined-") or random.random() < self.decline_share:  # noqa: S311
            return Outcome.DECLINED
        return Outcome.CHARGED
