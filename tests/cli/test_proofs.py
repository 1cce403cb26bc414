"""A proof in print, for people and for machines."""

import pytest

from labctl.cli import proofs
from labctl.proof import Check, Conditions, Grade, Proof


def checked(*outcomes: Grade, margin: float | None = None) -> Proof:
    proof = Proof("pool-shrunk", "local", took_s=61.0)
    for outcome in outcomes:
        proof.add(Check("fix", "roll back", outcome, "held 30 s of 30 s", margin=margin))
    return proof


def test_a_check_shows_measured_required_margin_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what was looked at and how it came out."""
    proofs.print_check(
        Check("red", "checkout", Grade.PASSED, "red after 3 s of 20 s", margin=0.85, took_s=3.0)
    )
    assert capsys.readouterr().out == "ok    red       checkout: red after 3 s of 20 s (margin 85 %, 3 s)\n"


@pytest.mark.parametrize(("grade", "mark"), [(Grade.FAILED, "FAIL"), (Grade.UNJUDGED, "??")])
def test_what_did_not_pass_is_seen_at_once(
    grade: Grade, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mark comes first, without need of colour."""
    proofs.print_check(Check("decoy", "restart postgres", grade, "it restored the SLO"))
    assert capsys.readouterr().out.startswith(mark)


def test_a_thin_margin_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In the check's line and in the summary."""
    proof = checked(Grade.PASSED, margin=0.1)
    proofs.print_check(proof.checks[0])
    proofs.print_proof(proof)
    shown = capsys.readouterr().out
    assert "margin 10 %, thin" in shown
    assert "1 with a thin margin" in shown


def test_an_overdrawn_margin_is_not_shown() -> None:
    """What was measured against what is required already says by how much it failed."""
    assert proofs.check_lines(
        Check("green", "baseline", Grade.UNJUDGED, "cart 54 % of 99 %", margin=-34.0)
    ) == ["green     baseline: cart 54 % of 99 %"]


def test_long_sentences_wrap_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Readable on a small terminal."""
    proofs.print_check(Check("fix", "roll back", Grade.PASSED, "checkout 99.8 % of 99 %, " * 9, margin=0.5))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((Grade.PASSED,), "pool-shrunk: proven on local, in 1 min 1 s (1 passed)"),
        ((Grade.PASSED, Grade.FAILED), "pool-shrunk: not proven on local, in 1 min 1 s (1 passed, 1 failed)"),
        ((), "pool-shrunk: could not judge on local, in 1 min 1 s (nothing was checked)"),
    ],
)
def test_the_summary_counts_what_was_found(
    outcomes: tuple[Grade, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line per scenario."""
    proofs.print_proof(checked(*outcomes))
    assert capsys.readouterr().out.strip() == said


def test_a_part_alone_is_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    """What passed of it is said as what it is, on the screen and for machines."""
    proof = checked(Grade.PASSED)
    proof.whole = False
    proofs.print_proof(proof)
    assert "pool-shrunk: proven in part on local" in capsys.readouterr().out
    assert proof.to_plain()["whole"] is False


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((0, 3), 3), ((3, 1, 0), 1), ((), 3), ((1,), 1)])
def test_over_many_proofs_one_beats_three(codes: tuple[int, ...], code: int) -> None:
    """A failed proof outweighs one that could not be judged; no proof is never a pass."""
    assert proofs.exit_code(codes) == code


def test_the_document_holds_every_proof_once_versioned() -> None:
    """The version is the document's; the exit code that of all of them."""
    both = [checked(Grade.PASSED), checked(Grade.UNJUDGED)]
    plain = proofs.document_of(both, code=proofs.exit_code_of(both))
    assert plain["exit_code"] == 3
    assert [proof["exit_code"] for proof in plain["proofs"]] == [0, 3]
    assert "version" not in plain["proofs"][0]


def test_what_only_the_whole_run_could_say_comes_last() -> None:
    """Evidence in the siblings, and universal decoys that one of them tries."""
    proof = checked(Grade.PASSED)
    proof.add(Check("siblings", "requests queue up", Grade.FAILED, "true in slow-bank too"))
    proof.add(Check("decoy", "maintenance", Grade.NOT_TRIED, "tried with slow-bank, of the same family"))
    assert [check.name for check in proofs.concluding(proof)] == ["requests queue up", "maintenance"]


def test_the_conditions_of_all_attempts_are_one_line() -> None:
    """How busy the machine was before anything broke, and how late the load was at worst."""
    proof = checked(Grade.PASSED)
    proof.conditions = [
        Conditions("decoys", 0.23, 2, 4.0, 0, 300),
        Conditions("fix:roll back", 0.31, 2, 66.0, 3, 100),
    ]
    assert proofs.conditions_line(proof) == (
        "measured with 23% to 31% of 2 cores busy at baseline; the load was late by 66 ms (p99) at worst, "
        "over 50 ms in 3 of 400 s"
    )
    assert proofs.conditions_line(checked(Grade.PASSED)) == ""
