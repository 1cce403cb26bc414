"""Two siblings in a world in which each fix of the one meets with something else in the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from labctl.proving.sources import Source
from labctl.scenario.loader import load
from labctl.stack.wanted import Wanted
from tests.engine.world import SCENARIO

ROLL_BACK = "  - name: roll back\n    do: [rollback: {component: checkout}]\n"
FAULT = "deploy: {component: checkout, release: 2.4.0}"
FOUR = "  - name: run four\n    do: [scale: {component: checkout, replicas: 4}]\n"
SHED = "flag: {name: edge-shed-home, value: 50%}"
SERVE = """\
  - name: serve everybody
    do: [flag: {name: edge-shed-home, value: 0%}]
  - name: run two edges
    do: [scale: {component: edge, replicas: 2}]
  - name: run three edges
    survives: []
    do: [scale: {component: edge, replicas: 3}]
"""
SECOND = (
    ("id: pool-shrunk", "id: home-shed"),
    ("code: checkout-03", "code: checkout-04"),
    (FAULT, SHED),
    (ROLL_BACK, SERVE),
)


def feel(wanted: Wanted) -> Mapping[str, float]:
    """Who suffers while which fault stands: three edges help the first until checkout is restarted."""
    checkout, edges = wanted["checkout"], wanted["edge"].replicas
    mended = checkout.replicas == 4 or (edges == 3 and not checkout.restarts)
    if checkout.release != "2.4.0":
        mended = mended or edges == 2 or wanted.flags.get("edge-shed-home") != "50%"
    return {} if mended else {"checkout": 0.9}


def written(folder: Path, *replacements: tuple[str, str], name: str) -> Source:
    """The world's scenario with parts of its text replaced, as a file; a part has to be there."""
    text = SCENARIO
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return Source(path, load(path))


def siblings(folder: Path) -> list[Source]:
    """`pool-shrunk` with two fixes, `home-shed` with three."""
    first = written(folder, (ROLL_BACK, ROLL_BACK + FOUR), name="pool-shrunk")
    return [first, written(folder, *SECOND, name="home-shed")]
