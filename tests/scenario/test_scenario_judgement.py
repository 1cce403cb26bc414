"""Judgement: a file that could not be judged, or promises what no proof looks at, is wrong at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, written

from labctl.scenario.lint import lint

JUDGED = SMALL.replace("challenge: restart", "challenge: none\njudgement: true")
DECOYS = SMALL[SMALL.index("decoys:") : SMALL.index("invariants:")]
SECOND_DECOY = DECOYS[DECOYS.index("  - name: more") :]
SECOND_FIX = SMALL[SMALL.index("  - name: run two") : SMALL.index("decoys:")]
ALONE = "judgement: true\nuniversal: {do-nothing: {is: fix, why: users are well}}"


def place_of(text: str, marker: str) -> tuple[int, int]:
    """Line and column, from 1, at which something begins."""
    before = text[: text.index(marker)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_a_judgement_that_can_be_proven_is_fine(tmp_path: Path) -> None:
    """Called by an alert or by a human, with two right ways and a wrong one; leaving it alone is a way."""
    human = JUDGED.replace("page: CheckoutBudgetBurn}", "page: none}\npage: Please do something.")
    alone = JUDGED.replace(SECOND_FIX, "").replace("judgement: true", ALONE)
    one_decoy = JUDGED.replace(SECOND_DECOY, "")
    for text in (JUDGED, human, alone, one_decoy):
        assert lint(written(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("old", "new", "marker", "said"),
    [
        ("page: CheckoutBudgetBurn}", "page: none}", "none}", "nobody asks for action: name the alert"),
        (DECOYS, "", "id:", "a judgement needs a wrong way that tempts, and truly harms"),
        (SECOND_FIX, "", "- name: run one again", "there is one right way; prove another"),
        ("challenge: none", "challenge: restart", "restart\n", "restart is never tried in judgement"),
        (
            "challenge: none",
            "challenge: {kind: replay, do: [restart: {component: edge}]}",
            "{kind: replay",
            "replay is never tried in judgement",
        ),
        (
            "judgement: true",
            "judgement: true\nbottleneck: {say: connections, rho: sum(up)}",
            "{say: connections",
            "ρ is never measured in judgement",
        ),
    ],
    ids=["nobody calls", "no wrong way", "one right way", "restart", "replay", "bottleneck"],
)
def test_each_finding_has_its_place(tmp_path: Path, old: str, new: str, marker: str, said: str) -> None:
    """One thing wrong, one mistake, at its line and column."""
    assert JUDGED.count(old) == 1
    text = JUDGED.replace(old, new)
    (found,) = lint(written(tmp_path, text))
    assert said in found.message
    assert (found.line, found.column) == place_of(text, marker)
    assert not found.warning


def test_without_judgement_nothing_of_it_is_asked(tmp_path: Path) -> None:
    """An incident needs a challenge, and a human may begin it without a word of the file's own."""
    text = SMALL.replace("page: CheckoutBudgetBurn}", "page: none}")
    assert lint(written(tmp_path, text)) == []
