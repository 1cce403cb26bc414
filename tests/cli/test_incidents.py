"""List, lint, verify, drill and demo: which incidents there are, and what is printed of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad
from tests.scenario.samples import SMALL, changed, written

from labctl.cli import drill as drilling
from labctl.clock import FakeClock
from labctl.errors import CouldNotJudge, LabBusy
from labctl.judge import Outcome, Verdict
from labctl.lab import lab as labs
from labctl.lab.journal import Event, Journal
from labctl.lab.lab import Lab
from labctl.proof import Check, Grade, Proof
from labctl.proving.capacity import Calibration
from labctl.proving.plan import Task
from labctl.scenario.model import Scenario

MITIGATED = Verdict(Outcome.MITIGATED, True, ("held 30 s of 30 s; every journey green",), 1, 30, ())


class OwnLab:
    """A lab that labctl starts for one command, and what became of it."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.name = name
        self.journal = journal
        self.clock = FakeClock()
        self.load = ScriptedLoad()
        self.life: list[str] = []

    def up(self) -> None:
        self.life.append("up")

    def down(self) -> None:
        self.life.append("down")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[OwnLab]]:
    """The labs that commands start."""
    started: list[OwnLab] = []

    def create(name: str, runtime: str) -> OwnLab:
        assert runtime == "local"
        started.append(OwnLab(name, Journal(tmp_path / f"{name}.db")))
        return started[-1]

    monkeypatch.setattr(labs, "create", create)
    yield started
    for each in started:
        each.journal.close()


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small scenario, beside the lab's own."""
    (tmp_path / "scenarios").mkdir()
    written(tmp_path / "scenarios", SMALL)
    monkeypatch.setenv("LABCTL_SCENARIOS", str(tmp_path / "scenarios"))


class Proven:
    """A run that is over: a proof per task, each with one check."""

    def __init__(self, proofs: list[Proof]) -> None:
        self._proofs = proofs

    def proofs(self) -> list[Proof]:
        return self._proofs

    def attempted(self, task: Task) -> list[Any]:
        return []


def proves(monkeypatch: pytest.MonkeyPatch, *grades: Grade) -> list[dict[str, Any]]:
    """Each proof has one check with the next of these grades; returns what verify was asked."""
    asked: list[dict[str, Any]] = []
    coming = iter(grades)

    def prove(tasks: tuple[Task, ...], on: list[Lab], *, listener: Any, **options: Any) -> Proven:
        asked.append({"labs": [lab.name for lab in on], "tasks": tasks, **options})
        proofs = []
        for task in tasks:
            proof = Proof(task.scenario.id, "local", took_s=5.0, run=task.run)
            check = proof.add(Check("fix", "run one again", next(coming), "held 30 s of 30 s", 0.8, 41.0))
            listener.begins(task.parts[0], on[0].name)
            listener.checked(task.parts[0], check)
            listener.ended(task.parts[0])
            listener.concluded(task, proof)
            proofs.append(proof)
        return Proven(proofs)

    monkeypatch.setattr("labctl.verify.prove", prove)
    holds = Calibration(2, 0.0, 0.2, 9000, 0.0)
    monkeypatch.setattr("labctl.proving.capacity.busy", lambda *_: 0.0)
    monkeypatch.setattr("labctl.proving.capacity.calibrate", lambda *_: holds)
    return asked


def test_list_names_no_cause(labctl: Labctl) -> None:
    """A learner sees code, level, family and title."""
    code, out, _ = labctl("list")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("checkout-90"))
    progress = ["no", "0", "–"]
    assert row.split() == [
        "checkout-90",
        "1",
        "checkout-slow",
        *progress,
        *["Orders", "do", "not", "go", "through"],
    ]
    assert "valve-closed" not in out
    assert "valve-closed" not in labctl("list", "--json")[1]


def test_list_with_spoilers_has_the_ids(labctl: Labctl) -> None:
    """For those who write and prove scenarios."""
    assert "valve-closed" in labctl("list", "--spoilers")[1]
    rows = json.loads(labctl("list", "--spoilers", "--json")[1])
    assert rows["version"] == 1
    assert "valve-closed" in [row["id"] for row in rows["incidents"]]


def test_lint_says_which_files_are_fine(labctl: Labctl, tmp_path: Path) -> None:
    """One line per file on stdout."""
    assert labctl("lint", str(tmp_path / "scenarios")) == (0, f"{tmp_path}/scenarios/s.yaml: fine\n", "")


def test_lint_shows_every_mistake_with_its_place(labctl: Labctl, tmp_path: Path) -> None:
    """Exit 2, file:line:column, what was probably meant, no traceback."""
    bad = written(
        tmp_path,
        changed("hold: 30s", "holdd: 30s").replace("journey: checkout", "journey: chekout"),
        "b.yaml",
    )
    code, out, err = labctl("lint", str(bad))
    assert (code, out) == (2, "")
    assert f"{bad}:10:1: there is no key 'holdd' here (did you mean 'hold'?)" in err
    assert f"{bad}:9:" in err
    assert "Traceback" not in err


def test_lint_of_a_path_without_a_file_is_a_usage_error(labctl: Labctl, tmp_path: Path) -> None:
    """A script that checks nothing must not pass."""
    assert labctl("lint", str(tmp_path / "nowhere"))[0] == 2


def test_verify_prints_each_check_and_ends_its_own_lab(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0; never in a lab that nobody named: a drill may be under way there."""
    asked = proves(monkeypatch, Grade.PASSED)
    code, out, _ = labctl("verify", "valve-closed", "--jobs", "1")
    assert code == 0
    assert "ok    fix       run one again: held 30 s of 30 s (margin 80 %, 41 s)" in out
    assert "valve-closed: proven on local, in 5 s (1 passed)" in out
    assert own[0].name.startswith("verify-")
    assert asked[0]["labs"] == [own[0].name]
    assert own[0].life == ["up", "down"]


def test_verify_keeps_its_lab_when_asked(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what to type to look at it, and to end it."""
    asked = proves(monkeypatch, Grade.PASSED)
    code, _, err = labctl("verify", "checkout-90", "--keep", "--only", "fix:run two")
    assert code == 0
    assert own[0].life == ["up"]
    assert f"labctl down --lab {own[0].name}" in err
    assert asked[0]["keep"]
    assert [part.name for part in asked[0]["tasks"][0].parts] == ["fix:run two"]


@pytest.mark.parametrize(
    ("grades", "code"),
    [
        ((Grade.PASSED, Grade.PASSED), 0),
        ((Grade.PASSED, Grade.UNJUDGED), 3),
        ((Grade.FAILED, Grade.UNJUDGED), 1),
    ],
)
def test_over_many_proofs_one_beats_three(
    labctl: Labctl,
    own: list[OwnLab],
    monkeypatch: pytest.MonkeyPatch,
    grades: tuple[Grade, ...],
    code: int,
) -> None:
    """--repeat makes several on one lab, and the worst counts."""
    proves(monkeypatch, *grades)
    assert labctl("verify", "valve-closed", "--repeat", "2", "--jobs", "1")[0] == code
    assert len(own) == 1


@pytest.mark.parametrize(
    ("allowed", "grades", "code"),
    [
        ((), (Grade.CANNOT_RUN, Grade.PASSED), 3),
        (("--allow-cannot-run",), (Grade.CANNOT_RUN, Grade.PASSED), 0),
        (("--allow-cannot-run",), (Grade.CANNOT_RUN, Grade.FAILED), 1),
        (("--allow-cannot-run",), (Grade.CANNOT_RUN, Grade.UNJUDGED), 3),
    ],
)
@pytest.mark.usefixtures("own")
def test_what_a_machine_lacks_may_be_allowed(
    labctl: Labctl,
    monkeypatch: pytest.MonkeyPatch,
    allowed: tuple[str, ...],
    grades: tuple[Grade, ...],
    code: int,
) -> None:
    """It hides neither a failure nor what could not be judged."""
    proves(monkeypatch, *grades)
    assert labctl("verify", "valve-closed", "--repeat", "2", *allowed)[0] == code


def test_as_many_labs_as_the_machine_holds(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default it is measured, and said; never more labs than there are attempts; all are gone after."""
    asked = proves(monkeypatch, Grade.PASSED, Grade.PASSED)
    _, _, err = labctl("verify", "valve-closed")
    assert "2 labs at once: 2 cores, 0% busy before, 20% with one lab" in err
    assert len(asked[0]["labs"]) == 2
    assert [each.life for each in own] == [["up", "down"], ["up", "down"]]
    labctl("verify", "valve-closed", "--only", "fix:run two", "--jobs", "7")
    assert len(asked[1]["labs"]) == 1


@pytest.mark.usefixtures("own")
def test_a_flake_is_told_with_both_numbers(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats that differ: neither is believed, and the exit code is the worse one's."""
    proves(monkeypatch, Grade.PASSED, Grade.UNJUDGED)
    code, out, _ = labctl("verify", "valve-closed", "--repeat", "2")
    assert code == 3
    assert "flake  valve-closed: fix run one again differs between repeats: run 1: passed, held 30 s" in out


@pytest.mark.usefixtures("own")
def test_verify_for_github_annotates_and_sums_up(
    labctl: Labctl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands alone on stdout, the summary in the file that GitHub names."""
    proves(monkeypatch, Grade.FAILED)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    _, out, err = labctl("verify", "valve-closed", "--format", "github")
    assert out.startswith("::error file=")
    assert len(out.splitlines()) == 1
    assert "FAIL" in err
    assert "❌ not proven" in (tmp_path / "summary.md").read_text()


@pytest.mark.usefixtures("own")
def test_certificates_are_written(labctl: Labctl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder per scenario with what its lab ran on, and a page that lists them."""
    proves(monkeypatch, Grade.PASSED)
    monkeypatch.setattr("labctl.proving.versions.versions", lambda _: {"postgres": "15.13"})
    asked = labctl("verify", "valve-closed", "--out", str(tmp_path / "out"))
    assert asked[0] == 0
    assert (tmp_path / "out" / "valve-closed" / "certificate.html").is_file()
    plain = json.loads((tmp_path / "out" / "valve-closed" / "certificate.json").read_text())
    assert (plain["certificate"], plain["proof"]["exit_code"]) == (1, 0)
    assert plain["provenance"]["versions"]["postgres"] == "15.13"
    assert "valve-closed/certificate.html" in (tmp_path / "out" / "index.html").read_text()


def test_a_shard_without_a_scenario_is_fine(labctl: Labctl, own: list[OwnLab]) -> None:
    """Another machine has it; nothing is started, and that is said."""
    code, out, err = labctl("verify", "valve-closed", "--shard", "2/2", "--format", "json")
    assert (code, json.loads(out)["proofs"]) == (0, [])
    assert "shard 2/2: nothing" in err
    assert own == []


@pytest.mark.usefixtures("own")
def test_verify_for_machines_is_json_alone_on_stdout(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks are told on stderr meanwhile."""
    proves(monkeypatch, Grade.FAILED)
    code, out, err = labctl("verify", "valve-closed", "--format", "json")
    plain = json.loads(out)
    assert (code, plain["version"], plain["exit_code"]) == (1, 1, 1)
    assert plain["proofs"][0]["checks"][0]["outcome"] == "failed"
    assert "FAIL" in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("valve-closed", "--all"),
        ("valve-closed", "--changed", "main"),
        ("valve-open",),
        ("valve-closed", "--format", "xml"),
        ("valve-closed", "--jobs", "many"),
        ("valve-closed", "--jobs", "0"),
        ("valve-closed", "--jobs", "2", "--keep"),
        ("valve-closed", "--shard", "3/2"),
        ("valve-closed", "--only", "fix:pray"),
        ("valve-closed", "--quick", "--thorough"),
        ("valve-closed", "--quick", "--only", "fix:run two"),
    ],
)
def test_verify_of_nothing_sensible_starts_no_lab(
    labctl: Labctl, own: list[OwnLab], arguments: tuple[str, ...]
) -> None:
    """Exit 2 before anything is started."""
    assert labctl("verify", *arguments)[0] == 2
    assert own == []


def test_a_lab_that_does_not_start_is_taken_down_again(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, nothing left."""

    def fails(self: OwnLab) -> None:
        self.life.append("up")
        raise CouldNotJudge("the load gave no second")

    monkeypatch.setattr(OwnLab, "up", fails)
    assert labctl("verify", "valve-closed", "--jobs", "1")[0] == 3
    assert own[0].life == ["up", "down"]


def test_an_interrupted_proof_leaves_no_lab(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: 130, one line, and the lab is gone."""

    def interrupted(*_: Any, **__: Any) -> Proof:
        raise KeyboardInterrupt

    monkeypatch.setattr("labctl.verify.prove", interrupted)
    code, _, err = labctl("verify", "valve-closed", "--jobs", "1")
    assert code == 130
    assert err.splitlines()[-1] == "interrupted"
    assert own[0].life == ["up", "down"]


def test_demo_tells_the_story_and_ends_with_the_debrief(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story on stderr, the verdict and what there is to learn on stdout."""

    def demo(lab: Lab, scenario: Scenario, *, on_event: Any, say: Any, **_: Any) -> Verdict:
        say(scenario.briefing)
        begun = {"drill": "d", "scenario": scenario.id, "mode": "demo", "run": "r", "second": 1}
        on_event(Event(1, lab.clock.wall() - 65, "drill.begun", begun))
        say("Users: checkout 3 of 50 good")
        return MITIGATED

    monkeypatch.setattr("labctl.demo.demo", demo)
    code, out, err = labctl("demo", "valve-closed")
    assert code == 0
    assert "01:05  Users: checkout 3 of 50 good" in err
    assert out.startswith("mitigated\n- held 30 s of 30 s")
    assert "Somebody scaled checkout to nothing." in out
    assert own[0].life == ["up", "down"]


def drills(monkeypatch: pytest.MonkeyPatch, outcome: Verdict | BaseException) -> list[dict[str, Any]]:
    """A drill that ends like this; returns what was asked of it."""
    asked: list[dict[str, Any]] = []

    def drill(lab: Lab, scenario: Scenario, **options: Any) -> Verdict:
        asked.append({"lab": lab.name, "scenario": scenario.id, **options})
        if isinstance(outcome, BaseException):
            raise outcome
        options["on_event"](Event(1, 100.0, "drill.begun", begun(scenario.id)))
        options["on_event"](Event(2, 130.0, "change.begun", FAULT))
        page = {"alert": "CheckoutBudgetBurn", "fired_wall_s": 140.0, "second": 40}
        options["on_event"](Event(3, 141.0, "page.fired", page))
        return outcome

    monkeypatch.setattr("labctl.drill.drill", drill)
    return asked


def begun(scenario: str) -> dict[str, Any]:
    return {"drill": "d", "scenario": scenario, "mode": "drill", "run": "r", "second": 1}


FAULT = {
    "id": "c",
    "role": "fault",
    "by": "engine",
    "step": {"scale": {}},
    "component": "checkout",
    "summary": "scale checkout to 0 (was 1)",
    "undo": [],
    "needs_reset": False,
}


@pytest.mark.usefixtures("lab", "real_assets")
def test_a_drill_briefs_pages_and_gives_nothing_away_before_its_end(
    labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said before the verdict names neither id nor cause."""
    drills(monkeypatch, MITIGATED)
    code, out, err = labctl("drill", "checkout-90")
    assert code == 0
    assert "checkout-90" in err
    assert "A weekday's peak." in err
    assert "00:41  Alertmanager pages: CheckoutBudgetBurn." in err
    assert "valve" not in err
    assert max(map(len, err.splitlines())) <= 80
    assert "scale checkout to 0" not in err
    assert "Somebody scaled checkout to nothing." in out


@pytest.mark.usefixtures("lab", "real_assets")
def test_the_quiet_is_random_and_now_skips_it(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds to a minute."""
    asked = drills(monkeypatch, MITIGATED)
    labctl("drill", "checkout-90")
    labctl("drill", "checkout-90", "--now")
    shortest, longest = drilling.QUIET_S
    assert shortest <= asked[0]["quiet_s"] <= longest
    assert asked[1]["quiet_s"] == 0


@pytest.mark.usefixtures("real_assets")
def test_a_drill_goes_on_without_being_named(
    lab: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a closed terminal, `labctl drill` is enough."""
    lab.journal.append("drill.begun", begun("valve-closed"))
    lab.journal.append("phase.injected", {"second": 9})
    asked = drills(monkeypatch, MITIGATED)
    assert labctl("drill")[0] == 0
    assert asked[0]["scenario"] == "valve-closed"


def test_after_a_reset_no_drill_goes_on(lab: Lab, labctl: Labctl) -> None:
    """Nothing is broken any more: exit 2, and how to begin one."""
    lab.journal.append("drill.begun", begun("valve-closed"))
    lab.journal.append("phase.injected", {"second": 9})
    lab.journal.append("lab.reset", {})
    code, _, err = labctl("drill")
    assert code == 2
    assert "next:  labctl list, then labctl drill CODE" in err


@pytest.mark.usefixtures("real_assets")
def test_leaving_a_drill_says_how_to_go_back(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command and not the incident."""
    drills(monkeypatch, KeyboardInterrupt())
    code, _, err = labctl("drill", "checkout-90")
    assert code == 130
    assert "labctl drill --lab test goes back to it" in err


@pytest.mark.usefixtures("real_assets")
def test_a_second_driver_is_told_who_drives(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2."""
    drills(monkeypatch, LabBusy("lab test is being driven by process 7 (labctl drill)", hint="kill 7"))
    code, _, err = labctl("drill", "checkout-90")
    assert code == 2
    assert "process 7" in err


def test_a_drill_starts_a_lab_where_none_is_up(
    labctl: Labctl, own: list[OwnLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves it running: nothing is torn down on success."""
    drills(monkeypatch, MITIGATED)
    assert labctl("drill", "checkout-90")[0] == 0
    assert (own[0].name, own[0].life) == ("lab", ["up"])
