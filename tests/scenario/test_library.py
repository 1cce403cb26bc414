"""docs/scenarios.md: current, complete, and telling no cause outside its folds."""

from __future__ import annotations

import re

import pytest
from tests.scenario.samples import SMALL
from tests.spoilers import spoiled, spoilers

from labctl import assets
from labctl.scenario import catalog, library
from labctl.scenario.loader import loads
from labctl.scenario.model import Scenario
from labctl.scenario.quality import telling_words

FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)


def unfolded(page: str) -> str:
    """What stands open on a page, after its introduction, which names folders and this library."""
    return FOLDED.sub("", page[page.index("| code |") :])


def leaks(scenario: Scenario, page: str) -> list[str]:
    """What would give a scenario away: its secrets anywhere, words of its cause in its own section."""
    opened = unfolded(page)
    section = opened[opened.index(f"### {scenario.code}") :].split("\n### ")[0]
    telling = [
        word
        for word in sorted(telling_words(scenario))
        if re.search(rf"(?<!\w){re.escape(word)}", section, re.IGNORECASE)
    ]
    return [*spoiled(spoilers(scenario), {"open": opened}), *telling]


def test_the_page_is_current() -> None:
    """After a change to a scenario: python -m labctl.scenario.library."""
    assert assets.path(*library.FILE).read_text(encoding="utf-8") == library.text(library.shipped())


def test_every_scenario_that_is_listed_is_on_it_and_nothing_else() -> None:
    """By its code, in the table and as a section."""
    page = library.text(library.shipped())
    entries = catalog.entries({})
    assert re.findall(r"^### (\S+)", page, re.MULTILINE) == re.findall(r"^\| \[(\S+)\]", page, re.MULTILINE)
    assert sorted(re.findall(r"^### (\S+)", page, re.MULTILINE)) == [entry.code for entry in entries]


@pytest.mark.parametrize("scenario", library.shipped().values(), ids=lambda scenario: scenario.code)
def test_what_a_chooser_needs_stands_open(scenario: Scenario) -> None:
    """Title, family, level, expected time, what pages and is said, and the skills: all of them filled in."""
    opened = unfolded(library.text(library.shipped()))
    row = next(line for line in opened.splitlines() if line.startswith(f"| [{scenario.code}]"))
    assert f"| {scenario.family} | {scenario.level} | about " in row
    section = opened[opened.index(f"### {scenario.code}") :].split("\n### ")[0]
    assert scenario.skills
    for part in (scenario.title, *scenario.skills, scenario.expect.page, scenario.page):
        assert part is None or part in section


@pytest.mark.parametrize("scenario", library.shipped().values(), ids=lambda scenario: scenario.code)
def test_nothing_that_stands_open_gives_it_away(scenario: Scenario) -> None:
    """Neither its id nor a word of its cause; and the fold has both, and every fix."""
    page = library.text(library.shipped())
    assert leaks(scenario, page) == []
    folds = "".join(FOLDED.findall(page))
    for part in (scenario.id, scenario.debrief.about, *(fix.name for fix in scenario.fixes)):
        assert part in folds


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: Paying takes for ever", "title: The pool was shrunk"),
        ("tell waiting from work", "see that DB_POOL_MAX is too small"),
    ],
    ids=["title", "skill"],
)
def test_a_text_that_tells_would_be_found(before: str, after: str) -> None:
    """The test above can fail, by what an author writes."""
    text = assets.path("scenarios", "pool-shrunk.yaml").read_text(encoding="utf-8")
    told = loads(text.replace(before, after), "told.yaml")
    assert leaks(told, library.text({"scenarios/pool-shrunk.yaml": told}))


def test_a_fold_that_never_closes_would_be_found() -> None:
    """And by how the page is made."""
    page = library.text(library.shipped()).replace("</details>", "")
    assert [scenario.code for scenario in library.shipped().values() if not leaks(scenario, page)] == []


def test_every_link_leads_somewhere() -> None:
    """To the folder, and from each fold to its scenario's file."""
    links = re.findall(r"\]\((\.\./[^)#]+)\)", library.text(library.shipped()))
    assert len(links) == 1 + len(library.shipped())
    assert [link for link in links if not (assets.path("docs") / link).exists()] == []


def test_the_table_leads_to_the_section_whatever_the_title() -> None:
    """Readers of Markdown make anchors without punctuation."""
    text = SMALL.replace("Orders do not go through", "Orders? Gone, they say")
    page = library.text({"scenarios/valve-closed.yaml": loads(text, "valve-closed.yaml")})
    assert "[checkout-90](#checkout-90-orders-gone-they-say)" in page
    assert "### checkout-90 Orders? Gone, they say\n" in page


def test_one_without_skills_or_time_says_so() -> None:
    """Scenarios of other people need neither; nothing is made up for them."""
    page = library.text({"scenarios/valve-closed.yaml": loads(SMALL, "valve-closed.yaml")})
    assert "no estimate" in page
    assert "Practises" not in page
