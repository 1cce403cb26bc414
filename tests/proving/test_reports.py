"""Proofs for other programs: JUnit that its schema accepts, GitHub commands that a parser reads back."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.proof import Check, Conditions, Grade, Proof
from labctl.proving.flakes import flakes
from labctl.proving.github import annotated, command, summary
from labctl.proving.junit import junit
from labctl.proving.sources import Source, named

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent.parent / "fixtures" / "junit-10.xsd")
ODD = 'said, "so" <b>&amp;</b> at 50 %: 1,2 | `x`\r\nnext \x00\x1b[31m ☃'
COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^\r\n]*?)::(?P<message>[^\r\n]*)")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as a runner reads it: split where nothing is escaped, then unescaped."""
    match = COMMAND.fullmatch(line)
    assert match, line
    pairs = (each.split("=", 1) for each in match["properties"].split(","))
    return match["level"], {name: plain(value) for name, value in pairs}, plain(match["message"])


def plain(text: str) -> str:
    assert not re.search(r"%(?!25|0D|0A|3A|2C)", text), text
    for code, each in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, each)
    return text


@pytest.fixture
def pool() -> Source:
    return named(["pool-shrunk"])[0]


def proof(*checks: Check, run: int = 1) -> Proof:
    made = Proof("pool-shrunk", "local", took_s=61.25, run=run, checks=list(checks))
    made.conditions = [Conditions("decoys", 0.23, 2, 4.0, 0, 300)]
    return made


EACH = [
    Check("green", "baseline", Grade.PASSED, "7 journeys green", 1.0),
    Check("red", "checkout", Grade.PASSED, "red after 18 s of at most 20 s", 0.1, 18.0),
    Check("decoy", "run three edges", Grade.FAILED, ODD, None, 31.5),
    Check("fix", "roll back checkout", Grade.UNJUDGED, "the load was late", 0.67),
    Check("attempt", "pool-shrunk", Grade.CANNOT_RUN, "needs memory-limit"),
    Check("siblings", "checkout-slow", Grade.NOT_TRIED, "no sibling"),
]


def test_junit_is_valid_and_counts_every_check() -> None:
    """A suite per proof; failed, not judged and not tried are told apart, and margins are properties."""
    text = junit([proof(*EACH), proof(*EACH[:2], run=2)], flakes([proof(*EACH), proof(*EACH, run=2)]))
    SCHEMA.validate(text)
    first, second = ET.fromstring(text)  # noqa: S314 — our own
    assert (first.get("name"), second.get("name")) == ("pool-shrunk", "pool-shrunk (run 2)")
    counts = {key: first.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "2", "skipped": "1"}
    properties = {each.get("name"): each.get("value") for each in first.iter("property")}
    assert properties["margin.red.checkout"] == "0.100"
    assert properties["cpu.decoys"] == "0.230"
    cases = {each.get("name"): each for each in first.iter("testcase")}
    assert cases["decoy run three edges"].get("time") == "31.5"
    failure = cases["decoy run three edges"].find("failure")
    assert failure is not None
    assert "50 %: 1,2" in str(failure.get("message"))


def test_junit_of_nothing_is_valid() -> None:
    """A shard may be empty."""
    SCHEMA.validate(junit([]))


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(min_size=1))
def test_junit_is_valid_whatever_was_measured(said: str, name: str) -> None:
    """Sentences quote logs, which hold anything."""
    SCHEMA.validate(junit([proof(Check("fix", name, Grade.FAILED, said))]))


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text())
def test_a_command_is_read_back_as_it_was_meant(value: str, message: str) -> None:
    """Percent signs, commas, colons and line ends do not end it early, nor are they escaped twice."""
    (line,) = [command("error", {"file": "a.yaml", "title": value}, message)]
    if "\r" in line or "\n" in line:
        pytest.fail("a command is one line")
    assert parsed(line) == ("error", {"file": "a.yaml", "title": value}, message)


def test_what_did_not_pass_is_annotated_on_its_line(pool: Source) -> None:
    """Failed and not judged are errors; thin and cannot run are warnings; the rest is silent."""
    lines = pool.path.read_text().splitlines()
    found = [parsed(line) for line in annotated([proof(*EACH)], {"pool-shrunk": pool})]
    assert [level for level, _, _ in found] == ["warning", "error", "error", "warning"]
    thin, decoy, fix, _ = found
    assert thin[2].endswith("(margin 10%)")
    assert lines[int(thin[1]["line"]) - 1].startswith("expect:")
    assert "run three edges" in lines[int(decoy[1]["line"]) - 1]
    assert "roll back checkout" in lines[int(fix[1]["line"]) - 1]
    assert decoy[1]["file"].endswith("scenarios/pool-shrunk.yaml")
    assert decoy[1]["title"] == "pool-shrunk: decoy run three edges: failed"
    assert decoy[2] == ODD


def test_the_summary_is_a_table_that_nothing_breaks(pool: Source) -> None:
    """A row per proof, then what is to be looked at; measured text is no markup."""
    again = proof(Check("green", "baseline", Grade.FAILED, "x"), run=2)
    text = summary([proof(*EACH)], flakes([proof(*EACH[:1]), again]))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "❌ not proven" in rows[2]
    assert "&lt;b&gt;" in text
    assert "### Flakes" in text


def test_a_scenario_meant_twice_is_proven_once(pool: Source) -> None:
    """By id and by code."""
    assert [each.scenario.id for each in named(["pool-shrunk", "checkout-03"])] == ["pool-shrunk"]
