"""A proof proves what is true and fails on everything that is not, naming the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from labctl import verify
from labctl.engine import phases
from labctl.errors import UsageError
from labctl.judge import InvariantResult
from labctl.lab.lab import Lab
from labctl.proof import Grade, Proof
from labctl.proving.listener import Nobody
from labctl.scenario.asked import Invariant
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import WorldLab, prove, scenario


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


def _said(proof: Proof, grade: Grade) -> str:
    return "\n".join(
        f"{check.phase} {check.name}: {check.said}" for check in proof.checks if check.outcome is grade
    )


def test_a_true_scenario_is_proven_phase_by_phase(lab: WorldLab) -> None:
    """Green, red, page, each decoy red, each fix green, and a clean reset: all pass, in this order."""
    proof = prove(lab, scenario())
    assert proof.exit_code == 0, _said(proof, Grade.FAILED) + _said(proof, Grade.UNJUDGED)
    names = [(check.phase, check.name) for check in proof.checks]
    assert names == [
        ("green", "baseline"),
        ("red", "checkout"),
        ("page", "CheckoutBudgetBurn"),
        ("decoy", "do nothing"),
        ("decoy", "run three edges"),
        ("decoy", "restart services"),
        ("decoy", "maintenance"),
        ("decoy", "scale to zero"),
        ("green", "baseline"),
        ("red", "checkout"),
        ("page", "CheckoutBudgetBurn"),
        ("fix", "roll back"),
        ("reset", "clean"),
    ]


def test_every_phase_is_measured_against_what_is_required(lab: WorldLab) -> None:
    """Red and page carry a margin; the fix says what was held and that it survived."""
    checks = {check.phase: check for check in prove(lab, scenario()).checks}
    assert checks["red"].margin is not None
    assert "of at most 20 s" in checks["red"].said
    assert checks["page"].margin is not None
    assert "held 30 s of 30 s" in checks["fix"].said
    assert "challenge restart: 15 s judged (at least 15 s" in checks["fix"].said


def test_the_users_are_those_the_scenario_asks_for(lab: WorldLab) -> None:
    """Profile and rate of the file, or the profile's own rate where the file says none."""
    prove(lab, scenario(("faults:", "load: {profile: burst, rate: 40/s}\nfaults:")))
    assert lab.world.traffic == {"profile": "burst", "rate": 40.0}
    prove(lab, scenario())
    assert lab.world.traffic == {"profile": "weekday-peak"}


def test_a_fault_that_was_removed_fails(lab: WorldLab) -> None:
    """An innocent release hurts nobody: the proof says that the fault does not reproduce."""
    proof = prove(lab, scenario(("release: 2.4.0", "release: 2.3.1")))
    assert proof.exit_code == 1
    assert "the fault does not reproduce: checkout 0.0% bad" in _said(proof, Grade.FAILED)


def test_a_fix_that_does_not_help_fails(lab: WorldLab) -> None:
    """Scaling the edge leaves checkout red: not restored, with the numbers."""
    proof = prove(lab, scenario(("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")))
    assert proof.exit_code == 1
    assert "fix roll back: not restored: held 0 s of 30 s" in _said(proof, Grade.FAILED)


@pytest.mark.parametrize(("busy", "code"), [(0.89, 1), (0.95, 3)])
def test_a_fix_that_does_not_help_on_an_overloaded_machine_says_nothing(
    lab: WorldLab, busy: float, code: int
) -> None:
    """Whoever takes nine tenths of the cores may be why users are not well: never a pass, and no failure."""
    lab.world.busy = busy
    proof = prove(lab, scenario(("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")))
    assert proof.exit_code == code
    told = "fix roll back: the machine was 95% busy, too busy to tell (90%): not restored: held 0 s of 30 s"
    assert (told in _said(proof, Grade.UNJUDGED)) is (code == 3)


def test_a_decoy_that_restores_fails(lab: WorldLab) -> None:
    """A decoy that gives users their SLO back is no decoy; the fixes are proven all the same."""
    cure = "set: {component: checkout, DB_POOL_MAX: 8}"
    proof = prove(lab, scenario(("scale: {component: edge, replicas: 3}", cure)))
    assert proof.exit_code == 1
    assert "it restored the SLO, so it is no decoy" in _said(proof, Grade.FAILED)
    assert "fix roll back" in _said(proof, Grade.PASSED)


def test_a_decoy_that_leaves_users_between_red_and_green_fails(lab: WorldLab) -> None:
    """A thin result proves nothing, neither way."""

    def thin(wanted: Wanted) -> Mapping[str, float]:
        milder = wanted["edge"].replicas == 3 and len(lab.world.seconds) % 3 == 0
        return (
            {"checkout": 0.1} if milder else {} if wanted["edge"].replicas == 3 else world.pool_shrunk(wanted)
        )

    lab.world.hurt = thin
    proof = prove(lab, scenario(), only="decoy:run three edges")
    assert proof.exit_code == 1
    assert "neither hurt nor well" in _said(proof, Grade.FAILED)


def test_who_is_hurt_once_a_second_is_not_waited_for(lab: WorldLab) -> None:
    """The last seconds always look well, since a few failures are forgiven: that is no hold to be awaited."""

    def seldom(wanted: Wanted) -> Mapping[str, float]:
        return {"checkout": 1 / 12} if wanted["edge"].replicas == 3 else world.pool_shrunk(wanted)

    lab.world.hurt = seldom
    proof = prove(lab, scenario(), only="decoy:run three edges")
    assert proof.exit_code == 0
    (decoy,) = (check for check in proof.checks if check.phase == "decoy")
    assert "not restored: held 3 s of 30 s" in decoy.said
    assert decoy.took_s is not None
    assert decoy.took_s < 60


def test_a_decoy_that_helps_late_is_watched_until_it_is_seen(lab: WorldLab) -> None:
    """Users who are well again in its last second get the time to be well for good."""
    since: list[float] = []

    def late(wanted: Wanted) -> Mapping[str, float]:
        if wanted["edge"].replicas == 3:
            since.append(lab.clock.now())
        well = since and lab.clock.now() - since[0] >= 28
        return {} if well else world.pool_shrunk(wanted)

    lab.world.hurt = late
    proof = prove(lab, scenario(), only="decoy:run three edges")
    assert proof.exit_code == 1
    assert "it restored the SLO, so it is no decoy" in _said(proof, Grade.FAILED)


def test_an_incident_that_ends_with_a_decoy_fails(lab: WorldLab) -> None:
    """Where it does not come back once a decoy is taken back, the next decoy would prove nothing."""
    tried = []

    def ends(wanted: Wanted) -> Mapping[str, float]:
        tried.append(wanted["edge"].replicas == 3)
        return {} if any(tried) and not tried[-1] else world.pool_shrunk(wanted)

    lab.world.hurt = ends
    proof = prove(lab, scenario())
    assert proof.exit_code == 1
    said = "decoy run three edges: checkout is not red again 1 min after it was taken back"
    assert said in _said(proof, Grade.FAILED)
    assert "decoy restart services" not in _said(proof, Grade.PASSED)


def test_an_incident_that_ends_with_a_decoy_comes_back_with_its_trigger(lab: WorldLab) -> None:
    """A storm that ends while everybody is turned away is begun again for the next decoy."""
    calm = False
    turned_away_s = 0

    def storm(wanted: Wanted) -> Mapping[str, float]:
        nonlocal calm, turned_away_s
        harm = world.pool_shrunk(wanted)
        if wanted.flags.get("maintenance") == "on":
            calm, turned_away_s = True, len(lab.world.seconds)
        elif not harm or wanted.flags.get("edge-shed-home") == "1%":
            calm = False
        if not calm or len(harm) > 1:
            return harm
        second = len(lab.world.seconds)
        return {"home": 0.5} if second < turned_away_s + 40 else {}

    lab.world.hurt = storm
    trigger = "challenge: {kind: replay, do: [flag: {name: edge-shed-home, value: 1%}]}"
    proof = prove(lab, scenario(("challenge: restart", trigger)))
    assert proof.exit_code == 0, _said(proof, Grade.FAILED) + _said(proof, Grade.UNJUDGED)
    assert "decoy scale to zero: not restored" in _said(proof, Grade.PASSED)


@pytest.mark.parametrize(
    "part",
    [
        "restart: {component: bank}",
        "scale: {component: edge, replicas: 1}",
        "flag: {name: maintenance, value: off}",
    ],
)
def test_an_action_that_is_refused_fails(lab: WorldLab, part: str) -> None:
    """What is not ours and what changes nothing is a mistake in the file."""
    proof = prove(lab, scenario(("scale: {component: edge, replicas: 3}", part.replace("off", '"off"'))))
    assert proof.exit_code == 1
    assert "attempt pool-shrunk" in _said(proof, Grade.FAILED)


def test_an_unhealthy_baseline_cannot_be_judged(lab: WorldLab) -> None:
    """Users who suffer before anything is broken prove nothing: exit 3 and who suffers."""
    lab.world.hurt = lambda _: {"search": 0.2}
    proof = prove(lab, scenario())
    assert proof.exit_code == 3
    assert "search 80 % of 99 %" in _said(proof, Grade.UNJUDGED)
    assert [check.phase for check in proof.checks] == ["green", "reset"]


def test_a_dead_load_cannot_be_judged(lab: WorldLab) -> None:
    """No data is never a pass."""
    lab.world.dead = True
    proof = prove(lab, scenario())
    assert proof.exit_code == 3
    assert "load does not answer" in _said(proof, Grade.UNJUDGED)


def test_a_load_that_is_late_cannot_be_judged(lab: WorldLab) -> None:
    """A witness that could not keep its own timetable is not believed."""
    lab.world.late_p99_ms = 80.0
    proof = prove(lab, scenario())
    assert proof.exit_code == 3
    assert "the load was late" in _said(proof, Grade.UNJUDGED)


def test_a_load_that_was_restarted_cannot_be_judged(lab: WorldLab) -> None:
    """Two runs' seconds are not put together."""
    was = lab.world.hurt

    def restarted(wanted: Wanted) -> Mapping[str, float]:
        if len(lab.world.seconds) == 40:
            lab.world.run = "run-2"
        return was(wanted)

    lab.world.hurt = restarted
    proof = prove(lab, scenario())
    assert proof.exit_code == 3
    assert "the load was restarted during the drill" in _said(proof, Grade.UNJUDGED)


def test_a_missing_page_fails(lab: WorldLab) -> None:
    """A paged scenario that pages nobody is not proven."""
    lab.world.pages = False
    proof = prove(lab, scenario())
    assert proof.exit_code == 1
    assert "CheckoutBudgetBurn did not fire" in _said(proof, Grade.FAILED)


def test_a_fix_that_a_restart_undoes_is_masked(lab: WorldLab) -> None:
    """Held, then restarted, then red again: came back."""

    def until_restarted(wanted: Wanted) -> dict[str, float]:
        healed = wanted["edge"].replicas == 2 and not wanted["checkout"].restarts
        return {} if healed else dict(world.pool_shrunk(wanted))

    lab.world.hurt = until_restarted
    fix = ("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")
    proof = prove(lab, scenario(fix), only="fix:roll back")
    assert proof.exit_code == 1
    assert "fix roll back: masked" in _said(proof, Grade.FAILED)


@pytest.mark.parametrize(
    ("before", "code", "said"),
    [("0", 0, "mitigated, not durable"), ("7", 1, "measured 7, required 0"), (None, 3, "could not be read")],
)
def test_what_a_challenge_that_need_not_be_survived_hides_was_read_before_it(
    lab: WorldLab, monkeypatch: pytest.MonkeyPatch, before: str | None, code: int, said: str
) -> None:
    """The lock that comes back keeps everybody from reading: what was true or broken before stays so."""

    def restarted() -> bool:
        return lab.runtime.wanted()["checkout"].restarts > 0

    def until_restarted(wanted: Wanted) -> dict[str, float]:
        healed = wanted["edge"].replicas == 2 and not wanted["checkout"].restarts
        return {} if healed else dict(world.pool_shrunk(wanted))

    def measure(_: Lab, invariant: Invariant) -> InvariantResult:
        if restarted():
            return InvariantResult(invariant.say, "0", error="canceled")
        return InvariantResult(invariant.say, "0", measured=before)

    lab.world.hurt = until_restarted
    monkeypatch.setattr(phases, "measure", measure)
    fix = (
        "do: [rollback: {component: checkout}]",
        "survives: []\n    do: [scale: {component: edge, replicas: 2}]",
    )
    true = ("hints:", "invariants:\n  - {say: nothing is lost, sql: select 0, equals: 0}\nhints:")
    proof = prove(lab, scenario(fix, true), only="fix:roll back")
    assert proof.exit_code == code
    assert said in "\n".join(check.said for check in proof.checks if check.phase == "fix")


def test_one_part_can_be_proven_alone(lab: WorldLab) -> None:
    """`--only` proves one decoy or fix, and names what there is when there is no such part."""
    proof = prove(lab, scenario(), only="fix:roll back")
    assert [check.phase for check in proof.checks] == ["green", "red", "page", "fix", "reset"]
    assert proof.word == "proven in part"
    with pytest.raises(UsageError, match="decoy:run three edges"):
        prove(lab, scenario(), only="fix:pray")


def test_a_quick_proof_breaks_asks_for_evidence_and_mends_once(lab: WorldLab) -> None:
    """It reproduces and can be fixed, which is no whole proof; what was left out is said."""
    evidence = "evidence:\n  - {say: nobody listens, query: up, equals: 0}\nhints:"
    (task,) = verify.plan([scenario(("hints:", evidence))], quick=True)
    run = verify.prove([task], [lab], listener=Nobody())
    (proof,) = run.proofs()
    assert [check.phase for check in proof.checks] == [
        *("green", "red", "page", "evidence", "fix", "reset", "attempt", "siblings")
    ]
    assert "decoys (5) and other fixes (0) are left out" in _said(proof, Grade.NOT_TRIED)
    assert not proof.whole
