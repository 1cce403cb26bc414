"""docs/fixes.md: current, and made of nothing but what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import assets
from labctl.proving import fixes
from labctl.proving.crossing import Met
from labctl.proving.matrix import matrices
from labctl.proving.sources import Source
from tests.proving import crossings
from tests.proving.test_matrix import changed, everything


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    return crossings.siblings(tmp_path)


def test_the_page_is_current() -> None:
    """After a measurement, or a change to a scenario: python -m labctl.proving.fixes."""
    assert assets.path(*fixes.FILE).read_text(encoding="utf-8") == fixes.text(fixes.current())


def test_what_was_not_measured_is_not_told(sources: list[Source]) -> None:
    """No table without a single verdict, and a family of one says why it has none."""
    page = fixes.text(matrices(sources, []))
    assert "Not measured yet: 5 cells of checkout-03, checkout-04." in page
    assert "roll back" not in page
    alone = fixes.text(matrices(sources[:1], []))
    assert "checkout-03: there is no sibling to try a fix in." in alone


def test_verdicts_are_a_row_per_fix_and_folded(sources: list[Source]) -> None:
    """Its own incident is its proof's; codes alone stand outside the fold."""
    measured = everything(sources, Met.REFUSED, Met.MASKED, Met.NOT_RESTORED, Met.REFUSED, Met.MITIGATED)
    page = fixes.text(matrices(sources, measured))
    section = page[page.index("## checkout-slow") :]
    opened, _, folded = section.partition("<details>")
    assert "5 of 5 cells, measured 2023-11-14 on fake. Each member refuses a sibling's fix." in opened
    assert "shrunk" not in opened
    assert "| fix | pool-shrunk | home-shed |" in folded
    assert "| pool-shrunk: run four | its own | mitigated |" in folded
    assert "| home-shed: serve everybody | refused | its own |" in folded


@pytest.mark.parametrize(
    ("met", "said"),
    [
        (
            [Met.MITIGATED],
            "5 of 5 cells, measured 2023-11-14 on fake. Every fix mends checkout-03, checkout-04",
        ),
        ([Met.REFUSED, Met.COULD_NOT_JUDGE], "1 of 5 cells"),
    ],
)
def test_what_is_not_as_it_has_to_be_is_said(sources: list[Source], met: list[Met], said: str) -> None:
    """Members that refuse nothing, and cells that could not be judged."""
    page = fixes.text(matrices(sources, everything(sources, *met)))
    assert said in page
    assert "Each member refuses a sibling's fix." not in page


def test_a_changed_scenario_takes_its_verdicts_off_the_page(sources: list[Source]) -> None:
    """Until they are measured again."""
    measured = everything(sources, Met.NOT_RESTORED)
    both = [changed(each, "hold: 30s", "hold: 40s") for each in sources]
    assert "Not measured yet" in fixes.text(matrices(both, measured))
