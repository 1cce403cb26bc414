"""The hold, worked out second by second as the drill's driver does it, by someone who only looks on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labctl.engine.decide import Rules, counted, hold_of
from labctl.engine.machine import Drill, Phase
from labctl.engine.phases import rules
from labctl.judge import Hold
from labctl.slo.sli import Second

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.scenario.model import Scenario

_JUDGED = (Phase.RED, Phase.HELD, Phase.CHALLENGED)


class Holding:
    """Keeps the hold between looks, so that a long drill costs no more to watch than a short one."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._key: tuple[object, ...] = ()
        self._rules: Rules | None = None
        self._hold: Hold | None = None
        self._fed = 0

    def of(self, drill: Drill, seconds: Sequence[Second], scenario: Scenario) -> Hold | None:
        """The hold of this drill after these seconds; None while nothing is judged."""
        if drill.phase not in _JUDGED:
            return None
        key = (drill.id, drill.judged_from, drill.acted_wall_s)
        if key != self._key or self._rules is None or self._hold is None:
            self._rules = rules(self._lab, scenario)
            self._hold, self._key, self._fed = hold_of(drill, [], self._rules), key, 0
        fresh = [second for second in seconds if second.number > self._fed]
        self._hold = self._hold.feed_all(counted(drill, fresh))
        self._fed = fresh[-1].number if fresh else self._fed
        return self._hold
