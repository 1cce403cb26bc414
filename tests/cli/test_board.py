"""The board: output in the plan's order though several labs work at once."""

import pytest
from tests.engine.world import scenario

from labctl.cli.board import Board
from labctl.proof import Check, Grade, Proof
from labctl.proving.plan import plan


def fix(name: str) -> Check:
    return Check("fix", name, Grade.PASSED, "held")


def words(lines: list[str]) -> list[str]:
    return [line.split(":")[0].split()[-1] for line in lines]


def test_what_is_first_is_told_at_once_and_what_is_later_waits() -> None:
    """Attempts of one scenario are told one after the other, and scenarios too, each under its name."""
    lines: list[str] = []
    tasks = plan([scenario(), scenario(("id: pool-shrunk", "id: other"))])
    (chain, heal), (other, _) = (task.parts for task in tasks)
    with Board(list(tasks), write=lines.append, verbose=False) as board:
        for part in (chain, heal, other):
            board.begins(part, "lab")
        board.checked(heal, fix("second"))
        board.checked(other, fix("third"))
        assert lines == []
        board.checked(chain, fix("first"))
        assert words(lines) == ["(checkout-03)", "first"]
        board.ended(heal)
        assert len(lines) == 2
        board.ended(chain)
        assert words(lines) == ["(checkout-03)", "first", "second"]
        assert "third" not in "".join(lines)
        board.concluded(tasks[0], Proof("pool-shrunk", "local", took_s=61.0))
        assert "1 min 1 s, all attempts of pool-shrunk together" in "".join(lines)
    assert words(lines)[-2:] == ["(checkout-03)", "third"], "what was cut short is told at the end"


def test_attempts_that_were_never_made_keep_nobody_waiting() -> None:
    """The fault did not reproduce: the fixes are not tried, and the next scenario is told."""
    lines: list[str] = []
    tasks = plan([scenario(), scenario(("id: pool-shrunk", "id: other"))])
    with Board(list(tasks), write=lines.append, verbose=False) as board:
        chain = tasks[0].parts[0]
        board.checked(chain, Check("red", "checkout", Grade.FAILED, "does not reproduce"))
        board.ended(chain)
        board.concluded(tasks[0], Proof("pool-shrunk", "local"))
        board.checked(tasks[1].parts[0], fix("at-once"))
        assert words(lines)[-1] == "at-once"


def test_off_a_terminal_nothing_is_animated(capsys: pytest.CaptureFixture[str]) -> None:
    """Plain lines in CI."""
    tasks = plan([scenario()])
    with Board(list(tasks), write=print, verbose=False) as board:
        board.begins(tasks[0].parts[0], "lab")
        board.checked(tasks[0].parts[0], fix("x"))
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
