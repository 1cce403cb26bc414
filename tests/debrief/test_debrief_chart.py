"""The chart is one SVG that says what happened to who sees it and to who does not."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from labctl.debrief.chart import chart
from labctl.debrief.effects import Effect, deeds
from labctl.recording import Recording
from tests.debrief.drills import TARGETS

SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 — our own text


def test_it_is_well_formed_and_says_what_it_shows(played: Recording) -> None:
    """A title, a description in words, and both named as its label."""
    root = parsed(chart(played, TARGETS, name="one"))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert "checkout" in (title.text or "")
    assert "users were well +83 s from the page. The verdict: mitigated." in (desc.text or "")


def test_every_mark_has_a_title(played: Recording) -> None:
    """Fault, page, acknowledgement, looks, changes, hint, question, hold, challenge, recovery, verdict."""
    root = parsed(chart(played, TARGETS))
    said = [each.text for group in root.iter(f"{SVG}g") for each in group.findall(f"{SVG}title")]
    assert set(said) >= {
        "The fault is injected",
        "The page fires",
        "The page is acknowledged",
        "logs checkout",
        "restart postgres: no effect: failed checkout 92 % → 92 %",
        "Hint 1, 5 points",
        "Support asks: What may we say?",
        "The hold",
        "The challenge",
        "From here on users have their objectives back",
        "Verdict: mitigated",
    }


def test_it_needs_nothing_from_elsewhere_and_no_script(played: Recording) -> None:
    """It may be mailed, printed, or opened in ten years."""
    drawn = chart(played, TARGETS)
    assert "<script" not in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme:dark" in drawn
    assert "@media print" in drawn


def test_several_charts_share_a_page(played: Recording) -> None:
    """Every id begins with the chart's own name, and refers to none of another's."""
    root = parsed(chart(played, TARGETS, name="left"))
    ids = [identity for each in root.iter() if (identity := each.get("id"))]
    assert ids
    assert all(identity.startswith("left-") for identity in ids)


@pytest.mark.parametrize("width", [358, 920])
def test_nothing_is_drawn_outside(played: Recording, width: int) -> None:
    """On a phone as on a desk: every line lies within the picture."""
    root = parsed(chart(played, TARGETS, width=width))
    _, _, right, bottom = map(float, str(root.get("viewBox")).split())
    assert right == width
    points = [
        tuple(map(float, pair.split(",")))
        for each in (*root.iter(f"{SVG}polyline"), *root.iter(f"{SVG}polygon"))
        for pair in str(each.get("points")).split()
    ]
    assert points
    assert all(0 <= x <= right and 0 <= y <= bottom for x, y in points)


def test_a_recording_of_nothing_is_drawn_too(played: Recording) -> None:
    """A drill that ended before anything broke: no page, no seconds, no error."""
    empty = Recording(played.scenario, "local", played.events[:1], ())
    assert parsed(chart(empty, TARGETS)).tag == f"{SVG}svg"


def test_each_change_is_told_by_what_it_did_to_users(played: Recording) -> None:
    """A wrong turn, harm to another journey, its end, and the fix."""
    found = deeds(played, TARGETS)
    told = [(each.mark, each.effect, each.journey) for each in found]
    assert told == [
        ("A", Effect.NOTHING, "checkout"),
        ("B", Effect.WORSE, "cart"),
        ("C", Effect.HELPED, "cart"),
        ("D", Effect.HELPED, "checkout"),
    ]
    assert found[0].harmed == 0
    assert found[1].harmed > 120
