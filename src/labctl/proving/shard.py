"""Shards: a share of the scenarios for each of several machines, about equally long, the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from labctl.errors import UsageError
from labctl.proving.plan import plan
from labctl.scenario.model import Scenario

_FORM = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True)
class Shard:
    """Number `index` of `count`, counted from 1."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`2/5`; UsageError for anything else."""
        match = _FORM.fullmatch(text)
        index, count = map(int, match.groups()) if match else (0, 0)
        if not 1 <= index <= count:
            raise UsageError(f"{text!r} is no shard; write its number of how many, like 2/5")
        return cls(index, count)

    def of(self, scenarios: Sequence[Scenario], *, thorough: bool = False) -> list[Scenario]:
        """Those of this shard, in their order. Each scenario is in exactly one of the `count` shards.

        The longest goes to the shard that has least to do, by what a plan says it costs; a family stays
        together while it fits into a shard, so that siblings are proven in one run.
        """
        total = sum(_costs(scenarios, thorough=thorough).values())
        groups = sorted(
            _groups(scenarios, share_s=total / self.count, thorough=thorough),
            key=lambda group: (-group[1], group[0][0]),
        )
        loads = [0.0] * self.count
        mine: set[str] = set()
        for ids, cost_s in groups:
            least = min(range(self.count), key=lambda number: (loads[number], number))
            loads[least] += cost_s
            if least == self.index - 1:
                mine.update(ids)
        return [scenario for scenario in scenarios if scenario.id in mine]


def _groups(
    scenarios: Sequence[Scenario], *, share_s: float, thorough: bool
) -> list[tuple[tuple[str, ...], float]]:
    """Families, in pieces where one is longer than a shard's share."""
    costs = _costs(scenarios, thorough=thorough)
    groups: list[tuple[tuple[str, ...], float]] = []
    by_family = sorted(scenarios, key=lambda each: (each.family, each.id))
    for _, family in groupby(by_family, key=lambda each: each.family):
        piece: list[str] = []
        for scenario in family:
            if piece and sum(costs[each] for each in piece) + costs[scenario.id] > share_s:
                groups.append((tuple(piece), sum(costs[each] for each in piece)))
                piece = []
            piece.append(scenario.id)
        groups.append((tuple(piece), sum(costs[each] for each in piece)))
    return groups


def _costs(scenarios: Sequence[Scenario], *, thorough: bool) -> Mapping[str, float]:
    in_order = sorted(scenarios, key=lambda each: each.id)  # the same carriers of universal decoys everywhere
    return {task.scenario.id: task.cost_s for task in plan(in_order, thorough=thorough)}
