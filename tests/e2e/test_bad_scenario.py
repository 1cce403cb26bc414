"""A file with mistakes, at the command line: every one of them with its place, and nothing is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from labctl import assets
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Slip:
    """What is right, what a hurried author writes, and what is to be said at the place of `at`."""

    right: str
    wrong: str
    at: str
    said: str


SLIPS = (
    Slip("level: 2", "level: hard", "hard", "level"),
    Slip(
        "{component: checkout, release: 2.4.0}",
        "{component: chekout, release: 2.4.0}",
        "chekout",
        "did you mean 'checkout'?",
    ),
    Slip(
        "red: 20s, page: CheckoutBudgetBurn",
        "red: 20s, page: ChekoutBudgetBurn",
        "ChekoutBudgetBurn",
        "did you mean 'CheckoutBudgetBurn'?",
    ),
    Slip("hold: 30s", "hoold: 30s", "hoold", "did you mean 'hold'?"),
    Slip("rollback: {component: checkout}", "rolback: {component: checkout}", "rolback", "'rollback'"),
    Slip("equals: 2\n", "equls: 2\n", "equls", "did you mean 'equals'?"),
)


@pytest.fixture
def bad(terminal: Terminal) -> Path:
    """The lab's own scenario with a mistake in many places."""
    text = (assets.path("scenarios") / "pool-shrunk.yaml").read_text()
    for slip in SLIPS:
        assert text.count(slip.right) == 1, slip
        text = text.replace(slip.right, slip.wrong)
    path = terminal.home / "bad.yaml"
    path.write_text(text)
    return path


def place(path: Path, text: str) -> str:
    """`file:line:column` of this text in the file."""
    before = path.read_text().partition(text)[0]
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize("command", ["lint", "verify", "demo", "drill"])
def test_every_mistake_is_named_with_its_place(terminal: Terminal, bad: Path, command: str) -> None:
    """Exit 2; file:line:column and what was probably meant; no traceback, and no lab."""
    done = terminal.types(command, str(bad))
    assert done.code == 2
    assert "Traceback" not in done.out + done.err
    named = [line for line in done.err.splitlines() if line.startswith(f"{bad}:")]
    for slip in SLIPS:
        at = place(bad, slip.at)
        assert any(each.startswith(f"{at}: ") and slip.said in each for each in named), (at, slip, done.err)
    assert f"{len(named)} mistakes" in done.err
    assert not (terminal.home / "labs").exists()


def test_what_is_no_yaml_at_all_has_a_place_too(terminal: Terminal) -> None:
    """The parser's own complaint, in the same shape."""
    path = terminal.home / "torn.yaml"
    path.write_text("id: torn\nfaults:\n  - deploy: {component: checkout\n")
    done = terminal.types("lint", str(path))
    assert done.code == 2
    assert f"{path}:" in done.err
    assert "Traceback" not in done.err


def test_a_name_that_is_almost_right_is_guessed(terminal: Terminal) -> None:
    """`pool-shrank` is no scenario; the one that was meant is named."""
    done = terminal.types("verify", "pool-shrank")
    assert done.code == 2
    assert "did you mean 'pool-shrunk'?" in done.err
