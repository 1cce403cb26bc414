"""The live screen, driven by keys as a person would, on a lab in memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.engine import world
from tests.engine.world import WorldLab, scenario
from textual.pilot import Pilot

from labctl import drill
from labctl.cli.screen.app import LiveScreen
from labctl.cli.screen.canvas import Canvas
from labctl.cli.screen.driving import Driving
from labctl.cli.screen.story import Story
from labctl.desk.sampler import Sampler
from labctl.engine.driver import Driver
from labctl.errors import CouldNotJudge
from labctl.judge import Outcome, Verdict
from labctl.lab import lock
from labctl.lab.journal import Event
from labctl.scenario import catalog

SIZES = [(80, 24), (120, 40)]
CHOSEN = scenario()
MITIGATED = Verdict(Outcome.MITIGATED, True, ("held 30 s of 30 s",), 1, 30, ())


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    lab = world.build(tmp_path, monkeypatch)
    lab.clock.sleep(30)
    monkeypatch.setattr(catalog, "find", lambda _: CHOSEN)
    return lab


def begun(lab: WorldLab) -> Driver:
    return drill.start(lab, CHOSEN, "drill", clock=lab.clock, on_event=lambda _: None)


def paged(lab: WorldLab) -> Driver:
    driver = begun(lab)
    drill.break_it(driver)
    driver.advance_until(lambda: driver.drill.fired_wall_s is not None, within_s=30)
    return driver


class Seen:
    """What is on the screen of a running app; `shows` waits for it."""

    def __init__(self, app: LiveScreen, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def lines(self) -> list[str]:
        canvas = self.app.query_one(Canvas)
        return [canvas.render_line(y).text for y in range(canvas.size.height)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def keys(self) -> str:
        """Those of the footer."""
        return " ".join(self.lines[-1].split()[::2])

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await self.pilot.pause(0.02)

    async def shows(self, text: str) -> None:
        try:
            await self.until(lambda: text in " ".join(self.text.split()))
        except TimeoutError:
            pytest.fail(f"{text!r} is not on the screen:\n{self.text}")


@asynccontextmanager
async def screen(
    lab: WorldLab, size: tuple[int, int] = (80, 24), driving: Driving | None = None
) -> AsyncIterator[Seen]:
    def opened() -> Sampler:
        return Sampler(lab, find=lambda _: CHOSEN)

    app = LiveScreen("test", opened, Story(lambda _: CHOSEN), driving)
    async with app.run_test(size=size) as pilot:
        yield Seen(app, pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_drill_it_shows_the_shop_and_how_to_begin(
    lab: WorldLab, size: tuple[int, int]
) -> None:
    """Users, stack and changes; only the keys that are always valid."""
    async with screen(lab, size) as seen:
        await seen.shows("checkout ok 100 % 99 %")
        await seen.shows("none under way: labctl drill CODE begins one")
        await seen.shows("alertmanager ok")
        assert seen.keys == "? q"


async def test_the_frame_is_there_before_the_lab_is(lab: WorldLab) -> None:
    """Opening the lab hangs; the frame is drawn, and q leaves."""
    let_go = threading.Event()

    def never() -> Sampler:
        let_go.wait(60)
        raise CouldNotJudge("too late")

    app = LiveScreen("far-away", never, Story(lambda _: CHOSEN))
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Seen(app, pilot)
        await seen.shows("Incident Lab far-away")
        await seen.shows("waiting for the first seconds of users")
        await pilot.press("c", "q")
    let_go.set()
    assert app.return_value == 0


@pytest.mark.parametrize("size", SIZES)
async def test_a_paged_learner_sees_who_is_hurt_and_what_to_press(
    lab: WorldLab, size: tuple[int, int]
) -> None:
    """Everything that was known when the page came, and every move that is valid."""
    paged(lab)
    async with screen(lab, size) as seen:
        await seen.shows("CheckoutBudgetBurn firing for")
        await seen.shows("not acked")
        await seen.shows("held 0 of 30 s; checkout")
        await seen.shows("Alertmanager pages: CheckoutBudgetBurn.")
        assert "DOWN" in seen.text
        assert "checkout-03" in seen.lines[0]
        assert "pool-shrunk" not in seen.text
        assert seen.keys == "a h s c r ? q"


async def test_before_the_page_only_check_is_offered(lab: WorldLab) -> None:
    """Keys that would do nothing are not in the footer, and say why when they are pressed."""
    begun(lab)
    async with screen(lab) as seen:
        await seen.shows("you are on call; nobody has called you")
        assert seen.keys == "c ? q"
        await seen.pilot.press("a")
        await seen.shows("a (ack) does nothing now: nobody has paged you yet")


async def test_keys_do_what_they_say(lab: WorldLab) -> None:
    """Ack, an update in words, a hint after its cost, check, and the claim, each told in the log."""
    paged(lab)
    async with screen(lab) as seen:
        await seen.shows("not acked")
        await seen.pilot.press("a")
        await seen.shows("acked after")
        assert seen.keys == "h s c r ? q"

        await seen.pilot.press("s", *"quite slow", "enter")
        await seen.until(lambda: moves_of(lab)["update.said"] == {"text": "quite slow"})

        await seen.pilot.press("h")
        await seen.shows("The next hint costs 5. Take it? y yes n no")
        await seen.pilot.press("n")
        assert "hint.given" not in moves_of(lab)
        await seen.pilot.press("h")
        await seen.shows("Take it?")
        await seen.pilot.press("y")
        await seen.until(lambda: moves_of(lab).get("hint.given", {}).get("text") == "look")

        await seen.pilot.press("c")
        await seen.shows("held 0 s of 30 s; checkout")

        await seen.pilot.press("r")
        await seen.shows("keys q leave")
        await seen.until(lambda: "resolve.claimed" in moves_of(lab))


def moves_of(lab: WorldLab) -> dict[str, dict[str, object]]:
    """The newest event of each kind."""
    return {event.kind: dict(event.payload) for event in lab.journal.read()}


async def test_a_part_that_hangs_freezes_no_key(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus and Alertmanager never answer: users are shown, check is answered, q leaves at once."""
    paged(lab)
    let_go = threading.Event()
    monkeypatch.setattr(lab.world, "alerts", lambda: let_go.wait(60))
    try:
        async with screen(lab) as seen:
            await seen.shows("checkout DOWN")
            await seen.pilot.press("c")
            await seen.shows("held 0 s of 30 s; checkout")
            lab.clock.sleep(10)
            await seen.shows("? alertmanager: no answer for 1")
            await seen.pilot.press("q")
            await seen.until(lambda: seen.app.return_value == 0)
    finally:
        let_go.set()


async def test_escape_takes_words_back(lab: WorldLab) -> None:
    """What is typed into the prompt is no key, and nothing is said."""
    paged(lab)
    async with screen(lab) as seen:
        await seen.shows("not acked")
        await seen.pilot.press("s", *"aq", "escape", "?")
        await seen.shows("the next hint, its cost first")
        assert {"update.said", "page.acked"}.isdisjoint(moves_of(lab))
        await seen.pilot.press("?")
        await seen.until(lambda: "its cost first" not in seen.text)


async def test_only_cells_that_changed_are_drawn_again(
    lab: WorldLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look at the same lab draws nothing but the clock."""
    async with screen(lab) as seen:
        for known in ("checkout ok 100 %", "none firing", "none under way", "alertmanager ok", "mara"):
            await seen.shows(known)
        drawn: list[tuple[int, int, int, int]] = []
        canvas = seen.app.query_one(Canvas)
        monkeypatch.setattr(
            canvas, "refresh", lambda *regions, **_: drawn.extend(tuple(each) for each in regions)
        )
        later_s = lab.clock.wall() + 60
        monkeypatch.setattr(lab.world.clock, "wall", lambda: later_s)
        await seen.until(lambda: bool(drawn))
        assert {(y, height) for _, y, _, height in drawn} == {(0, 1)}
        assert all(width <= 20 for _, _, width, _ in drawn)


async def test_a_drill_is_driven_behind_the_screen_and_its_verdict_is_kept(lab: WorldLab) -> None:
    """The driver's thread ends with the drill; the screen stays until it is left."""
    driving = Driving(lambda _: MITIGATED, lab.clock)
    async with screen(lab, driving=driving) as seen:
        await seen.shows("Press q to leave the screen")
        await seen.pilot.press("q")
    driving.leave()
    assert driving.verdict is MITIGATED


async def test_what_ends_the_drill_ends_the_screen(lab: WorldLab) -> None:
    """It is raised again once the terminal is back."""

    def fails(_: object) -> Verdict:
        raise CouldNotJudge("the shop is not healthy to begin with")

    async with screen(lab, driving=Driving(fails, lab.clock)) as seen:
        await seen.until(lambda: seen.app.failure is not None)
    assert str(seen.app.failure) == "the shop is not healthy to begin with"


async def test_leaving_lets_go_of_the_drill(lab: WorldLab) -> None:
    """Ctrl-C is 130; the incident is as it was, and another driver may go on with it."""
    paged(lab)
    driving = Driving(lambda clock: drill.drill(lab, CHOSEN, clock=clock, quiet_s=0.0), lab.clock)
    async with screen(lab, driving=driving) as seen:
        await seen.shows("not acked")
        await seen.pilot.press("ctrl+c")
    driving.leave()
    assert (seen.app.return_value, driving.verdict, driving.error) == (130, None, None)
    with lock.drive(lab):
        assert "drill.ended" not in moves_of(lab)


async def test_a_question_that_is_refused_is_told(lab: WorldLab) -> None:
    """What went wrong, and what to type next; the screen goes on."""
    paged(lab)
    async with screen(lab) as seen:
        await seen.shows("not acked")
        lab.world.dead = True
        await seen.pilot.press("r")
        await seen.shows("load does not answer")
        assert seen.app.failure is None


async def test_what_the_drill_found_out_is_not_told(lab: WorldLab) -> None:
    """Evidence is for the debrief: neither in the log nor anywhere else on the screen."""
    paged(lab)
    lab.journal.append("evidence.found", {"say": "requests queue up", "value": 41.25, "holds": True})
    lab.journal.append("update.said", {"text": "still looking"})
    async with screen(lab, SIZES[1]) as seen:
        await seen.shows("You: still looking")
        assert "queue up" not in seen.text
        assert "evidence" not in seen.text


def bothers(lab: WorldLab, *numbers: int) -> None:
    """So many reminders, one after the other."""
    for number in numbers:
        lab.journal.append("reminder.sent", {"text": f"an update is due, {number}"})


def flat(seen: Seen) -> str:
    """The screen on one line, wherever it was wrapped."""
    return " ".join(seen.text.split())


@pytest.mark.parametrize("size", SIZES)
async def test_an_answer_stays_until_the_next_key(lab: WorldLab, size: tuple[int, int]) -> None:
    """What comes after it goes below; then the stack has its place again."""
    paged(lab)
    async with screen(lab, size) as seen:
        await seen.shows("not acked")
        await seen.pilot.press("c")
        await seen.shows("held 0 s of 30 s; checkout")
        bothers(lab, *range(20))
        await seen.shows("an update is due, 19")
        assert "held 0 s of 30 s; checkout" in flat(seen)
        assert "── answer" in seen.text
        await seen.pilot.press("end")
        await seen.until(lambda: "── answer" not in seen.text)


def test_an_answer_that_is_settled_is_where_it_belongs_in_the_log() -> None:
    """Before what came after it; what was said once is there once."""
    story = Story(lambda _: CHOSEN)
    said = [Event(number, 0.0, "reminder.sent", {"text": f"due {number}"}) for number in (1, 2, 3)]
    story.hear(said[:1])
    story.reply("held 3 s of 30 s", 0.0)
    story.hear(said)
    assert [each.plain.split("  ")[1] for each in story.answer] == ["held 3 s of 30 s"]
    story.settle()
    story.settle()
    assert story.answer == []
    assert [each.plain.split("  ")[1] for each in story.lines] == [
        "Reminder: due 1.",
        "held 3 s of 30 s",
        "Reminder: due 2.",
        "Reminder: due 3.",
    ]


async def test_hint_and_verdict_stay_readable_whatever_follows(lab: WorldLab) -> None:
    """Four rows of log are not enough for them at 80 by 24; the verdict comes long after its key."""
    paged(lab)
    reasons = [f"journey {number} 12 % of 99 %, which is a reason of some length" for number in range(6)]
    async with screen(lab) as seen:
        await seen.shows("not acked")
        await seen.pilot.press("h")
        await seen.shows("Take it?")
        await seen.pilot.press("y")
        await seen.shows("Hint 1 (5 points): look")
        bothers(lab, *range(10))
        await seen.shows("an update is due, 9")
        assert "Hint 1 (5 points): look" in flat(seen)

        await seen.pilot.press("r")
        await seen.shows("You claim that it is over")
        assert "Hint 1" not in flat(seen).partition("── answer")[2].partition("── log")[0]
        await seen.pilot.press("c")
        await seen.shows("you have claimed it")
        judged = {"outcome": "not restored", "durable": False, "reasons": reasons, "first": 1, "last": 9}
        lab.journal.append("verdict", {**judged, "second": 9, "margin": 0.0})
        bothers(lab, *range(10, 20))
        await seen.shows("an update is due, 19")
        assert [each for each in ("Verdict: not restored.", *reasons) if each not in flat(seen)] == []


async def test_what_others_bring_about_is_no_answer(lab: WorldLab) -> None:
    """Nobody pressed a key here: a hint that was taken in another terminal is in the log."""
    paged(lab)
    async with screen(lab) as seen:
        await seen.shows("not acked")
        lab.journal.append("hint.given", {"number": 1, "cost": 5, "text": "look"})
        await seen.shows("Hint 1 (5 points): look")
        assert "── answer" not in seen.text
        assert "── stack" in seen.text


async def test_a_size_that_is_told_late_is_believed(lab: WorldLab) -> None:
    """Drawn for 80 columns as long as nothing else is known, and then for as many as there are."""
    told: list[tuple[int, int]] = []
    app = LiveScreen("test", lambda: Sampler(lab, find=lambda _: CHOSEN), Story(lambda _: CHOSEN))
    app.measure = lambda: told[-1] if told else None
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Seen(app, pilot)
        await seen.shows("last 60 s")
        told.append((120, 40))
        await seen.shows("last 120 s")
        assert len(seen.lines) == 40
