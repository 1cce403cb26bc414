"""Every error of a look says what to try next."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Labctl

from labctl.cli.commands import COMMANDS, LOOK
from labctl.lab.lab import Lab

WRONG = (
    *("logs nobody", "logs bank", "logs --grep (", "logs --since soon"),
    *("trace ffffffff", "trace", "trace 4bf9 --since soon"),
    *("query up", "query up --range soon", "query up --range 0s"),
    *("psql select_1", "psql select_1 --user nobody", "psql select_1 --database nowhere"),
    *("redis nothing info", "redis redis-cache info"),
    *("sh nobody", "sh bank", "sh load", "sh checkout-9", "sh checkout -- no-such-program"),
    *("runbook NoSuchAlert", "changes nobody", "diff nobody", "diff edge 9.9.9", "diff checkout"),
    *("diff postgres", "page", "top --colour"),
)
"""Each fails: a slip of the pen, or a part of the lab that does not answer (the double has none)."""


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.usefixtures("lab", "load", "real_assets")
def test_a_look_that_fails_says_what_to_try_next(line: str, labctl: Labctl) -> None:
    """One line of error, then `next:` with something to type; never a traceback or a bug."""
    code, _, err = labctl(*line.replace("_", " ").split(" ") if "select" not in line else _sql(line))
    assert code != 0, err
    assert err.startswith("error: ") or "\nerror: " in err
    assert "\nnext:  " in err, err
    assert "bug" not in err


def _sql(line: str) -> list[str]:
    return [word.replace("_", " ") for word in line.split(" ")]


def test_every_look_is_tried() -> None:
    """A new one needs its own mistakes here."""
    looks = {name for name, entry in COMMANDS.items() if entry.section == LOOK} | {"page"}
    assert looks == {line.split(" ")[0] for line in WRONG}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if entry.section == LOOK])
def test_without_a_lab_a_look_says_how_to_start_one(name: str, labctl: Labctl) -> None:
    """But a runbook is there without."""
    words = {"query": ["up"], "trace": ["4bf9"], "sh": ["edge"], "diff": ["edge"]}.get(name, [])
    code, _, err = labctl(name, *words)
    assert name == "runbook" or (code, err) == (2, "error: no lab is up\nnext:  labctl up\n")


def test_a_command_in_a_replica_keeps_its_exit_code(lab: Lab, labctl: Labctl) -> None:
    """What it runs is a real program; its own words go straight to the terminal."""
    assert labctl("sh", "checkout", "--", "sh", "-c", 'test "$REPLICA" = checkout-1 && exit 7')[0] == 7
