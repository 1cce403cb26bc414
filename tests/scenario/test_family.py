"""Families: siblings open alike, so that a learner has to look."""

from __future__ import annotations

import pytest
from tests.scenario.samples import SMALL

from labctl.scenario import library
from labctl.scenario.family import families, opening, told_apart
from labctl.scenario.loader import loads
from labctl.scenario.model import Scenario
from labctl.scenario.quality import shown

FAMILIES = families(library.shipped().values())
SIBLING = SMALL.replace("valve-closed", "tap-closed").replace("checkout-90", "checkout-91")


@pytest.mark.parametrize("family", FAMILIES)
def test_siblings_open_alike(family: str) -> None:
    """Title, briefing, skills, traffic, page and voices: what is seen up to the page tells none apart."""
    assert told_apart(FAMILIES[family]) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_has_somebody_who_worries(family: str) -> None:
    """People of its own ask while it lasts, and no two of them the same."""
    voices = FAMILIES[family][0].voices
    assert voices
    assert len({voice.says for voice in voices}) == len({voice.who for voice in voices}) == len(voices)


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        ("title", "Orders do not go through", "Orders are slow"),
        ("briefing", "A weekday's peak.", "A weekday's peak, after a release."),
        ("skills", "level: 1", "level: 1\nskills: [count replicas]"),
        ("load", "faults:", "load: {profile: burst}\nfaults:"),
        ("objectives", "faults:", "objectives: {checkout: 0.95}\nfaults:"),
        ("expect.journey", "journey: checkout", "journey: cart"),
        ("expect.page", "CheckoutBudgetBurn", "none"),
        ("page", "faults:", "page: Support calls.\nfaults:"),
        ("voices", "faults:", "voices: [{who: support, says: Well?, after: 45s}]\nfaults:"),
    ],
    ids=lambda value: value.split(":")[0],
)
def test_a_sibling_that_stands_out_is_found(place: str, before: str, after: str) -> None:
    """Wherever it differs: the place, and what each of them says there."""
    assert before in SIBLING
    other = loads(SIBLING.replace(before, after, 1), "tap-closed.yaml")
    found = told_apart([loads(SMALL, "valve-closed.yaml"), other])
    assert list(found) == [place]
    assert set(found[place]) == {"valve-closed", "tap-closed"}


def test_code_level_and_time_may_differ() -> None:
    """They tell how hard it is, or nothing."""
    other = SIBLING.replace("level: 1", "level: 3\nexpected_time: 20m")
    assert told_apart([loads(SMALL, "a.yaml"), loads(other, "b.yaml")]) == {}


def test_whatever_lint_takes_for_shown_is_compared() -> None:
    """A text that is shown to learners in future is not forgotten here."""
    scenario = next(iter(library.shipped().values()))
    named = {str(place[0]) for place in shown(scenario)} - {"code", "family"}
    assert named <= set(opening(scenario))


def test_a_family_of_one_tells_nothing_apart() -> None:
    """There is nobody to be told from."""
    alone: Scenario = loads(SMALL, "valve-closed.yaml")
    assert told_apart([alone]) == {}
    assert families([alone]) == {"checkout-slow": (alone,)}
