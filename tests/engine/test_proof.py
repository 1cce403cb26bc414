"""What a proof comes to: evidence, pages and margins measured, and the exit code of it all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from labctl.proof import Check, Grade, Proof
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import PAGE_AFTER_S, Deed, WorldLab, prove, scenario

EVIDENCE = ("debrief:", "evidence:\n  - {say: requests queue up, query: waiting, above: 4}\ndebrief:")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


def check_of(proof: Proof, phase: str) -> Check:
    return next(check for check in proof.checks if check.phase == phase)


def grades(proof: Proof) -> set[tuple[str, Grade]]:
    """Everything that was tried and did not pass."""
    fine = (Grade.PASSED, Grade.NOT_TRIED)
    return {(check.phase, check.outcome) for check in proof.checks if check.outcome not in fine}


@pytest.mark.parametrize(
    ("answer", "said"),
    [([115.0], "115, required above 4"), ([3.0], "3, required above 4"), ([], "nothing, required above 4")],
)
def test_evidence_is_executed_while_users_are_hurt(lab: WorldLab, answer: list[float], said: str) -> None:
    """It holds, does not, or is not there: measured against required; the rest is proven all the same."""
    lab.world.answers["waiting"] = answer
    proof = prove(lab, scenario(EVIDENCE))
    check = check_of(proof, "evidence")
    holds = answer == [115.0]
    assert (check.name, check.said) == ("requests queue up", said)
    assert check.outcome is (Grade.PASSED if holds else Grade.FAILED)
    assert proof.exit_code == (0 if holds else 1)
    assert {phase for phase, _ in grades(proof)} == (set() if holds else {"evidence"})
    assert check_of(proof, "fix").outcome is Grade.PASSED


def test_evidence_may_take_seconds_to_show(lab: WorldLab) -> None:
    """It is looked for until it holds: what climbs is not there the moment that the page comes."""
    lab.world.answers["waiting"] = [3.0]
    long_after = Deed(
        lambda: lab.world.bad_s > PAGE_AFTER_S + 8, lambda: lab.world.answers.update(waiting=[115.0])
    )
    lab.world.deeds.append(long_after)
    check = check_of(prove(lab, scenario(EVIDENCE)), "evidence")
    assert (check.outcome, check.said) == (Grade.PASSED, "115, required above 4")


@pytest.mark.parametrize(
    ("answer", "said", "margin"),
    [
        ([0.24], "0.24, required 0.2 to 0.3, told as about 0.25", 0.8),
        ([0.31], "0.31, required 0.2 to 0.3, told as about 0.25", None),
        ([], "nothing, required 0.2 to 0.3, told as about 0.25", None),
    ],
)
def test_a_number_of_the_story_is_measured(
    lab: WorldLab, answer: list[float], said: str, margin: float | None
) -> None:
    """Within a fifth of what is told, with what was left of that; else the proof fails, naming it."""
    lab.world.answers["held"] = answer
    figures = "figures:\n  - {say: it is held for 0.25 s, query: held, about: 0.25}\ndebrief:"
    proof = prove(lab, scenario(("debrief:", figures)))
    check = check_of(proof, "figure")
    assert (check.name, check.said) == ("it is held for 0.25 s", said)
    assert check.margin == (None if margin is None else pytest.approx(margin))
    assert grades(proof) == (set() if margin else {("figure", Grade.FAILED)})


def test_a_number_is_taken_where_it_stays(lab: WorldLab) -> None:
    """Not while it climbs through what would be accepted."""
    lab.world.answers["held"] = [0.21]
    later = Deed(lambda: lab.world.bad_s > PAGE_AFTER_S + 8, lambda: lab.world.answers.update(held=[0.25]))
    lab.world.deeds.append(later)
    figures = "figures:\n  - {say: it is held for 0.25 s, query: held, about: 0.25}\ndebrief:"
    assert check_of(prove(lab, scenario(("debrief:", figures))), "figure").margin == 1.0


def test_evidence_with_two_values_is_a_mistake(lab: WorldLab) -> None:
    """Which of them would be meant?"""
    lab.world.answers["waiting"] = [115.0, 2.0]
    proof = prove(lab, scenario(EVIDENCE))
    assert proof.exit_code != 0
    assert "has 2 values; aggregate it to one" in check_of(proof, "attempt").said


def test_evidence_that_postgres_refuses_is_named(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is not there is no bug of ours: which piece asks for it, and what Postgres says."""

    def refuses(database: str = "shop", user: str = "postgres") -> NoReturn:
        raise psycopg.errors.UndefinedTable('relation "promotions" does not exist')

    monkeypatch.setattr(lab, "sql", refuses)
    asks = "evidence:\n  - {say: promotions wait, sql: select count(*) from promotions, above: 4}\ndebrief:"
    said = check_of(prove(lab, scenario(("debrief:", asks))), "attempt").said
    assert "evidence 'promotions wait' is refused: relation \"promotions\" does not exist" in said


def test_a_page_that_comes_too_late_fails(lab: WorldLab) -> None:
    """Later than users' own counts say it is due, by more than is allowed; nothing after it is tried."""
    lab.world.page_after_s = 25
    proof = prove(lab, scenario())
    assert proof.exit_code == 1
    page = check_of(proof, "page")
    assert page.outcome is Grade.FAILED
    assert "s against what users felt (at most +2 s)" in page.said
    assert not {"decoy", "fix"} & {check.phase for check in proof.checks}


def test_a_page_that_was_there_before_it_was_due_cannot_be_judged(lab: WorldLab) -> None:
    """It was paging for something else, however punctual that looks."""
    lab.world.paged_before_s = 20.0
    proof = prove(lab, scenario())
    assert proof.exit_code == 3
    assert "it was paging for something else" in check_of(proof, "page").said


def test_a_page_that_users_do_not_justify_fails(lab: WorldLab) -> None:
    """An alert that fires although hardly anybody fails is not this incident's page."""

    def one_in_nine(wanted: Wanted) -> Mapping[str, float]:
        return {"checkout": 0.1} if wanted["checkout"].release == "2.4.0" else {}

    lab.world.hurt = one_in_nine
    proof = prove(lab, scenario())
    assert proof.exit_code == 1
    assert "although users' own counts do not burn that fast" in check_of(proof, "page").said


def test_users_own_counts_may_follow_the_page_by_a_moment(lab: WorldLab) -> None:
    """The edge counts who has waited too long at once; the load says so when the second is over."""
    since: list[int] = []

    def faster(wanted: Wanted) -> Mapping[str, float]:
        hurt = world.pool_shrunk(wanted)
        since[:] = [*since, 1] if hurt else []
        return hurt if len(since) > PAGE_AFTER_S + 3 else dict.fromkeys(hurt, 0.1)

    lab.world.hurt = faster
    page = check_of(prove(lab, scenario(), only="fix:roll back"), "page")
    assert page.outcome is Grade.PASSED, page.said


def test_a_thin_margin_is_reported_and_still_passes(lab: WorldLab) -> None:
    """Red after 18 of 20 s: under 15 % is left."""
    since: list[int] = []

    def slowly(wanted: Wanted) -> Mapping[str, float]:
        hurt = world.pool_shrunk(wanted)
        since[:] = [*since, 1] if hurt else []
        return hurt if len(since) > 18 else {}

    lab.world.hurt = slowly
    red = check_of(prove(lab, scenario(), only="fix:roll back"), "red")
    assert (red.outcome, red.thin) == (Grade.PASSED, True)
    assert red.margin == pytest.approx(0.1)
    assert "red after 18 s of at most 20 s" in red.said


def test_red_too_late_fails(lab: WorldLab) -> None:
    """The fault reproduces, but not in the time that the scenario promises."""
    since: list[int] = []

    def later(wanted: Wanted) -> Mapping[str, float]:
        hurt = world.pool_shrunk(wanted)
        since[:] = [*since, 1] if hurt else []
        return hurt if len(since) > 22 else {}

    lab.world.hurt = later
    proof = prove(lab, scenario(), only="fix:roll back")
    assert (proof.exit_code, check_of(proof, "red").outcome) == (1, Grade.FAILED)


def test_a_fix_that_leaves_some_users_hurt_fails(lab: WorldLab) -> None:
    """Three in a hundred are no red and no green: thin is not mitigated."""

    def some(wanted: Wanted) -> Mapping[str, float]:
        if wanted["edge"].replicas < 2:
            return world.pool_shrunk(wanted)
        return {"checkout": 1 / 12} if len(lab.world.seconds) % 3 == 0 else {}

    lab.world.hurt = some
    stopgap = ("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")
    proof = prove(lab, scenario(stopgap), only="fix:roll back")
    assert (proof.exit_code, grades(proof)) == (1, {("fix", Grade.FAILED)})
    assert "checkout 97.2 % of 99 %" in check_of(proof, "fix").said


def proof_of(*outcomes: Grade) -> Proof:
    proof = Proof("s", "local")
    for outcome in outcomes:
        proof.add(Check("fix", "f", outcome, "said"))
    return proof


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 3),
        ([Grade.PASSED], 0),
        ([Grade.PASSED, Grade.FAILED], 1),
        ([Grade.PASSED, Grade.UNJUDGED], 3),
        ([Grade.UNJUDGED, Grade.FAILED, Grade.PASSED], 1),
    ],
)
def test_the_exit_code(outcomes: list[Grade], code: int) -> None:
    """A failure beats what could not be judged, which beats success; nothing checked is no proof."""
    proof = proof_of(*outcomes)
    assert proof.exit_code == code
    assert proof.to_plain()["exit_code"] == code


@pytest.mark.parametrize(
    ("margin", "outcome", "thin"),
    [
        (0.149, Grade.PASSED, True),
        (0.15, Grade.PASSED, False),
        (None, Grade.PASSED, False),
        (-0.2, Grade.FAILED, False),
    ],
)
def test_thin_is_a_pass_with_little_left(margin: float | None, outcome: Grade, thin: bool) -> None:
    """Under 15 % of what is required; a failure is no margin at all."""
    assert Check("red", "checkout", outcome, "said", margin).thin is thin
