"""Lint: what a well-formed scenario lacks as a lesson or cannot prove."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, changed, written

from labctl import assets
from labctl.scenario.lint import lint


def test_the_small_scenario_is_fine(tmp_path: Path) -> None:
    """Lint is silent about a file that has everything."""
    assert lint(written(tmp_path, SMALL)) == []


@pytest.mark.parametrize("path", sorted(assets.path("scenarios").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_of_the_lab_is_fine(path: Path) -> None:
    """What ships has no mistake of shape, names or teaching, proven or not."""
    assert lint(path) == []


HINTS = SMALL[SMALL.index("hints:") : SMALL.index("debrief:")]
DECOYS = SMALL[SMALL.index("decoys:") : SMALL.index("invariants:")]
SECOND_DECOY = DECOYS[DECOYS.index("  - name: more") :]
SECOND_FIX = SMALL[SMALL.index("  - name: run two") : SMALL.index("decoys:")]
INVARIANTS = SMALL[SMALL.index("invariants:") : SMALL.index("evidence:")]
EVIDENCE = SMALL[SMALL.index("evidence:") : SMALL.index("hints:")]
QUESTIONS = SMALL[SMALL.index("  questions:") :]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("title: Orders do not go through", "title: Valve trouble", 3, "'valve' gives the cause away"),
        ("briefing: A weekday's peak.", "briefing: Someone closed it.", 6, "'closed' gives the cause away"),
        ("code: checkout-90", "code: valve-90", 2, "'valve' gives the cause away"),
        ("level: 1", "level: 1\npage: The valve is dry.", 6, "'valve' gives the cause away"),
        ("hold: 30s", "hold: 29s", 10, "a hold of 29 s proves little"),
        ("red: 20s", "red: 10m", 9, "600 s until users are hurt"),
        (SECOND_FIX, "", 13, "there is one fix"),
        (DECOYS, "", 1, "there is no decoy"),
        (SECOND_DECOY, "", 20, "there is one decoy"),
        (INVARIANTS, "", 1, "there is no invariant"),
        (EVIDENCE, "", 1, "there is no evidence"),
        (HINTS, "hints: []\n", 35, "there are 0 hints"),
        ("cost: 20", "cost: 1", 36, "hints cost 5, 10, 1"),
        (QUESTIONS, "", 39, "there are no questions"),
        ("[one command suffices, nobody was asked]", "[human error]", 41, "a single factor"),
        ("name: run two", "name: run one again", 17, "'run one again' is here twice"),
        (
            "do: [scale: {component: checkout, replicas: 2}]",
            "do: [wait: {within: 5s}]",
            18,
            "nothing but wait",
        ),
        (
            "component: edge, replicas: 2",
            "component: checkout, replicas: 2",
            24,
            "exactly what the fix 'run two' does",
        ),
        ("component: edge, replicas: 2", "component: edge, replicas: 1", 26, "changes nothing here"),
        ("component: checkout, replicas: 0", "component: checkout, replicas: 1", 8, "changes nothing here"),
        ("restart: {component: edge}", "flag: {name: new-banner, value: off}", 23, "changes nothing here"),
        ("restart: {component: edge}", "rollback: {component: checkout}", 23, "changes nothing here"),
        (
            "  - name: run two\n",
            "  - name: run two\n    survives: [replay]\n",
            18,
            "replay is never proven",
        ),
    ],
)
def test_each_finding_has_its_place(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """One thing wrong, one mistake about it, at its line."""
    found = lint(written(tmp_path, changed(old, new)))
    assert any(said in each.message for each in found), "\n".join(map(str, found))
    about = next(each for each in found if said in each.message)
    assert about.line in (line, line - 1), str(about)


def test_mistakes_of_shape_come_from_lint_too(tmp_path: Path) -> None:
    """An author needs one command, not two."""
    (found,) = lint(written(tmp_path, changed("hold: 30s", "hold: 30")))
    assert "has no unit" in found.message
