"""The drill: it watches whoever acts, goes on when its driver is killed, and claims nothing untrue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labctl import drill as drilling
from labctl.actions import steps
from labctl.actions.base import Step
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.debrief import archive
from labctl.engine import phases
from labctl.engine.machine import Drill, Phase, fold
from labctl.errors import CannotRunHere, CouldNotJudge, LabBusy
from labctl.judge import Outcome, Verdict
from labctl.lab.journal import Event
from labctl.lab.lock import drive
from labctl.lab.reach import Unreachable
from labctl.oncall import moves, progress
from labctl.recording import Recording
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import Deed, WorldLab, scenario

ROLL_BACK: Step = {"rollback": {"component": "checkout"}}
GIVES_UP_S = 150
"""The learner who never acts leaves after so long, or the drill would never end."""


class Left(BaseException):
    """Ctrl-C."""


class Killed(BaseException):
    """`kill -9`, as far as anything inside the process can tell."""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


def run(lab: WorldLab, on_event: Callable[[Event], None] = lambda _: None) -> Verdict:
    verdict = drilling.drill(lab, scenario(), clock=lab.clock, quiet_s=0.0, on_event=on_event)
    assert verdict is not None
    return verdict


def claims(lab: WorldLab, *, when: Callable[[], bool] | None = None) -> None:
    """Someone types `resolve` as soon as that is true; else once something was changed."""
    lab.world.deeds.append(Deed(when or (lambda: bool(at(lab).acted_wall_s)), lambda: moves.claim(lab)))


def killed_at(kind: str, role: str | None = None) -> Callable[[Event], None]:
    """Dies when it hears of this; `role` says of whose change."""
    roles: dict[str, str] = {}

    def kill(event: Event) -> None:
        if event.kind == "change.begun":
            roles[event.payload["id"]] = event.payload["role"]
        if event.kind == kind and role in (None, roles.get(event.payload.get("id", ""))):
            raise Killed

    return kill


def does(lab: WorldLab, step: Step, *, when: Callable[[], bool]) -> None:
    """Someone at another terminal does this, as soon as that is true."""
    lab.world.deeds.append(Deed(when, lambda: perform(lab, steps.parse(step), role=Role.LEARNER, by="you")))


def leaves(lab: WorldLab, after_s: int = GIVES_UP_S) -> None:
    """Ctrl-C, so many seconds of users from now."""
    last = len(lab.world.seconds) + after_s

    def leave() -> None:
        raise Left

    lab.world.deeds.append(Deed(lambda: len(lab.world.seconds) >= last, leave))


def at(lab: WorldLab) -> Drill:
    return fold(lab.journal.read())


def paged(lab: WorldLab, later_s: int = 0) -> Callable[[], bool]:
    """True from so many seconds after the page on."""

    def is_so() -> bool:
        fired = at(lab).fired_wall_s
        return fired is not None and lab.clock.wall() >= fired + later_s

    return is_so


def kinds(lab: WorldLab) -> list[str]:
    return [event.kind for event in lab.journal.read()]


def verdicts(lab: WorldLab) -> list[str]:
    return [event.payload["outcome"] for event in lab.journal.read() if event.kind == "verdict"]


def test_what_is_typed_elsewhere_mitigates(lab: WorldLab) -> None:
    """The learner rolls back at another terminal; held, survived, and the drill ends."""
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    verdict = run(lab)
    assert (verdict.outcome, verdict.durable) == (Outcome.MITIGATED, True)
    assert "held 30 s of 30 s" in verdict.reasons[0]
    told = [
        kind for kind in kinds(lab) if kind.split(".")[0] in ("drill", "phase", "page", "resolve", "verdict")
    ]
    assert told == [
        "drill.begun",
        "phase.green",
        "phase.injected",
        "phase.red",
        "page.fired",
        "resolve.claimed",
        "phase.held",
        "phase.challenged",
        "verdict",
        "drill.ended",
    ]


def test_without_anybody_it_goes_on(lab: WorldLab) -> None:
    """Two minutes in which nobody acts bring no verdict at all."""
    leaves(lab)
    with pytest.raises(Left):
        run(lab)
    assert (at(lab).phase, verdicts(lab)) == (Phase.RED, [])


@pytest.mark.parametrize(
    "step",
    [
        {"flag": {"name": "maintenance", "value": "on"}},
        {"scale": {"component": "checkout", "replicas": 0}},
        {"restart": {"component": "checkout"}},
    ],
    ids=lambda step: next(iter(step)),
)
def test_what_serves_nobody_never_passes(lab: WorldLab, step: Step) -> None:
    """Whatever it does to the graphs."""
    does(lab, step, when=paged(lab))
    leaves(lab)
    with pytest.raises(Left):
        run(lab)
    assert (at(lab).phase, at(lab).held, verdicts(lab)) == (Phase.RED, 0, [])


def test_a_change_while_the_hold_runs_starts_it_over(lab: WorldLab) -> None:
    """Twenty seconds were held under something else: thirty more are wanted after the change."""
    does(lab, ROLL_BACK, when=paged(lab))

    def twenty_held() -> bool:
        acted = at(lab).acted_wall_s
        return bool(acted) and lab.clock.wall() >= acted + 20

    does(lab, {"flag": {"name": "checkout-bank-timeout", "value": "9s"}}, when=twenty_held)
    claims(lab)
    assert run(lab).outcome is Outcome.MITIGATED
    changes = {event.payload["id"]: event for event in lab.journal.read() if event.kind == "change.done"}
    held = next(event for event in lab.journal.read() if event.kind == "phase.held")
    first = lab.world.seconds[held.payload["first"] - 1]
    assert first.wall_s > changes[at(lab).acting].wall_s
    assert held.payload["second"] - held.payload["first"] == 29


def test_a_change_during_the_challenge_starts_it_over(lab: WorldLab) -> None:
    """What survived was something else: held and tried again."""
    does(lab, ROLL_BACK, when=paged(lab))
    retuned = {"flag": {"name": "checkout-bank-timeout", "value": "9s"}}
    does(lab, retuned, when=lambda: at(lab).phase is Phase.CHALLENGED)
    claims(lab)
    assert run(lab).outcome is Outcome.MITIGATED
    assert kinds(lab).count("phase.held") == 2
    assert verdicts(lab) == ["mitigated"]


def test_masked_goes_on(lab: WorldLab) -> None:
    """A fix that the restart undoes is told so; the drill ends with one that lasts."""

    def until_restarted(wanted: Wanted) -> dict[str, float]:
        stopgap = wanted["edge"].replicas == 2 and not wanted["checkout"].restarts
        return {} if stopgap else dict(world.pool_shrunk(wanted))

    lab.world.hurt = until_restarted
    does(lab, {"scale": {"component": "edge", "replicas": 2}}, when=paged(lab))
    claims(lab)
    does(lab, ROLL_BACK, when=lambda: bool(verdicts(lab)))
    claims(lab, when=lambda: lab.wanted()["checkout"].release == "2.3.0" and bool(verdicts(lab)))
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["masked", "mitigated"]


def test_without_a_claim_nothing_is_judged(lab: WorldLab) -> None:
    """Users have been well for two minutes; the learner has not said that it is over."""
    does(lab, ROLL_BACK, when=paged(lab))
    leaves(lab)
    with pytest.raises(Left):
        run(lab)
    assert (at(lab).phase, verdicts(lab)) == (Phase.RED, [])


def test_what_was_held_before_the_claim_counts(lab: WorldLab) -> None:
    """Forty seconds after the fix, the claim is tried at once."""
    does(lab, ROLL_BACK, when=paged(lab))

    def forty_later() -> bool:
        acted = at(lab).acted_wall_s
        return bool(acted) and lab.clock.wall() >= acted + 40

    claims(lab, when=forty_later)
    assert run(lab).outcome is Outcome.MITIGATED
    claimed, challenged = (
        next(event for event in lab.journal.read() if event.kind == kind)
        for kind in ("resolve.claimed", "phase.challenged")
    )
    assert challenged.wall_s - claimed.wall_s < 3


def test_a_claim_while_users_are_hurt_is_refused_soon_and_the_drill_goes_on(lab: WorldLab) -> None:
    """Ten seconds more of the same suffice; afterwards the next claim is another."""
    claims(lab, when=paged(lab))
    does(lab, ROLL_BACK, when=lambda: bool(verdicts(lab)))
    claims(lab, when=lambda: lab.wanted()["checkout"].release == "2.3.0" and bool(verdicts(lab)))
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["not restored", "mitigated"]
    claimed, judged = (
        next(event for event in lab.journal.read() if event.kind == kind)
        for kind in ("resolve.claimed", "verdict")
    )
    assert 9 < judged.wall_s - claimed.wall_s < 15


def test_a_change_typed_just_before_a_verdict_is_not_missed(
    lab: WorldLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody acts while the invariants are read: what was measured is of another lab, so it is not said."""
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    verdict = phases.verdict
    typed = iter([{"flag": {"name": "checkout-bank-timeout", "value": "9s"}}])

    def slowly(*asked: Any) -> Verdict:
        for step in typed:
            perform(lab, steps.parse(step), role=Role.LEARNER, by="you")
        return verdict(*asked)

    monkeypatch.setattr(phases, "verdict", slowly)
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["mitigated"]
    assert kinds(lab).count("phase.held") == 2


def test_what_is_mitigated_is_kept(lab: WorldLab) -> None:
    """With its end, for the debrief; the lab runs on."""
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    run(lab)
    (kept,) = progress.all_kept()
    assert kept.events[-1].payload["how"] == "mitigated"
    assert progress.outcome(kept) == "mitigated"
    assert kept.seconds[-1] == lab.world.seconds[-1]


@pytest.mark.parametrize("phase", [Phase.GREEN, Phase.RED])
def test_quitting_ends_it_without_a_verdict(lab: WorldLab, phase: Phase) -> None:
    """Typed elsewhere, during the quiet or the incident; the driver leaves, and says no more."""

    def ends() -> None:
        lab.journal.append("drill.ended", {"how": "quit", "second": len(lab.world.seconds)})

    lab.world.deeds.append(Deed(lambda: at(lab).phase is phase, ends))
    assert drilling.drill(lab, scenario(), clock=lab.clock, quiet_s=20.0) is None
    assert verdicts(lab) == []
    assert ("phase.injected" in kinds(lab)) == (phase is Phase.RED)


def test_who_quit_and_reset_before_we_looked_has_quit(lab: WorldLab) -> None:
    """It is no reset behind the drill's back."""

    def ends() -> None:
        lab.journal.append("drill.ended", {"how": "quit", "second": len(lab.world.seconds)})
        world.reset(lab)

    lab.world.deeds.append(Deed(paged(lab), ends))
    assert drilling.drill(lab, scenario(), clock=lab.clock, quiet_s=0.0) is None


def test_a_verdict_whose_driver_was_killed_is_said_by_the_next(lab: WorldLab) -> None:
    """Mitigated is mitigated: it is ended and kept, and not judged again."""
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    with pytest.raises(Killed):
        run(lab, killed_at("verdict"))
    assert run(lab).outcome is Outcome.MITIGATED
    assert kinds(lab).count("verdict") == 1
    assert len(progress.all_kept()) == 1


def test_who_waits_hears_of_reminders_and_questions(lab: WorldLab) -> None:
    """Without a word from the learner: two people ask, and reminders come every four minutes."""
    leaves(lab, after_s=520)
    with pytest.raises(Left):
        run(lab)
    asked = [event.payload["who"] for event in lab.journal.read() if event.kind == "question.asked"]
    assert asked == ["support", "head of the shop"]
    assert kinds(lab).count("reminder.sent") == 2


def test_a_human_may_begin_it(lab: WorldLab) -> None:
    """No alert is expected: once users are hurt, what the scenario's human says is the page."""
    quiet = ("page: CheckoutBudgetBurn}", "page: none}\npage: Support says that nobody can pay.")
    lab.world.pages = False
    leaves(lab, after_s=60)
    with pytest.raises(Left):
        drilling.drill(lab, scenario(quiet), clock=lab.clock, quiet_s=0.0)
    told = [event.payload["text"] for event in lab.journal.read() if event.kind == "page.told"]
    assert told == ["Support says that nobody can pay."]
    assert "page.fired" not in kinds(lab)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("phase.injected", None),
        ("phase.red", None),
        ("page.fired", None),
        ("change.done", "learner"),
        ("phase.held", None),
        ("change.begun", "inject"),
        ("phase.challenged", None),
    ],
)
def test_a_killed_driver_s_drill_goes_on(lab: WorldLab, kind: str, role: str | None) -> None:
    """The next one takes over: one drill, one injection, one page, and the same verdict."""
    does(lab, ROLL_BACK, when=paged(lab, later_s=5))
    claims(lab)
    with pytest.raises(Killed):
        run(lab, killed_at(kind, role))
    was = at(lab)
    lab.clock.sleep(20.0)  # users go on while nobody drives
    assert run(lab).outcome is Outcome.MITIGATED
    assert at(lab).id == was.id
    for once in ("drill.begun", "phase.injected", "phase.red", "page.fired", "phase.held", "verdict"):
        assert kinds(lab).count(once) == 1, once


def test_what_was_mitigated_while_nobody_drove_is_seen(lab: WorldLab) -> None:
    """Rolled back and held between two drivers: the second finds it complete, and tries it."""
    with pytest.raises(Killed):
        run(lab, killed_at("page.fired"))
    perform(lab, steps.parse(ROLL_BACK), role=Role.LEARNER, by="you")
    lab.clock.sleep(60.0)
    moves.claim(lab)
    before = len(lab.world.seconds)
    assert run(lab).outcome is Outcome.MITIGATED
    assert len(lab.world.seconds) - before < 45  # the challenge alone


@pytest.mark.parametrize("kind", ["drill.begun", "phase.green"])
def test_a_driver_killed_before_the_fault_was_in_starts_anew(lab: WorldLab, kind: str) -> None:
    """Nothing is broken yet: reset, and a new drill."""
    with pytest.raises(Killed):
        run(lab, killed_at(kind))
    begins_anew(lab)


def test_a_driver_killed_while_it_injects_starts_anew(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say what half an injection did: reset, and a new drill."""
    apply = lab.runtime.apply

    def dies(want: Wanted) -> None:
        if want["checkout"].release == "2.4.0":
            raise Killed
        apply(want)

    with monkeypatch.context() as patch:
        patch.setattr(lab.runtime, "apply", dies)
        with pytest.raises(Killed):
            run(lab)
    assert kinds(lab)[-1] == "change.begun"
    begins_anew(lab)


def kept_unjudged(lab: WorldLab, why: str) -> Recording:
    """The one drill that is kept: it has ended, and says why nobody can judge it."""
    (kept,) = progress.all_kept()
    assert kept.events[-1].payload["how"] == "could not judge"
    assert why in kept.events[-1].payload["why"]
    assert (progress.outcome(kept), at(lab).phase) == ("could not judge", Phase.ENDED)
    return kept


def begins_anew(lab: WorldLab) -> None:
    was = at(lab)
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    assert run(lab).outcome is Outcome.MITIGATED
    assert at(lab).id != was.id
    assert kinds(lab).count("lab.reset") == 2


def test_after_a_reset_nothing_is_claimed(lab: WorldLab) -> None:
    """Killed while red, then reset: users are well and nobody mitigated. The drill begins anew."""
    with pytest.raises(Killed):
        run(lab, killed_at("phase.red"))
    world.reset(lab)
    lab.clock.sleep(120.0)
    leaves(lab)
    with pytest.raises(Left):
        run(lab)
    assert verdicts(lab) == []
    assert (kinds(lab).count("phase.injected"), at(lab).phase) == (2, Phase.RED)


def test_a_reset_under_a_running_drill_ends_it_without_a_claim(lab: WorldLab) -> None:
    """Someone resets the lab meanwhile: healthy users are not the learner's doing. Exit 3, and why."""
    lab.world.deeds.append(Deed(paged(lab), lambda: world.reset(lab)))
    leaves(lab)
    with pytest.raises(CouldNotJudge, match="the lab was reset"):
        run(lab)
    assert verdicts(lab) == []
    (kept,) = progress.all_kept()
    assert archive.is_over(kept), "the debrief tells it"


def test_a_drill_whose_load_was_restarted_is_over_and_kept(lab: WorldLab) -> None:
    """Nobody can judge it any more: with what users felt before, and not with what another load counts."""

    def restarts() -> None:
        lab.world.run = "run-2"

    lab.world.deeds.append(Deed(paged(lab, later_s=5), restarts))
    with pytest.raises(CouldNotJudge, match="the load was restarted during the drill"):
        run(lab)
    kept = kept_unjudged(lab, "the load was restarted")
    fired = next(event.wall_s for event in kept.events if event.kind == "page.fired")
    assert kept.seconds[-1].wall_s > fired
    lab.clock.sleep(60)
    assert kept_unjudged(lab, "the load was restarted").seconds == kept.seconds


def test_a_load_that_does_not_answer_ends_no_drill(lab: WorldLab) -> None:
    """It may come back: the drill goes on with the next `labctl drill`, and is kept when it ends."""

    def dies() -> None:
        lab.world.dead = True

    lab.world.deeds.append(Deed(paged(lab, later_s=5), dies))
    with pytest.raises(Unreachable):
        run(lab)
    assert (at(lab).phase, progress.all_kept()) == (Phase.RED, [])
    lab.world.dead = False
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    assert run(lab).outcome is Outcome.MITIGATED


def test_two_cannot_drive_one_lab(lab: WorldLab) -> None:
    """The second is told who does."""

    def second(event: Event) -> None:
        if event.kind == "phase.red":
            with pytest.raises(LabBusy, match="is being driven by process"):
                run(lab)
            raise Killed

    with pytest.raises(Killed):
        run(lab, second)


def test_a_shop_that_is_not_healthy_is_not_broken_further(lab: WorldLab) -> None:
    """Exit 3 with who suffers, and no fault is in."""
    lab.world.hurt = lambda _: {"search": 0.2}
    with pytest.raises(CouldNotJudge, match=r"not healthy to begin with.*search 80 % of 99 %"):
        run(lab)
    assert "phase.injected" not in kinds(lab)
    kept_unjudged(lab, "not healthy to begin with")


def test_an_incident_that_does_not_happen_is_said(lab: WorldLab) -> None:
    """No learner is left waiting for a page that cannot come."""
    lab.world.hurt = lambda _: {}
    with pytest.raises(CouldNotJudge, match="the incident does not happen: checkout is not red"):
        run(lab)
    kept_unjudged(lab, "checkout is not red")


def test_what_this_runtime_cannot_do_is_not_begun(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cannot run here, which is neither passed nor failed."""
    monkeypatch.setattr(lab.runtime, "capabilities", frozenset())
    needy = scenario(("level: 2", "level: 2\nrequires: [freeze]"))
    with pytest.raises(CannotRunHere, match="needs freeze"):
        drilling.drill(lab, needy, clock=lab.clock, quiet_s=0.0)
    assert "drill.begun" not in kinds(lab)


def followed(lab: WorldLab) -> Verdict | None:
    """`resolve`, typed now: claims, and follows until the verdict."""
    claimed = moves.claim(lab)
    return drilling.follow(lab, scenario(), clock=lab.clock, after=claimed.seq)


def abandoned(lab: WorldLab) -> None:
    """A drill that nobody drives any more, paged."""
    with pytest.raises(Killed):
        run(lab, killed_at("page.fired"))


def test_where_nobody_drives_the_claim_is_judged_by_who_claims(lab: WorldLab) -> None:
    """Refused first, and the drill stays; after the fix mitigated, ended and kept."""
    abandoned(lab)
    refused = followed(lab)
    assert refused is not None
    assert (refused.outcome, at(lab).phase) == (Outcome.NOT_RESTORED, Phase.RED)
    perform(lab, steps.parse(ROLL_BACK), role=Role.LEARNER, by="you")
    verdict = followed(lab)
    assert verdict is not None
    assert (verdict.outcome, at(lab).phase) == (Outcome.MITIGATED, Phase.ENDED)
    assert [progress.outcome(kept) for kept in progress.all_kept()] == ["mitigated"]


def test_where_somebody_drives_the_claim_is_only_followed(lab: WorldLab) -> None:
    """What the driver writes is told, the hold is shown meanwhile, and its verdict is the answer."""
    abandoned(lab)
    judged = {"outcome": "masked", "durable": False, "reasons": ["came back"], "first": 1, "last": 9}
    later = len(lab.world.seconds) + 4
    verdict = {"second": later, "margin": 0.0, **judged}
    lab.world.deeds.append(
        Deed(lambda: len(lab.world.seconds) >= later, lambda: lab.journal.append("verdict", verdict))
    )
    heard: list[str] = []
    looks: list[Phase] = []
    claimed = moves.claim(lab)
    with drive(lab):
        answer = drilling.follow(
            lab,
            scenario(),
            clock=lab.clock,
            after=claimed.seq,
            on_event=lambda event: heard.append(event.kind),
            on_look=lambda drill, _: looks.append(drill.phase),
        )
    assert answer is not None
    assert (answer.outcome, answer.reasons) == (Outcome.MASKED, ("came back",))
    assert heard == ["verdict"]
    assert set(looks) == {Phase.RED}


def test_a_driver_that_dies_is_replaced_by_who_waits(lab: WorldLab) -> None:
    """Its lock is freed by the kernel; the claim is judged all the same."""
    abandoned(lab)
    perform(lab, steps.parse(ROLL_BACK), role=Role.LEARNER, by="you")
    held = drive(lab)
    held.__enter__()
    later = len(lab.world.seconds) + 10
    lab.world.deeds.append(
        Deed(lambda: len(lab.world.seconds) >= later, lambda: held.__exit__(None, None, None))
    )
    verdict = followed(lab)
    assert verdict is not None
    assert verdict.outcome is Outcome.MITIGATED


def test_a_drill_that_is_quit_answers_no_claim(lab: WorldLab) -> None:
    """There is no verdict to wait for."""
    abandoned(lab)
    later = len(lab.world.seconds) + 4
    ended = {"how": "quit", "second": later}
    lab.world.deeds.append(
        Deed(lambda: len(lab.world.seconds) >= later, lambda: lab.journal.append("drill.ended", ended))
    )
    claimed = moves.claim(lab)
    with drive(lab):
        assert drilling.follow(lab, scenario(), clock=lab.clock, after=claimed.seq) is None
