"""Evidence in a drill: executed once while users are hurt, kept for the debrief, and never in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from labctl import drill as drilling
from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.engine import evidence, phases
from labctl.judge import Outcome
from labctl.lab.journal import Event
from labctl.scenario.asked import Evidence
from labctl.scenario.model import Scenario
from tests.engine import world
from tests.engine.test_drill import ROLL_BACK, Killed, claims, does, killed_at, paged
from tests.engine.world import Deed, WorldLab, prove, scenario

PIECES = (
    "debrief:",
    (
        "evidence:\n"
        "  - {say: requests queue up, query: waiting, above: 4}\n"
        "  - {say: statements are quick, query: took, below: 0.05}\ndebrief:"
    ),
)
HUMAN = ("page: CheckoutBudgetBurn}", "page: none}\npage: Support says that nobody can pay.")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    made = world.build(tmp_path, monkeypatch)
    made.world.answers |= {"waiting": [115.0], "took": [0.2]}
    return made


def mended(
    lab: WorldLab,
    chosen: Scenario,
    *,
    later_s: int = 8,
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """A drill that somebody mends so long after the page, and what was found on the way."""
    does(lab, ROLL_BACK, when=paged(lab, later_s))
    claims(lab)
    verdict = drilling.drill(lab, chosen, clock=lab.clock, quiet_s=0.0, on_event=on_event)
    assert verdict is not None
    assert verdict.outcome is Outcome.MITIGATED
    return found(lab)


def found(lab: WorldLab) -> list[dict[str, Any]]:
    return [dict(event.payload) for event in lab.journal.read() if event.kind == "evidence.found"]


def test_each_piece_is_executed_once_between_the_page_and_the_first_change(lab: WorldLab) -> None:
    """Whether it holds or not: what was measured is kept, in the scenario's order."""
    assert mended(lab, scenario(PIECES)) == [
        {"say": "requests queue up", "value": 115.0, "holds": True},
        {"say": "statements are quick", "value": 0.2, "holds": False},
    ]
    told = [
        event.kind
        for event in lab.journal.read()
        if event.kind in ("page.fired", "evidence.found")
        or (event.kind == "change.begun" and event.payload["role"] == "learner")
    ]
    assert told == ["page.fired", "evidence.found", "evidence.found", "change.begun"]


@pytest.mark.parametrize(
    ("answer", "value", "holds"),
    [([], None, False), ([float("nan")], "nan", False), ([float("inf")], "inf", True)],
)
def test_what_has_no_value_is_kept_as_such(
    lab: WorldLab, answer: list[float], value: str | None, *, holds: bool
) -> None:
    """Nothing, no number, and a number without end; the other piece is executed all the same."""
    lab.world.answers["waiting"] = answer
    first, second = mended(lab, scenario(PIECES))
    assert (first["value"], first["holds"], second["value"]) == (value, holds, 0.2)


def test_what_shows_late_is_found_late(lab: WorldLab) -> None:
    """Both answers are kept, the debrief tells the last: memory climbs for some seconds before it shows."""
    lab.world.answers["waiting"] = [1.0]
    lab.world.deeds.append(Deed(paged(lab, 3), lambda: lab.world.answers.update(waiting=[115.0])))
    told = [each for each in mended(lab, scenario(PIECES)) if each["say"] == "requests queue up"]
    assert [(each["value"], each["holds"]) for each in told] == [(1.0, False), (115.0, True)]


def test_a_piece_that_cannot_be_asked_says_why(lab: WorldLab) -> None:
    """Two values where one is wanted: which would be meant?"""
    lab.world.answers["waiting"] = [115.0, 2.0]
    first, second = mended(lab, scenario(PIECES))
    assert (first["value"], first["holds"]) == (None, False)
    assert first["error"] == "evidence 'requests queue up' has 2 values; aggregate it to one"
    assert "error" not in second


def test_whatever_goes_wrong_the_drill_goes_on(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what nobody has thought of."""

    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(phases, "show", breaks)
    assert [each["error"] for each in mended(lab, scenario(PIECES))] == ["ZeroDivisionError"] * 2


def test_after_a_change_nothing_is_called_evidence(lab: WorldLab) -> None:
    """Whoever acts at once leaves a lab in which it may be gone."""
    assert mended(lab, scenario(PIECES), later_s=0) == []


def test_what_a_change_overtakes_is_dropped(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody acts while Prometheus is being asked: its answer may be of another lab."""
    show = phases.show

    def slowly(*asked: Any, **how: Any) -> phases.Shown:
        monkeypatch.setattr(phases, "show", show)
        perform(lab, steps.parse(ROLL_BACK), role=Role.LEARNER, by="you")
        return show(*asked, **how)

    monkeypatch.setattr(phases, "show", slowly)
    claims(lab)
    verdict = drilling.drill(lab, scenario(PIECES), clock=lab.clock, quiet_s=0.0)
    assert verdict is not None
    assert (verdict.outcome, found(lab)) == (Outcome.MITIGATED, [])


def test_a_resumed_driver_asks_only_for_the_rest(lab: WorldLab) -> None:
    """Killed after the first piece: it is not asked again."""
    with pytest.raises(Killed):
        drilling.drill(
            lab, scenario(PIECES), clock=lab.clock, quiet_s=0.0, on_event=killed_at("evidence.found")
        )
    lab.world.answers["waiting"] = [7.0]
    assert [each["value"] for each in mended(lab, scenario(PIECES))] == [115.0, 0.2]


def test_where_a_human_begins_it_red_is_enough(lab: WorldLab) -> None:
    """No alert is expected, so none is waited for."""
    lab.world.pages = False
    does(lab, ROLL_BACK, when=lambda: len(found(lab)) == 2)
    claims(lab)
    verdict = drilling.drill(lab, scenario(PIECES, HUMAN), clock=lab.clock, quiet_s=0.0)
    assert verdict is not None
    assert len(found(lab)) == 2


def test_a_proof_keeps_none(lab: WorldLab) -> None:
    """It executes evidence itself, and says what it measured."""
    prove(lab, scenario(PIECES))
    assert found(lab) == []


class Connection:
    """A database that answers one, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @contextmanager
    def connect(self, *_: object) -> Iterator[Connection]:
        yield self

    def execute(self, sql: bytes) -> Connection:
        self.asked.append(sql.decode())
        return self

    def fetchone(self) -> tuple[int]:
        return (1,)


def test_sql_ends_soon_and_leaves_nothing_for_the_learner_to_find(
    lab: WorldLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a drill, before the statement: a bound in time, and nothing in pg_stat_statements."""
    connection = Connection()
    monkeypatch.setattr(WorldLab, "sql", connection.connect)
    piece = Evidence(say="one", sql="select 1", equals=1)
    assert evidence.found(lab, piece) == {"say": "one", "value": 1.0, "holds": True}
    bound, aside, asked = connection.asked
    assert "statement_timeout = '5s'" in bound
    assert "pg_stat_statements.track = 'none'" in aside
    assert asked == "select 1"
