"""oom-deploy: a release that is ready first and fills its memory afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import psutil
import pytest
from tests.services.parts import SERVICES, Shop, eventually

from labctl.actions.limit import Limit
from labctl.lab.lab import Lab
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from labctl.stack.compose import baseline, load_stack

RELEASE = "3.2.0"
PRODUCTS = 10_000
_USUAL_MB = 60
_MIB = 2**20
_MEASURE = """
import asyncio, tracemalloc
from catalog.trends import Trends
days = int(__import__("sys").argv[1])
trends = Trends(None, days=days)
tracemalloc.start()
asyncio.run(trends._arrange(list(range(1, 201)), []))
print(tracemalloc.get_traced_memory()[0])
"""


def needed_mb(tree: Path, days: int) -> float:
    """What the release needs for the whole catalogue, measured on 200 products."""
    argv = [sys.executable, str(SERVICES / "entrypoint.py")]
    environment = {"PATH": os.environ["PATH"], "SERVICE": "catalog", "RELEASE": RELEASE}
    # The entrypoint fills the tree and then runs it, which fails here at once: it has no addresses.
    subprocess.run(argv, env={**environment, "TREE_DIR": str(tree)}, capture_output=True, check=False)
    measure = [sys.executable, "-c", _MEASURE, str(days)]
    done = subprocess.run(
        measure, env={**environment, "PYTHONPATH": str(tree)}, capture_output=True, check=True
    )
    return _USUAL_MB + int(done.stdout.splitlines()[-1]) / 200 * PRODUCTS / _MIB


def limits_of_fixes() -> list[int]:
    """Memory in MB that the scenario's fixes give."""
    steps = [step for fix in catalog.find("oom-deploy").fixes for step in fix.do]
    actions = [step.action for step in steps if isinstance(step, Act)]
    shipped = baseline(load_stack())
    wanted = [each.edit(shipped, cast("Lab", None)) for each in actions if isinstance(each, Limit)]
    return [each["catalog"].limits.memory_mb or 0 for each in wanted]


def test_a_year_is_too_much_for_the_limit_and_a_month_is_not(tmp_path: Path) -> None:
    """By the usual margins: at least 1.3 of the limit when broken, at most 0.6 of it when fixed."""
    limit = load_stack()["catalog"].limits.memory_mb
    year, month = needed_mb(tmp_path / "tree", 365), needed_mb(tmp_path / "tree", 30)
    assert limit
    assert year / limit > 1.3
    assert month / limit < 0.6
    assert limits_of_fixes()
    assert all(year / raised < 0.6 for raised in limits_of_fixes())


@pytest.mark.integration
def test_it_is_ready_and_serves_before_its_memory_fills(shop: Shop) -> None:
    """A rollout takes it for good: it answers first, then grows past the limit, and serves all the while."""
    limit_mb = load_stack()["catalog"].limits.memory_mb or 0
    with shop.changed("catalog", RELEASE=RELEASE):
        assert memory_mb(shop) < limit_mb / 2
        eventually(lambda: serves(shop) and memory_mb(shop) > limit_mb, within_s=60, what="memory fills")
        eventually(lambda: said(shop, "sales are in memory"), within_s=60, what="all sales read")
        assert serves(shop)


@pytest.mark.integration
def test_with_a_month_it_stays_small(shop: Shop) -> None:
    """The setting of the fix is one that the release reads."""
    with shop.changed("catalog", RELEASE=RELEASE, TREND_DAYS="30"):
        eventually(lambda: said(shop, "sales are in memory", days=30), within_s=60, what="all sales read")
        assert memory_mb(shop) < 0.6 * (load_stack()["catalog"].limits.memory_mb or 0)


def serves(shop: Shop) -> bool:
    return shop.get("catalog", "/products/1").status_code == 200 == shop.get("catalog", "/home").status_code


def memory_mb(shop: Shop) -> float:
    child = shop.processes["catalog"].child
    assert child
    return float(psutil.Process(child.pid).memory_info().rss / _MIB)


def said(shop: Shop, message: str, **fields: object) -> bool:
    return any({"msg": message, **fields}.items() <= line.items() for line in shop.log("catalog"))
