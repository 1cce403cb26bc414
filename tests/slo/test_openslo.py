"""The SLO files: ours, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import assets
from labctl.errors import InvalidFile, UsageError
from labctl.slo.openslo import load, objectives

GOOD = assets.path("slos", "checkout.yaml").read_text(encoding="utf-8")


def test_there_is_one_objective_for_each_journey_of_the_shop() -> None:
    """Journeys, targets, thresholds and deadlines are as the design says."""
    found = {each.journey: each for each in objectives()}
    assert {journey: each.threshold_s for journey, each in found.items()} == {
        "home": 0.4, "product": 0.3, "search": 0.5, "cart": 0.4, "checkout": 1.0, "order-status": 0.4,
        "account-history": 0.5,
    }  # fmt: skip
    assert {(each.target, each.deadline_s) for each in found.values()} == {(0.99, 5.0)}
    assert found["order-status"].alert == "OrderStatusBudgetBurn"
    assert found["checkout"].title == "Checkout"
    assert all(each.promise.endswith(".") for each in found.values())


def test_a_plain_reader_finds_threshold_and_deadline() -> None:
    """The load reads these two annotations without our loader: one line each, a number and a unit."""
    for path in assets.path("slos").glob("*.yaml"):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        assert sum(line.startswith("incident-lab/threshold: ") for line in lines) == 1
        assert sum(line.startswith("incident-lab/deadline: ") for line in lines) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("displayName: Checkout", "displayNme: Checkout", "8:3: unknown key 'displayNme' (did you mean"),
        ("displayName: Checkout", "displayNme: Checkout", "7:3: the key 'displayName' is missing"),
        ("target: 0.99", "target: 99", "37:15: target: input should be less than 1, not 99"),
        ("target: 0.99", 'target: "0.99"', "37:15: target: input should be a valid number"),
        ("threshold: 1s", "threshold: soon", "10:29: 'soon' is not a duration"),
        ("threshold: 1s", "threshold: 0s", "10:29: '0s' is not a positive duration"),
        ("threshold: 1s", "threshold: 6s", "11:28: the deadline 5 s is not above the threshold 6 s"),
        (',outcome="good"', "", 'the query must select outcome="good", not any outcome'),
        (
            'total{job="edge",journey="checkout"',
            'total{journey="cart"',
            'journey="checkout", not journey="cart"',
        ),
        ("name: checkout\n", "name: cart\n", "7:9: the journey is 'cart' and the file is called 'checkout'"),
        ("duration: 30d", "duration: 7d", "32:17: duration: input should be '30d', not '7d'"),
        ("openslo/v1", "openslo/v2", "4:13: apiVersion: input should be 'openslo/v1'"),
    ],
)
def test_each_mistake_says_what_and_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A wrong line gives file:line:column and what is expected."""
    assert old in GOOD
    path = tmp_path / "checkout.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidFile) as caught:
        load(path)
    assert said in str(caught.value)


def test_mistakes_of_all_files_are_reported_together(tmp_path: Path) -> None:
    """Two wrong files are both named; a folder without files is an error too."""
    for name in ("checkout", "other"):
        (tmp_path / f"{name}.yaml").write_text("kind: SLO\nkind: SLO\n")
    with pytest.raises(InvalidFile) as caught:
        objectives(tmp_path)
    assert [Path(each.file).stem for each in caught.value.mistakes] == ["checkout", "other"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="there is no SLO in"):
        objectives(tmp_path / "empty")
