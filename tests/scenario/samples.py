"""A small scenario that is right, for tests to make wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import assets
from labctl.errors import InvalidFile, Mistake
from labctl.scenario import catalog
from labctl.scenario.loader import loads
from labctl.scenario.model import Scenario

SMALL = """\
id: valve-closed
code: checkout-90
title: Orders do not go through
family: checkout-slow
level: 1
briefing: A weekday's peak.
faults:
  - scale: {component: checkout, replicas: 0}
expect: {journey: checkout, red: 20s, page: CheckoutBudgetBurn}
hold: 30s
challenge: restart
fixes:
  - name: run one again
    do:
      - scale: {component: checkout, replicas: 1}
      - wait: {until: settled, within: 30s}
  - name: run two
    do: [scale: {component: checkout, replicas: 2}]
decoys:
  - name: restart the edge
    why: it has nobody to ask
    do: [restart: {component: edge}]
  - name: more edges
    why: none of them has anybody to ask
    do: [scale: {component: edge, replicas: 2}]
invariants:
  - say: every order has a customer
    sql: select count(*) from orders where customer is null
    equals: 0
evidence:
  - say: nobody answers
    query: sum(up{job="checkout"})
    below: 1
hints:
  - {text: Who answers?, cost: 5}
  - {text: Look at the replicas., cost: 10}
  - {text: Scale checkout up., cost: 20}
debrief:
  about: Somebody scaled checkout to nothing.
  contributing_factors: [one command suffices, nobody was asked]
  fix_for_good: [a floor under the number of replicas]
  questions:
    - {ask: Who may do this?, answer: As few as possible.}
"""


def changed(old: str, new: str) -> str:
    """The small scenario with one part of its text replaced."""
    assert SMALL.count(old) == 1, f"{old!r} is there {SMALL.count(old)} times"
    return SMALL.replace(old, new)


def mistakes(text: str) -> list[Mistake]:
    """What the loader finds wrong."""
    with pytest.raises(InvalidFile) as caught:
        loads(text, "s.yaml")
    return list(caught.value.mistakes)


def written(folder: Path, text: str, name: str = "s.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def library(name: str) -> Scenario:
    """A scenario of the lab, proven or not yet."""
    draft = assets.path("scenarios") / catalog.DRAFTS / f"{name}.yaml"
    return catalog.find(str(draft) if draft.is_file() else name)
