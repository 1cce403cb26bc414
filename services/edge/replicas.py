"""The replicas of one dependency: whose turn it is, and who is out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from shared.discovery import Endpoint


@dataclass
class _Record:
    """What is known about one replica."""

    failed_probes: int = 0
    bad_answers: int = 0  # in a row
    out_until: float = float("-inf")


class Replicas:
    """Round robin over the replicas that are in; over all of them when none is.

    A replica goes out after failed probes, until one succeeds, and after bad answers in a row, for a
    while.
    """

    def __init__(self, find: Callable[[], list[Endpoint]], clock: Callable[[], float]) -> None:
        self.find = find
        self._clock = clock
        self._records: dict[Endpoint, _Record] = {}
        self._turn = 0

    def known(self) -> list[Endpoint]:
        """Every replica that discovery names now; OSError when it cannot tell."""
        found = self.find()
        if self._records.keys() != set(found):
            self._records = {endpoint: self._records.get(endpoint, _Record()) for endpoint in found}
        return found

    def pick(self, *, tried: Collection[Endpoint], probe_failures: int) -> Endpoint | None:
        """The replica whose turn it is, none of `tried`; None when there is no other."""
        candidates = [endpoint for endpoint in self.known() if endpoint not in tried]
        healthy = [endpoint for endpoint in candidates if self.is_in(endpoint, probe_failures=probe_failures)]
        choice = healthy or candidates
        if not choice:
            return None
        self._turn += 1
        return choice[self._turn % len(choice)]

    def is_in(self, endpoint: Endpoint, *, probe_failures: int) -> bool:
        record = self._records.get(endpoint)
        if record is None:
            return False
        return record.failed_probes < probe_failures and self._clock() >= record.out_until

    def out(self, *, probe_failures: int) -> int:
        """How many replicas get no calls."""
        return sum(not self.is_in(endpoint, probe_failures=probe_failures) for endpoint in self._records)

    def probed(self, endpoint: Endpoint, *, healthy: bool) -> None:
        if record := self._records.get(endpoint):
            record.failed_probes = 0 if healthy else record.failed_probes + 1

    def answered(self, endpoint: Endpoint, *, well: bool, eject_after: int, eject_for_s: float) -> bool:
        """Count an answer; True when it takes the replica out. `eject_after` 0 never does."""
        record = self._records.get(endpoint)
        if record is None:
            return False
        record.bad_answers = 0 if well else record.bad_answers + 1
        if not eject_after or record.bad_answers < eject_after:
            return False
        record.bad_answers = 0
        record.out_until = self._clock() + eject_for_s
        return True
