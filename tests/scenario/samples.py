"""A small scenario that is right, for tests to make wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from labctl import assets
from labctl.errors import InvalidFile, Mistake
from labctl.scenario import catalog
from labctl.scenario.loader import loads
from labctl.scenario.model import Decoy, Fix, Scenario
from labctl.scenario.steps import Act, Wait

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


def parameters(steps: Iterable[Act | Wait], action: str) -> list[dict[str, Any]]:
    """Those of each step of this action, in the order in which they are taken."""
    acts = (each.action for each in steps if isinstance(each, Act))
    return [dict(each.step()[action]) for each in acts if each.name == action]


def steps_of(scenario: Scenario, name: str) -> tuple[Act | Wait, ...]:
    """The steps of the fix or decoy of this name."""
    attempts: tuple[Fix | Decoy, ...] = (*scenario.fixes, *scenario.decoys)
    (found,) = (each for each in attempts if each.name == name)
    return tuple(found.do)


def texts(found: Iterable[dict[str, Any]]) -> list[str]:
    """What `do` holds in each, one statement or several."""
    said = (each["do"] for each in found)
    return [text for one in said for text in ([one] if isinstance(one, str) else one)]
