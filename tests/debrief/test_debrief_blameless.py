"""The postmortem linter finds blame, wishes and loose ends, and leaves good sentences alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.debrief.blameless import check, lint
from labctl.errors import UsageError

BAD = [
    "The outage was caused by human error.",
    "The engineer forgot to test the release.",
    "Dana forgot to raise the limit.",
    "We should have noticed the queue.",
    "Mara should have asked before she deployed.",
    "The on-call engineer did not check the dashboard.",
    "It was the operator's mistake.",
    "The incident was triggered by an inexperienced developer.",
    "Nobody noticed because of carelessness.",
    "Everyone needs to be more careful with deploys.",
    "Pay more attention to the pool.",
    "Remind everyone that migrations lock.",
    "The root cause was a small pool.",
    "## Root cause",
    "What it cost: [[how much]].",
    "We made a mistake in the configuration.",
]
GOOD = [
    "Postgres failed to start because its disk was full.",
    "The release cut the pool from 8 to 2, and the review showed only the constant.",
    "Checkout broke when the bank slowed down.",
    "The alert should have fired a minute sooner; its window was too long.",
    "Retries ignored the deadline.",
    "There was no single root cause.",
    "This is a blameless review.",
    "“Be more careful” is no action.",
    "The dashboard drew attention to the database, which was idle.",
    "We rolled back at 10:04 and told support.",
    "Redis forgot the keys when it restarted.",
    "> Dana forgot it, said the report of 2019.",
    "The error budget was spent in four minutes; users saw an error page.",
    "The team met the next day and read the traces.",
    "Run `remember to` as a command.",
    "The deploy was introduced by a pipeline that has no canary.",
]


@pytest.mark.parametrize("sentence", BAD)
def test_what_blames_or_wishes_is_found(sentence: str) -> None:
    """One finding for one bad sentence, with something to write instead."""
    found = check(sentence)
    assert len(found) == 1
    assert found[0].line == 1
    assert found[0].instead


@pytest.mark.parametrize("sentence", GOOD)
def test_what_tells_of_the_system_is_left_alone(sentence: str) -> None:
    """Components may fail, alerts may be late, and quotations are somebody else's."""
    assert check(sentence) == []


def test_places_are_exact() -> None:
    """Line and column are where an editor jumps to, also behind code of any length."""
    found = check("# Fine\n\nAfter `a long command`, the engineer forgot to look.\n")
    assert [(each.line, each.column) for each in found] == [(3, 25)]


TABLE = """
## Action items

| action | owner | due |
|---|---|---|
| alert on the pool | dana | 2031-02-03 |
| give reads their own pool | team | soon |
| size it by arithmetic | [[owner]] | [[date]] |
"""


def test_an_action_needs_one_owner_and_one_date() -> None:
    """Blanks, everybody and soon are neither; a row that has both is fine."""
    found = check(TABLE)
    assert [(each.line, each.said) for each in found] == [
        (7, "the action has no owner: “team”"),
        (7, "the action has no date: “soon”"),
        (8, "the action has no owner: “[[owner]]”"),
        (8, "the action has no date: “[[date]]”"),
    ]


def test_a_list_of_actions_needs_them_too() -> None:
    """Whether or not there is a table."""
    said = [each.said for each in check("## Actions\n\n- alert on the pool\n- canary, @dana, 2031-02-03\n")]
    assert said == ["the action has no date", "the action has no owner"]


def test_one_contributing_factor_is_too_few() -> None:
    """And two are not."""
    one = "## Contributing factors\n\n- the pool was small\n\n## Next\n"
    assert [each.said for each in check(one)] == ["there is only one contributing factor"]
    assert check(one.replace("\n\n## Next", "\n- nothing watched it\n\n## Next")) == []


def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """No file, or no text in it."""
    (tmp_path / "x.md").write_bytes(b"\xff\xfe\x00")
    for name in ("x.md", "y.md"):
        with pytest.raises(UsageError, match="cannot be read"):
            lint(tmp_path / name)
