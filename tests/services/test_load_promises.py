"""Promises: thresholds and deadlines come from the SLO files, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.slo import openslo
from load.journeys import JOURNEYS
from load.promises import NoPromise, Promise, read

SLOS = Path(__file__).resolve().parents[2] / "slos"


def test_the_labs_own_slos_promise_every_journey() -> None:
    """A checkout within a second, a product within 300 ms; users wait 5 s at most."""
    promises = read(SLOS, JOURNEYS)
    assert set(promises) == set(JOURNEYS)
    assert promises["checkout"] == Promise(1.0, 5.0)
    assert promises["product"] == Promise(0.3, 5.0)


def test_labctl_reads_the_same_promises() -> None:
    """Two readers of one file must not disagree."""
    promises = read(SLOS, JOURNEYS)
    for objective in openslo.objectives(SLOS):
        assert promises[objective.journey] == Promise(objective.threshold_s, objective.deadline_s)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metadata: {annotations: {incident-lab/threshold: fast, incident-lab/deadline: 5s}}", "'fast'"),
        ("metadata: {annotations: {incident-lab/threshold: 1s}}", "deadline is None"),
        ("metadata: {}", "threshold is None"),
        ("- a list", "threshold is None"),
        ("{", "home.yaml"),
    ],
)
def test_a_file_without_a_promise_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    """No silent default: it would judge by other rules than the alerts."""
    (tmp_path / "home.yaml").write_text(text)
    with pytest.raises(NoPromise, match=said):
        read(tmp_path, ["home"])


def test_all_missing_files_are_named(tmp_path: Path) -> None:
    """One error for the whole folder."""
    with pytest.raises(NoPromise, match=r"home\.yaml.*; .*cart\.yaml"):
        read(tmp_path, ["home", "cart"])
