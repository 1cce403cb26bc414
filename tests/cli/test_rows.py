"""Rows of the desk as lines on a screen."""

from typing import Any

import pytest

from labctl.cli import actions, history, logs, status, stores
from labctl.desk.changes import ChangeRow
from labctl.desk.logs import LogRow
from labctl.desk.status import ComponentRow, JourneyRow
from labctl.errors import UsageError


def journey(*, due: int = 300, slow: int = 0, bad: int = 0) -> JourneyRow:
    share = (due - slow - bad) / due if due else None
    return JourneyRow("checkout", due, share, 0.99, slow, bad, 0)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (journey(), "ok"),
        (journey(slow=3), "ok"),
        (journey(slow=2, bad=2), "thin"),
        (journey(slow=10, bad=5), "HURT"),
        (journey(due=0), "nobody came"),
    ],
)
def test_what_users_feel_is_said_as_the_judge_would(row: JourneyRow, word: str) -> None:
    """Forgiven failures are ok; 5 % is hurt; in between is thin."""
    assert status.feels(row) == word


def test_a_share_never_reads_as_the_target_it_missed() -> None:
    """98.97 % is shown below 99 %."""
    assert status.percent(0.9897) == "98.9 %"
    assert status.percent(0.99) == "99 %"


def test_a_component_killed_for_memory_says_so() -> None:
    """A restart count alone would not tell why."""
    row = ComponentRow("catalog", "shop", "backoff", 0, 1, 3, 3, "1.0.0", 0.0, ())
    assert status.state(row) == "backoff, 3 out of memory"


def test_a_log_line_has_time_replica_level_message_and_the_rest() -> None:
    """The trace is cut to what is enough to type."""
    row = LogRow(
        0.25, "checkout", "checkout-1", "error", "no connection", "4bf92f3577b34da6", {"ms": 3001}, "{}"
    )
    shown = logs.line(row)
    assert shown.split("  ")[1] == "checkout-1"
    assert shown.endswith("no connection  trace=4bf92f35 ms=3001")


def test_a_line_that_is_no_json_is_shown_as_it_is() -> None:
    """Postgres and Redis write plain text."""
    shown = logs.line(LogRow(0.0, "postgres", "postgres-1", "", "LOG: ready", None, {}, "LOG: ready"))
    assert shown.endswith("LOG: ready")


def test_a_change_says_what_became_of_it_unless_it_is_done() -> None:
    """And what its author wrote about it."""
    row = ChangeRow(
        0.0, "mara", "deploy", "checkout", "deploy checkout 2.4.0", "smaller pools", 1.0, "done", "a"
    )
    assert history.what(row) == "deploy checkout 2.4.0: smaller pools"
    undone = ChangeRow(0.0, "you", "flag", "edge", "flag maintenance on", "", 1.0, "undone", "b")
    assert history.what(undone) == "flag maintenance on [undone]"


def test_a_change_of_another_day_shows_the_day() -> None:
    """The releases that a lab begins with are weeks old."""
    assert history.when(0.0)[:4] in ("1969", "1970")


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (None, ["(nil)"]),
        (5, ["5"]),
        ([], ["(empty)"]),
        (["a", "b"], ["a", "b"]),
        ({"used_memory": 7}, ["used_memory: 7"]),
        ([["1-0", {"order": "9", "state": "paid"}]], ["- 1-0", "  - order: 9", "    state: paid"]),
        ({"db0": {"keys": 3, "expires": 1}}, ["db0:", "  keys: 3", "  expires: 1"]),
    ],
)
def test_a_redis_answer_is_lines(answer: Any, lines: list[str]) -> None:
    """Whatever shape it comes in."""
    assert stores.answer_lines(answer) == lines


def test_settings_are_pairs_and_an_empty_value_is_the_default_again() -> None:
    """`KEY=` takes a setting back; a value may hold equals signs."""
    assert actions.pairs(["A=1", "B=", "C=x=y"]) == {"A": "1", "B": None, "C": "x=y"}


@pytest.mark.parametrize("setting", ["DB_POOL_MAX", "=8", "DB_POOL_MAX 8"])
def test_a_setting_without_its_value_is_refused_with_an_example(setting: str) -> None:
    """The next thing to type is in the error."""
    with pytest.raises(UsageError, match="is not KEY=VALUE") as caught:
        actions.pairs([setting])
    assert caught.value.hint == "labctl set checkout DB_POOL_MAX=8"
