"""The frame: all that is known of a lab within a terminal's size, complete without colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labctl.cli.screen.frame import View, frame
from labctl.cli.screen.keys import KEYS, help_lines, valid
from labctl.cli.screen.line import Line, line
from labctl.cli.screen.spark import sparkline
from labctl.desk.changes import ChangeRow
from labctl.desk.snapshot import DrillNow, JourneyNow, Mark, PageNow, Snapshot, Stage
from labctl.desk.status import ComponentRow

NOW = 1_700_000_100.0
COMPONENTS = (
    *(
        "edge",
        "catalog",
        "checkout",
        "worker",
        "bank",
        "wire",
        "load",
        "postgres",
        "redis-cache",
        "redis-queue",
    ),
    *("postgres-exporter", "redis-cache-exporter", "redis-queue-exporter", "prometheus", "alertmanager"),
)
VALID = dict.fromkeys(("ack", "say", "hint", "check", "resolve"))


def journey(name: str, **other: Any) -> JourneyNow:
    felt: dict[str, Any] = {"mark": Mark.OK, "due": 100, "slow": 0, "bad": 0, "shed": 0, "good_share": 1.0}
    return JourneyNow(
        **{
            "journey": name,
            "target": 0.99,
            "threshold_s": 0.4,
            "burn": 0.0,
            "budget_left": 1.0,
            "trend": (1.0,) * 120,
            **felt,
            **other,
        }
    )


def component(name: str, **other: Any) -> ComponentRow:
    row = ComponentRow(name, "shop", "ready", 1, 1, 0, 0, "2.3.0", 40.0, ())
    return replace(row, **other)


def change(at_s: float, summary: str) -> ChangeRow:
    return ChangeRow(at_s, "dana", "deploy", "checkout", summary, "leaner defaults", 1.0, "done", "c1")


JOURNEYS = (
    *(journey(name) for name in ("account-history", "cart", "home", "order-status", "product", "search")),
    journey(
        "checkout",
        mark=Mark.LATE,
        good_share=0.1234,
        burn=87.66,
        budget_left=-0.118,
        trend=(1.0,) * 60 + (0.1,) * 20,
    ),
)
OPEN = DrillNow("checkout-03", Stage.OPEN, NOW - 200, paged_wall_s=NOW - 134, required_s=30.0, held_s=14)
SICK = Snapshot(
    lab="lab",
    wall_s=NOW,
    drill=OPEN,
    journeys=JOURNEYS,
    pages=(PageNow("CheckoutBudgetBurn", "firing", NOW - 130),),
    components=tuple(component(name) for name in COMPONENTS),
    changes=tuple(change(NOW - 500 + 100 * number, f"deploy checkout 2.{number}.0") for number in range(5)),
    moves=VALID,
)


def shown(snapshot: Snapshot, width: int = 80, height: int = 24, **other: Any) -> list[str]:
    keys = [(key.key, key.label) for key in valid(snapshot)]
    told = [line(f" 00:{number:02}  line {number}") for number in range(60)]
    return [each.plain for each in frame(View(snapshot, told, keys, **other), width, height)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60), (100, 30), (40, 10), (20, 4)])
@pytest.mark.parametrize("snapshot", [SICK, Snapshot("lab", NOW)])
@pytest.mark.parametrize("answered", [0, 3, 30])
def test_it_fills_the_terminal_exactly(snapshot: Snapshot, width: int, height: int, answered: int) -> None:
    """Every line is as wide as the terminal, whatever there is to show."""
    answer = [line(f" 02:14  said {number}") for number in range(answered)]
    lines = shown(snapshot, width, height, answer=answer)
    assert [len(each) for each in lines] == [width] * height
    assert lines[-1].strip().startswith("a" if snapshot.moves else "?")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_everything_is_there_at_80_by_24(width: int, height: int) -> None:
    """Users, page, hold, stack, changes, log and keys."""
    lines = shown(SICK, width, height)
    text = "\n".join(lines)
    assert "Incident Lab  lab  checkout-03" in lines[0]
    assert "since the page 02:14" in lines[0]
    (checkout,) = [each for each in lines if each.startswith(" checkout  ")]
    assert checkout.split()[1:6] == ["LATE", "12.3", "%", "99", "%"]
    assert "87.7×" in checkout
    assert "-12 %" in checkout
    assert "CheckoutBudgetBurn firing for 02:10, not acked" in text
    assert "held 14 of 30 s" in text
    assert all(
        f" {name} " in text for name in ("edge", "postgres", "redis-cache", "redis-queue", "alertmanager")
    )
    assert "dana" in text
    assert "deploy checkout 2.4.0: leaner defaults" in text
    assert sum("  line " in each for each in lines) >= 4
    assert "line 59" in lines[-2]
    assert " ".join(lines[-1].split()) == "a ack h hint s say c check r resolve ? keys q leave"


def test_wider_shows_more_of_the_past() -> None:
    """Two minutes instead of one, and the stack beside the changes."""
    assert "last 60 s" in shown(SICK)[1]
    wide = shown(SICK, 120, 40)
    assert "last 120 s" in wide[1]
    assert [each for each in wide if "── stack" in each and "── changes" in each]


def test_what_is_not_well_comes_first_and_in_words() -> None:
    """A component that restarts or runs out of memory has a line to itself; nothing depends on colour."""
    sick = component("checkout", state="backoff", ready=0, restarts=3, oom_kills=2)
    lines = shown(replace(SICK, components=(*SICK.components[:2], sick, *SICK.components[3:])))
    first = next(number for number, each in enumerate(lines) if each.startswith("── stack")) + 1
    told = "checkout BACKOFF 0 of 1, 3 restarts, 2 out of memory, release 2.3.0"
    assert " ".join(lines[first].split()) == told


def test_before_anybody_looked_it_claims_nothing() -> None:
    """No page and no drill are said only once that is known."""
    text = "\n".join(shown(Snapshot("lab", NOW)))
    assert "none" not in text
    assert "waiting for the first seconds of users" in text


@pytest.mark.parametrize(
    ("drill", "said"),
    [
        (DrillNow("", Stage.NONE), "none under way: labctl drill CODE begins one"),
        (replace(OPEN, stage=Stage.QUIET, paged_wall_s=None), "you are on call; nobody has called you"),
        (
            replace(OPEN, held_s=0, missing=("checkout 12 % of 99 %",)),
            "held 0 of 30 s; checkout 12 % of 99 %",
        ),
        (replace(OPEN, held_s=30), "r claims it is over"),
        (replace(OPEN, claimed=True), "claimed; the verdict comes"),
        (replace(OPEN, claimed=True, held_s=0), "held 0 of 30 s; claimed; the verdict comes"),
        (replace(OPEN, outcome="masked"), "masked before; held 14 of 30 s"),
        (replace(OPEN, stage=Stage.TRIED), "the mitigation is being tried"),
        (replace(OPEN, stage=Stage.OVER, outcome="mitigated"), "over: mitigated"),
        (replace(OPEN, stage=Stage.OVER), "over: given up"),
    ],
)
def test_it_says_where_the_drill_stands(drill: DrillNow, said: str) -> None:
    """One line, in the words of `labctl check`."""
    assert [each for each in shown(replace(SICK, drill=drill)) if each.startswith(" drill") and said in each]


def test_open_questions_are_shown_until_it_is_over() -> None:
    """Nobody waits for an answer after the drill."""
    for stage, asks in ((Stage.OPEN, True), (Stage.OVER, False)):
        drill = replace(OPEN, stage=stage, asked=("support: what may we tell them?",))
        lines = shown(replace(SICK, drill=drill))
        assert any(each.startswith(" asked  support: what may") for each in lines) is asks


def test_what_could_not_be_found_out_is_said() -> None:
    """Without Alertmanager nobody claims that nothing pages."""
    lines = shown(
        replace(SICK, pages=(), drill=DrillNow("", Stage.NONE), problems={"alertmanager": "refused"})
    )
    assert [each for each in lines if "unknown: alertmanager does not answer" in each]
    assert [each for each in lines if each.startswith(" ? alertmanager: refused")]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_an_answer_has_a_place_of_its_own(width: int, height: int) -> None:
    """Above the log, which goes on; where both do not fit, the stack and the changes make room."""
    lines = shown(SICK, width, height, answer=[line(f" 02:14  said {number}") for number in range(7)])
    begins = next(number for number, each in enumerate(lines) if each.startswith("── answer"))
    assert "until the next key" in lines[begins]
    assert [each.split()[-1] for each in lines[begins + 1 : begins + 8]] == list("0123456")
    assert lines[begins + 8].startswith("── log")
    assert sum("  line " in each for each in lines) >= 3
    assert "line 59" in lines[-2]
    assert any("── stack" in each for each in lines) == (height > 24)


def test_a_short_answer_leaves_the_stack_where_it_is() -> None:
    """At 80 by 24, beside the newest change."""
    text = "\n".join(shown(SICK, answer=[line(" 02:14  held 14 s of 30 s")]))
    for there in ("── stack", "edge ok", "── changes", "deploy checkout 2.4.0", "── answer", "line 59"):
        assert there in text


def test_an_answer_that_is_too_long_says_so() -> None:
    """Its beginning, and where the rest is; a line of the log and the keys stay."""
    lines = shown(SICK, answer=[line(f" 02:14  said {number}") for number in range(30)])
    rule = next(each for each in lines if each.startswith("── answer"))
    assert "21 more: PgUp" in rule
    assert "line 59" in lines[-2]
    assert lines[-1].split()[-2:] == ["q", "leave"]


def test_the_log_can_be_scrolled_and_says_so() -> None:
    """Older lines come down, and the rule tells how many are below."""
    lines = shown(SICK, scroll=10)
    assert "line 49" in lines[-2]
    assert [each for each in lines if each.startswith("── log") and "10 more below" in each]


def test_help_tells_every_key_and_why_it_does_nothing_now() -> None:
    """It fits 80 by 24, below what users feel; the log comes back with the same key."""
    quiet = replace(SICK, moves=dict.fromkeys(VALID, "no drill is under way"))
    text = "\n".join(shown(quiet, help=help_lines(quiet)))
    for key in KEYS:
        reason = " – no drill is under way" if key.move else ""
        assert f" {key.key}  {key.label:<8} {key.about}{reason}" in text
    assert "…" not in text
    assert "line 59" not in text


def test_a_question_replaces_the_keys() -> None:
    """With the two answers that there are."""
    assert shown(SICK, question="The next hint costs 5. Take it?")[-1].split()[-4:] == ["y", "yes", "n", "no"]


def test_a_sparkline_shows_the_worst_second_of_each_cell_and_gaps() -> None:
    """The newest is at the right; full is the objective met; a dot is nobody."""
    drawn = Line(tuple(sparkline((1.0, 1.0, 0.99, 0.5, None, None, 0.0, 1.0), 0.99, 6, 2))).plain
    assert drawn == "  ▇▄·▁"


def test_a_line_is_cut_in_cells_not_characters() -> None:
    """Wide characters take two; what was cut ends with an ellipsis."""
    cut = line("注文が遅い注文が遅い", ("!", "red")).fitted(9)
    assert (cut.width, cut.plain) == (9, "注文が遅…")
    assert line("ab").fitted(4).plain == "ab  "
