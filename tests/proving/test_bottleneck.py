"""ρ at baseline, at fault and after each fix: measured against the calibration's limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.lab.reach import Sample
from labctl.proof import Grade
from labctl.proving.bottleneck import FAULTED, FIXED, HEALTHY, Limit, rho
from labctl.scenario.asked import Bottleneck
from tests.engine import world
from tests.engine.world import WorldLab, prove, scenario

POOL = Bottleneck(say="connections", rho="pool")
IN_FILE = ("hints:", "bottleneck: {say: connections, rho: pool}\nhints:")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("limit", "value", "grade", "thin"),
    [
        (HEALTHY, 0.35, Grade.PASSED, False),
        (HEALTHY, 0.45, Grade.PASSED, True),
        (HEALTHY, 0.51, Grade.FAILED, False),
        (FAULTED, 1.38, Grade.PASSED, True),
        (FAULTED, 1.6, Grade.PASSED, False),
        (FAULTED, 1.29, Grade.FAILED, False),
        (FIXED, 0.35, Grade.PASSED, False),
        (FIXED, 0.7, Grade.FAILED, False),
    ],
)
def test_rho_is_measured_against_its_limit(
    lab: WorldLab, limit: Limit, value: float, grade: Grade, thin: bool
) -> None:
    """Passed, passed with little left, or missed."""
    lab.world.answers["pool"] = [value]
    check = rho(lab, POOL, limit)
    assert (check.outcome, check.thin) == (grade, thin)
    assert check.said == f"ρ {value:.2f}, required {limit}"


@pytest.mark.parametrize(("answer", "said"), [([], "nothing"), ([1.0, 2.0], "1, 2"), ([float("nan")], "nan")])
def test_what_is_not_one_number_is_not_judged(lab: WorldLab, answer: list[float], said: str) -> None:
    """No data is never a pass."""
    lab.world.answers["pool"] = answer
    check = rho(lab, POOL, HEALTHY)
    assert check.outcome is Grade.UNJUDGED
    assert check.said == f"one number is needed; there is {said}"


def test_a_proof_prints_it_at_each_moment(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Healthy before, overloaded at fault, well again after the fix: by what is wanted now."""

    def query(text: str) -> list[Sample]:
        want = lab.wanted()["checkout"]
        pool = 2 if want.release == "2.4.0" else 8
        return [Sample({}, 12 * 0.23 / pool * 1.2, lab.clock.wall())]

    monkeypatch.setattr(lab.world, "query", query)
    proof = prove(lab, scenario(IN_FILE))
    assert proof.exit_code == 0
    moments = [check.name for check in proof.checks if check.phase == "rho"]
    assert moments == [
        "connections, healthy",
        "connections, at fault",
        "connections, healthy",
        "connections, at fault",
        "connections, fixed",
    ]
