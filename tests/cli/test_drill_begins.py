"""How `labctl drill` begins: with what a learner can read, before anything that takes its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Labctl
from tests.cli.test_main import HEAVY
from tests.scenario.samples import SMALL, written

from labctl.cli import main
from labctl.cli.commands import ACT, COMMANDS, LOOK
from labctl.errors import LabError
from labctl.lab import lab as labs
from labctl.lab.lab import Lab

CODE = "checkout-90"
BRIEFED = ("You are on call for a shop.", "The shop's users want 99 % of: account-history")


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small scenario, beside the lab's own."""
    (tmp_path / "scenarios").mkdir()
    written(tmp_path / "scenarios", SMALL)
    monkeypatch.setenv("LABCTL_SCENARIOS", str(tmp_path / "scenarios"))
    monkeypatch.delenv("LABCTL_RUNTIME", raising=False)


class Slow:
    """What takes its time: keeps what had been said when it was asked for, and then refuses."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.before: list[str] = []
        self._capsys = capsys

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.before.append(self._capsys.readouterr().err)
        raise LabError("that is all that is asked of it here")


@pytest.fixture
def slow(capsys: pytest.CaptureFixture[str]) -> Slow:
    return Slow(capsys)


@pytest.mark.usefixtures("lab", "real_assets")
def test_the_briefing_comes_before_the_lab_is_opened(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The incident, what users were promised, and the tools."""
    monkeypatch.setattr(labs, "open_lab", slow)
    assert main.run(["drill", CODE]) == 3
    (before,) = slow.before
    assert [each for each in (*BRIEFED, f"{CODE}  level ", "opening lab test …") if each not in before] == []


@pytest.mark.parametrize("part", ["labctl.runtimes.chosen_kind", "labctl.lab.lab.create"])
def test_the_briefing_comes_before_a_lab_is_started(
    slow: Slow, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """And before an engine is looked for, which may hang."""
    monkeypatch.setattr("labctl.runtimes.chosen_kind", lambda _: "fake")
    monkeypatch.setattr(part, slow)
    assert main.run(["drill", CODE]) == 3
    (before,) = slow.before
    assert [each for each in (*BRIEFED, "no lab is up: starting one …") if each not in before] == []


def test_the_first_lines_wait_for_no_library() -> None:
    """The tools are said before any big library is imported but pydantic, which the parser takes along."""
    program = (
        "import sys\nfrom labctl.cli import main, terminal\n"
        f"def first(text=''): sys.exit(str(set({HEAVY!r}) & set(sys.modules) - {{'pydantic'}} or '') or 0)\n"
        "terminal.say = first\nmain.run(['drill', 'checkout-03'])\nsys.exit('nothing was said')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_runtime_that_does_not_exist_is_said_at_once(labctl: Labctl) -> None:
    """Exit 2, before anything else."""
    code, out, err = labctl("drill", CODE, "--runtime", "podman")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no runtime 'podman'")


@pytest.mark.usefixtures("lab", "real_assets")
def test_the_briefing_names_every_way_to_look_and_to_act(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the table of commands has, within 80 columns."""
    monkeypatch.setattr(labs, "open_lab", slow)
    main.run(["drill", CODE])
    (before,) = slow.before
    words = set(before.replace(",", " ").split())
    assert {name for name, each in COMMANDS.items() if each.section in (LOOK, ACT)} - words == set()
    assert {"trace", "top", "sh", "runbook"} <= words
    assert max(map(len, before.splitlines())) <= 80


def test_going_back_says_so_before_the_lab_is_opened(
    lab: Lab, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which incident it is, only the lab knows."""
    monkeypatch.setattr(labs, "open_lab", slow)
    assert main.run(["drill"]) == 3
    assert slow.before == [f"opening lab {lab.name} …\n"]
