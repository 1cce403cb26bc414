"""Log lines."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from pathlib import Path

from shared import trace
from shared.logs import InBatches, JsonLines

SERVICES = Path(__file__).parent.parent.parent / "services"


def formatted(message: str, **fields: object) -> dict[str, object]:
    record = logging.LogRecord("x", logging.WARNING, "", 0, message, None, None)
    record.fields = fields
    line = JsonLines().format(record)
    assert "\n" not in line
    plain: dict[str, object] = json.loads(line)
    return plain


def test_a_line_is_one_json_object_with_the_trace() -> None:
    """Every line says when, who, which trace and what, and carries its own fields."""
    begun = trace.begin()
    line = formatted("slow\nanswer", ms=12.5)
    assert line["trace"] == begun
    assert line["msg"] == "slow\nanswer"
    assert (line["level"], line["ms"]) == ("warning", 12.5)
    assert {"ts", "service", "replica", "release"} <= line.keys()


def test_what_json_cannot_hold_becomes_text() -> None:
    """A field of any type makes a line, never an error."""
    assert formatted("x", why=ValueError("no"))["why"] == "no"


class Output(io.StringIO):
    """Remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


def logger(output: Output) -> logging.Logger:
    made = logging.Logger("batches")
    made.addHandler(InBatches(output))
    return made


def test_a_warning_is_written_at_once_after_what_came_before() -> None:
    """In one write, in order: nothing is out of place and nothing bad waits."""
    output = Output()
    log = logger(output)
    log.info("one")
    log.warning("two")
    assert "".join(output.writes) == "one\ntwo\n"
    assert output.writes[-1].endswith("two\n")


def test_lines_that_come_together_are_written_together() -> None:
    """Hundreds of lines a second are a few dozen writes."""
    output = Output()
    log = logger(output)
    for number in range(500):
        log.info("line %d", number)
    log.handlers[0].flush()
    assert "".join(output.writes) == "".join(f"line {number}\n" for number in range(500))
    assert len(output.writes) < 100


def test_nothing_is_lost_at_a_graceful_end() -> None:
    """What was logged last is written before the process is gone."""
    program = "from shared import logs\nlogs.begin()\nlogs.Log('x').info('the last words')"
    done = subprocess.run([sys.executable, "-c", program], cwd=SERVICES, capture_output=True, check=True)
    assert json.loads(done.stdout)["msg"] == "the last words"
