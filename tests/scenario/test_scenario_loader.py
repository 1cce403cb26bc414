"""Loading a scenario: what a right file becomes, and how a wrong one is told what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, changed, mistakes, written

from labctl.errors import InvalidFile
from labctl.judge import ChallengeKind
from labctl.scenario.loader import load, loads
from labctl.scenario.steps import Act, Wait

RESTART = "restart: {component: edge}"


def test_a_right_file_becomes_typed() -> None:
    """Durations are seconds, steps are actions, defaults are filled in."""
    scenario = loads(SMALL, "s.yaml")
    assert (scenario.hold, scenario.expect.red, scenario.load.profile) == (30.0, 20.0, "weekday-peak")
    assert scenario.faults[0].action.step() == {"scale": {"component": "checkout", "replicas": 0}}
    step, wait = scenario.fixes[0].do
    assert isinstance(step, Act)
    assert isinstance(wait, Wait)
    assert (str(step), wait.within) == ("scale component=checkout replicas=1", 30.0)


def test_noise_may_have_happened_before() -> None:
    """`at` says when; it is no parameter of the action."""
    noise = "noise:\n  - flag: {name: new-banner, value: on, at: -90s}\nfaults:\n"
    (act,) = loads(changed("faults:\n", noise), "s.yaml").noise
    assert (act.at_s, act.action.step()) == (-90.0, {"flag": {"name": "new-banner", "value": "on"}})


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("restart", [ChallengeKind.RESTART]),
        ("none", [ChallengeKind.NONE]),
        ("{kind: restart, component: edge}", [ChallengeKind.RESTART]),
        ("{kind: replay, do: [restart: {component: bank}]}", [ChallengeKind.REPLAY]),
        (
            "[restart, {kind: heal, do: [restart: {component: bank}]}]",
            [ChallengeKind.RESTART, ChallengeKind.HEAL],
        ),
    ],
)
def test_a_challenge_is_a_word_a_mapping_or_a_list(text: str, kinds: list[ChallengeKind]) -> None:
    """One per fault; a word where nothing needs to be added."""
    scenario = loads(changed("challenge: restart", f"challenge: {text}"), "s.yaml")
    assert [each.kind for each in scenario.challenge] == kinds


def test_a_fix_survives_every_challenge_unless_it_says_otherwise() -> None:
    """Not durable is declared, never assumed."""
    lasting, stopgap = loads(
        changed("  - name: run two\n", "  - name: run two\n    survives: []\n"), "s"
    ).fixes
    assert lasting.must_survive(ChallengeKind.RESTART)
    assert not stopgap.must_survive(ChallengeKind.RESTART)


def test_no_page_is_said_in_a_word() -> None:
    """Some incidents never page."""
    assert loads(changed("page: CheckoutBudgetBurn", "page: none"), "s.yaml").expect.page is None


@pytest.mark.parametrize(
    ("old", "new", "at", "said", "suggestion"),
    [
        ("hold: 30s", "hoold: 30s", "hoold", "there is no key 'hoold' here", "did you mean 'hold'?"),
        ("hold: 30s", "hold: 30", "30\nchallenge", "30 has no unit; write a duration like 30s, 200ms", None),
        ("hold: 30s", "hold: soon", "soon", "'soon' is not a duration", None),
        ("hold: 30s", "hold: 0s", "0s\nchallenge", "'0s' must be longer than nothing", None),
        ("level: 1", "level: 9", "9\n", "level: input should be less than or equal to 5, not 9", None),
        ("level: 1", "level: high", "high", "level: ", None),
        ("title: Orders do not go through", "title: 7", "7\n", "title must be text, not 7", 'write "7"'),
        ("red: 20s, ", "", "{journey", "the key 'red' is missing", None),
        (
            "challenge: restart",
            "challenge: restrat",
            "restrat",
            "kind cannot be 'restrat'",
            "mean 'restart'?",
        ),
        ("challenge: restart", "challenge: replay", "replay", "kind replay needs steps", None),
        ("journey: checkout", "journey: chekout", "chekout", "no journey 'chekout'", "mean 'checkout'?"),
        ("page: Check", "page: Chekc", "Chekc", "no alert 'ChekcoutBudget", "mean 'CheckoutBudgetBurn'?"),
        ("restart: {", "restrat: {", "restrat", "there is no action 'restrat'", "mean 'restart'?"),
        ("wait: {until", "wiat: {until", "wiat", "there is no action 'wiat'", "did you mean 'wait'?"),
        ("until: settled", "until: setled", "setled", "until cannot be 'setled'", "mean 'settled'?"),
        ("within: 30s", "within: 30", "30}", "30 has no unit", None),
        ("component: edge}]", "component: egde}]", "egde", "no component 'egde'", "mean 'edge'?"),
        ("restart: {component", "restart: {compnent", "compnent", "'compnent'", "did you mean 'component'?"),
        (RESTART, "flag: {name: new-baner, value: on}", "new-baner", "no flag 'new-baner'", "'new-banner'?"),
        (RESTART, "flag: {name: new-banner, value: maybe}", "maybe", "on or off", "banner"),
        (
            RESTART,
            "deploy: {component: edge, release: newest}",
            "newest",
            "no release 'newest'",
            "there are",
        ),
        (RESTART, "set: {component: checkout, DB_POOL_MAXX: 8}", "DB_POOL_MAXX", "no setting", "DB_POOL_MAX"),
        (RESTART, "restart: edge", "edge]", "restart takes parameters", None),
        (RESTART, "restart", "restart]", "a step is one action", None),
        ("    below: 1\n", "", "say: nobody", "write above or below (or both), or equals", None),
        ("below: 1", "below: 1\n    above: 2", "say: nobody", "nothing is above 2 and below 1", None),
        (
            '    query: sum(up{job="checkout"})\n',
            "",
            "say: nobody",
            "write either query (PromQL) or sql",
            None,
        ),
        (
            "family: checkout-slow",
            "family: Checkout Slow",
            "Checkout Slow",
            "family: string should match",
            None,
        ),
        ("code: checkout-90", "code: pool", "pool", "code: string should match pattern", None),
    ],
)
def test_each_mistake_has_its_place_and_what_was_meant(
    old: str, new: str, at: str, said: str, suggestion: str | None
) -> None:
    """Line and column of the wrong word (`at`, in the file), and the nearest right one."""
    text = changed(old, new)
    found = next((each for each in mistakes(text) if said in each.message), None)
    assert found, "\n".join(map(str, mistakes(text)))
    before = text[: text.index(at, text.index(new) if text.count(at) > 1 else 0)]
    assert (found.line, found.column) == (before.count("\n") + 1, len(before) - before.rfind("\n")), str(
        found
    )
    assert (suggestion or "") in (found.suggestion or "")
    assert (found.suggestion is None) == (suggestion is None)


def test_all_mistakes_come_at_once_in_reading_order() -> None:
    """Shape and unknown names together: nobody fixes a file one message at a time."""
    text = changed("hold: 30s", "hold: 30").replace("component: edge", "component: egde")
    found = mistakes(text.replace("level: 1", "levle: 1"))
    assert [each.line for each in found] == sorted(each.line for each in found)
    told = [("'level' is missing", 1), ("'levle'", 1), ("30 has no unit", 1), ("no component 'egde'", 2)]
    assert [sum(part in each.message for each in found) for part, _ in told] == [count for _, count in told]
    assert len(found) == 5


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n", "3", "~"])
def test_what_is_no_mapping_is_no_scenario(text: str) -> None:
    """One sentence instead of a list of missing keys."""
    (found,) = mistakes(text)
    assert "a scenario is a mapping" in found.message


def test_a_file_nested_without_end_is_refused() -> None:
    """No depth of brackets ends in a traceback."""
    assert mistakes("id: " + "[" * 5000)


def test_a_missing_file_is_a_mistake_and_no_traceback(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(InvalidFile, match="nowhere"):
        load(tmp_path / "nowhere.yaml")


def test_a_file_that_is_not_utf8_is_a_mistake(tmp_path: Path) -> None:
    """Bytes of another encoding have a position too."""
    path = written(tmp_path, SMALL)
    path.write_bytes(path.read_bytes().replace(b"weekday's", b"weekday\xff"))
    with pytest.raises(InvalidFile, match=":6:"):
        load(path)
