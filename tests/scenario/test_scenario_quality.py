"""Teaching: what a scenario gives away too early, and what its learner would miss."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, changed, written

from labctl.errors import Mistake
from labctl.scenario.lint import lint


def found(folder: Path, text: str, said: str) -> Mistake:
    """The one finding that says this; the test fails with all findings when there is none."""
    findings = lint(written(folder, text))
    (one,) = [each for each in findings if said in str(each)] or pytest.fail("\n".join(map(str, findings)))
    return one


FLAG = ("scale: {component: checkout, replicas: 0}", "flag: {name: edge-catalog-timeout, value: 1ms}")
SETTING = ("scale: {component: checkout, replicas: 0}", "set: {component: checkout, DB_POOL_MAX: 2}")
RELEASE = ("scale: {component: checkout, replicas: 0}", "deploy: {component: checkout, release: 2.4.0}")
BRIEFING = "briefing: A weekday's peak."


@pytest.mark.parametrize(
    ("fault", "told"),
    [(FLAG, "edge-catalog-timeout"), (SETTING, "DB_POOL_MAX"), (RELEASE, "2.4.0")],
    ids=["flag", "setting", "release"],
)
def test_a_name_that_the_fault_turns_gives_the_cause_away(
    tmp_path: Path, fault: tuple[str, str], told: str
) -> None:
    """In whatever a learner reads before the debrief, at its line."""
    text = changed(*fault).replace(BRIEFING, f"briefing: Mind {told}.")
    mistake = found(tmp_path, text, f"'{told}' gives the cause away")
    assert (mistake.line, mistake.warning) == (6, False)


def test_a_family_may_not_tell_either(tmp_path: Path) -> None:
    """Learners see it in the list."""
    text = changed("family: checkout-slow", "family: dry-spell").replace("valve-closed", "dryer-valves-shut")
    assert lint(written(tmp_path, text)) == []
    text = changed("id: valve-closed", "id: checkout-gone").replace("family: checkout-slow", "family: x-gone")
    assert lint(written(tmp_path, text)) == []  # the family's own words are what its siblings share


def test_the_component_at_fault_is_better_not_named(tmp_path: Path) -> None:
    """A warning: users may well know it. The journey's own word is no secret."""
    fault = ("scale: {component: checkout, replicas: 0}", "restart: {component: catalog}")
    text = changed(*fault).replace(BRIEFING, "briefing: Ask about checkout and the catalogue.")
    mistake = found(tmp_path, text, "'catalog' is the component at fault")
    assert mistake.warning
    assert "warning: " in str(mistake)


def test_the_debriefs_own_words_are_better_not_said_before(tmp_path: Path) -> None:
    """A warning, where a page tells the mechanism as the debrief does."""
    text = changed("about: Somebody scaled checkout to nothing.", "about: The pool ran dry.")
    text = text.replace(BRIEFING, "briefing: Is it the pools again?")
    assert found(tmp_path, text, "'pool' is how the debrief tells the cause").warning


@pytest.mark.parametrize(
    "hint", ["Try `labctl scale checkout 1`.", "Mind release 2.4.0.", "DB_POOL_MAX is 2."]
)
def test_the_first_hint_may_not_tell_the_fix(tmp_path: Path, hint: str) -> None:
    """It says where to look; the last says what to type."""
    fault = RELEASE if "2.4.0" in hint else SETTING
    text = changed(*fault).replace("{text: Who answers?, cost: 5}", f'{{text: "{hint}", cost: 5}}')
    assert found(tmp_path, text, "the first hint tells the fix").line == 35


def test_traffic_that_nobody_knows_is_named(tmp_path: Path) -> None:
    """With the profile that was probably meant."""
    mistake = found(tmp_path, changed("level: 1", "level: 1\nload: {profile: burts}"), "no profile 'burts'")
    assert (mistake.line, mistake.suggestion) == (6, "did you mean 'burst'?")


def test_hints_that_cost_the_same_are_not_graded(tmp_path: Path) -> None:
    """A plainer one costs more."""
    assert found(tmp_path, changed("cost: 10", "cost: 5"), "a plainer one must cost more").line == 35


def test_a_metric_that_nobody_exports_has_a_place_and_a_guess(tmp_path: Path) -> None:
    """A typo in a query would otherwise be found by a proof, minutes later."""
    text = changed('sum(up{job="checkout"})', "sum(db_pool_request_waiting)")
    mistake = found(tmp_path, text, "no component exports a metric 'db_pool_request_waiting'")
    assert mistake.line == 32
    assert mistake.suggestion == "did you mean 'db_pool_requests_waiting'?"


def test_a_job_that_is_not_scraped_is_named(tmp_path: Path) -> None:
    """A query about nobody finds nothing, which looks like an outage."""
    mistake = found(tmp_path, SMALL.replace('job="checkout"', 'job="chekout"'), "scrapes no job 'chekout'")
    assert mistake.suggestion == "did you mean 'checkout'?"


def test_what_calibration_asks_is_known_too(tmp_path: Path) -> None:
    """ρ of a metric that nobody exports would be told by a proof as nothing, minutes later."""
    text = changed("level: 1", "level: 1\nbottleneck: {say: connections, rho: sum(db_pool_mox)}")
    mistake = found(tmp_path, text, "no component exports a metric 'db_pool_mox'")
    assert mistake.line == 6
    assert mistake.suggestion == "did you mean 'db_pool_max'?"
