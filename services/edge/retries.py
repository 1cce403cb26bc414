"""The retry budget: further attempts are a share of first ones, so they cannot multiply a load."""

from __future__ import annotations

_SAVED_AT_MOST = 10.0


class RetryBudget:
    """Each first attempt earns a share of a further one."""

    def __init__(self) -> None:
        self._tokens = _SAVED_AT_MOST

    def earn(self, share: float) -> None:
        """A first attempt was made; a share of 100 % or more lifts the limit."""
        self._tokens = min(_SAVED_AT_MOST, self._tokens + share)

    def spend(self, share: float) -> bool:
        """Whether a further attempt may go now."""
        if share >= 1:
            return True
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
