"""The written forms of a debrief hold the facts, and the page needs nothing but itself."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from labctl.debrief import pages
from labctl.debrief.blameless import check
from labctl.debrief.postmortem import draft
from labctl.debrief.report import Report
from labctl.lab.journal import Event
from labctl.recording import Recording
from labctl.scenario import catalog
from tests.debrief.drills import TARGETS

_VOID = {"meta", "br", "hr", "img", "input", "link"}


class Balance(HTMLParser):
    """Fails on a tag that closes another; keeps what could ask for something from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.asks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.asks += [
            str(given[name]) for name in ("src", "href", "srcset", "action", "data") if name in given
        ]
        if identity := given.get("id"):
            self.ids.append(identity)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(played: Recording) -> Report:
    return Report(played, catalog.find("pool-shrunk"), TARGETS)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return pages.html(report, draft(report))


def test_the_page_is_balanced_and_its_ids_are_its_own(page: str) -> None:
    """Every element is closed in order, and no id is there twice, although two charts are."""
    parser = Balance()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))


def test_the_page_asks_for_nothing(page: str) -> None:
    """No script, font, image or style from elsewhere: it is read in a train as in ten years."""
    parser = Balance()
    parser.feed(page)
    assert parser.asks == []
    assert not parser.tags & {"script", "link", "img", "iframe"}
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) == {"#"}
    assert set(re.findall(r"https?://[^\s\"<]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_the_page_is_made_for_light_dark_phone_and_paper(page: str) -> None:
    """By style alone."""
    for asked in ("prefers-color-scheme:dark", "max-width:40rem", "@media print", 'name="viewport"'):
        assert asked in page


def test_the_page_holds_the_facts(page: str, report: Report) -> None:
    """What happened, in which order, what it did to users, and what there is to learn."""
    scenario = report.scenario
    for fact in (
        "Paying takes for ever",
        "Mitigated.",
        "restart postgres",
        "no effect: failed checkout 92 % → 92 %",
        "made it worse: failed cart 0 % → 100 %",
        "helped: failed checkout 92 % → 0 %",
        "<b>+1:22</b>",
        "time to acknowledge",
        "6 s after the page",
        *(each.evidence.question for each in report.evidence[:1]),
    ):
        assert fact in page.replace("&#34;", '"'), fact
    assert page.count("<details>") == len(scenario.debrief.questions) + 1


def test_what_a_learner_wrote_is_never_markup(report: Report) -> None:
    """An update is shown as it was typed, in the page and in the chart's titles."""
    said = Event(99, report.moments.zero + 3, "update.said", {"text": "<script>alert(1)</script> & | more"})
    recording = replace(report.recording, events=(*report.recording.events, said))
    told = replace(report, recording=recording)
    page = pages.html(told, draft(told))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; | more" in page
    rows = [row for row in draft(told).splitlines() if "alert(1)" in row]
    assert rows == ["| +0:03 | 22:13:50 | Update: “<script>alert(1)</script> & \\| more” |"]


def test_evidence_is_shown_with_what_was_found(report: Report) -> None:
    """Where the drill measured it; elsewhere the question alone."""
    say = report.scenario.evidence[0].say
    found = Event(99, report.moments.zero, "evidence.found", {"say": say, "value": 41.25, "holds": True})
    told = replace(report, recording=replace(report.recording, events=(*report.recording.events, found)))
    assert [each.found for each in told.evidence] == ["41.2", None, None, None]
    assert "measured <b>41.2</b>" in pages.html(told, "")


def test_the_draft_has_the_facts_and_blanks_for_the_judgement(report: Report) -> None:
    """Its own reader finds each blank, an owner and a date for each action, and no blame."""
    written = draft(report)
    assert "| checkout | 965 | 1620 | 59.6 % | 18.6 % |" in written
    assert "The alert CheckoutBudgetBurn paged at 2023-11-14 22:13 UTC, 4 s after the fault." in written
    found = check(written)
    kinds = {re.sub(r"“.*”", "…", each.said) for each in found}
    assert kinds == {"… is a blank that was left", "the action has no owner: …", "the action has no date: …"}
    assert written.count("[[") == len(found)


def test_the_markdown_tells_the_same(report: Report) -> None:
    """Story, score and what contributed, in tables that render."""
    written = pages.markdown(report, draft(report))
    assert "| +1:22 | 22:15:09 | **D** roll checkout back to 2.3.0 (was 2.4.0): helped" in written
    assert "| time to acknowledge | 10 of 10 | 6 s after the page |" in written
    tables = [row for row in written.splitlines() if row.startswith("|")]
    assert all(row.endswith("|") for row in tables)


def test_machines_read_the_same_facts(report: Report) -> None:
    """Plain data: every part of the score with its meaning, the story, and each change's effect."""
    plain = report.plain()
    assert plain["outcome"] == "mitigated"
    assert [each["effect"] for each in plain["changes"]] == ["no effect", "made it worse", "helped", "helped"]
    assert all(part["means"] for part in plain["score"]["parts"])
    assert plain["timeline"][3]["after_page_s"] == 0.0
