"""Log files of replicas: times, order, growth, bounds."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labctl.runtimes.local import output

NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "line",
    [
        '{"ts": "2026-11-21T12:00:00.250Z", "level": "info"}',
        f'{{"ts": {NOON}, "level": "info"}}',
        "2026-11-21 12:00:00.250 UTC [77] LOG:  ready",
        "ts=2026-11-21T12:00:00.250Z caller=main.go:1 level=info",
        "ts=2026-11-21T12:00:00.250123456Z caller=main.go:1 level=info",
        'time="2026-11-21T13:00:00.250+01:00" level=info',
        "19417:M 21 Nov 2026 12:00:00.250 * Ready to accept connections",
    ],
)
def test_the_time_of_a_line_is_read_from_the_line(line: str) -> None:
    """Every program of the stack writes its time in its own way."""
    assert output.stamp(line) == pytest.approx(NOON, abs=0.001)


def test_a_line_without_a_time_has_none() -> None:
    """A traceback's line, a banner, a number that is no time."""
    assert [output.stamp(line) for line in ("  File x, line 3", "", "took 2026 ms")] == [None] * 3


def logged(folder: Path, replica: str, *lines: tuple[float | None, str]) -> None:
    with (folder / f"{replica}.log").open("a") as file:
        for at, text in lines:
            file.write(f'{{"ts": {NOON + at}, "msg": "{text}"}}\n' if at is not None else f"{text}\n")


def read(folder: Path, component: str = "web", since: float = 0.0) -> list[str]:
    found = output.lines(folder, component, since_wall_s=NOON + since, follow=False)
    return [line.text.rpartition(" ")[2].strip('"}') for line in found]


def test_lines_of_several_replicas_come_by_time(tmp_path: Path) -> None:
    """One story, whoever tells it; another component with a like name is not in it."""
    logged(tmp_path, "web-1", (1, "a"), (3, "c"))
    logged(tmp_path, "web-2", (2, "b"), (4, "d"))
    logged(tmp_path, "web-cache-1", (2, "other"))
    assert read(tmp_path) == ["a", "b", "c", "d"]
    assert read(tmp_path, since=3) == ["c", "d"]


def test_a_line_without_a_time_stays_with_the_one_before(tmp_path: Path) -> None:
    """A traceback is not torn from what it explains."""
    logged(tmp_path, "web-1", (1, "failed"), (None, "Traceback"), (9, "later"))
    logged(tmp_path, "web-2", (5, "between"))
    assert read(tmp_path) == ["failed", "Traceback", "between", "later"]


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    """Half a line is no line."""
    logged(tmp_path, "web-1", (1, "whole"))
    with (tmp_path / "web-1.log").open("a") as file:
        file.write('{"ts": 17')
    assert read(tmp_path) == ["whole"]


def test_following_sees_what_comes_and_who_comes(tmp_path: Path) -> None:
    """New lines and new replicas appear, each once, also after a file was cut off."""
    logged(tmp_path, "web-1", (1, "a"))
    following = output.lines(tmp_path, "web", since_wall_s=0.0, follow=True)
    assert '"a"' in next(following).text
    logged(tmp_path, "web-2", (2, "b"))
    assert '"b"' in next(following).text
    (tmp_path / "web-1.log").write_text("")
    logged(tmp_path, "web-2", (3, "c"))
    assert '"c"' in next(following).text
    logged(tmp_path, "web-1", (4, "d"))
    assert '"d"' in next(following).text


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that never stops writing keeps its file and loses only the oldest."""
    monkeypatch.setattr(output, "MAX_BYTES", 100)
    log = tmp_path / "web-1.log"
    with log.open("ab") as program:
        for number in itertools.count():
            program.write(b"x" * 9 + b"\n")
            program.flush()
            output.bound(log)
            if number == 50:
                break
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * 120


def test_the_last_lines_of_a_missing_log_are_none(tmp_path: Path) -> None:
    """An error message about a program that never wrote has nothing to quote."""
    assert output.last_lines(tmp_path / "web-1.log", 5) == []
