"""What went wrong, in words on stderr and an exit code."""

import pytest
import typer

from labctl.cli.errors import Terminated, report
from labctl.errors import (
    ActionRefused,
    CannotRunHere,
    CouldNotJudge,
    InvalidFile,
    LabBusy,
    LabError,
    Mistake,
    NoSuchLab,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (NoSuchLab("x"), 2),
        (LabBusy("x"), 2),
        (ActionRefused("x"), 1),
        (CannotRunHere("x"), 3),
        (CouldNotJudge("x"), 3),
        (LabError("x"), 3),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
        (ZeroDivisionError("x"), 3),
        (typer.BadParameter("x"), 2),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The codes of the design, with something said on stderr and nothing on stdout."""
    assert report(error) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err


def test_a_hint_is_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The message, then what to type."""
    report(NoSuchLab("no lab is up", hint="labctl up"))
    assert capsys.readouterr().err == "error: no lab is up\nnext:  labctl up\n"


def test_an_invalid_file_shows_every_mistake_on_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    """file:line:column first, so that an editor can jump there."""
    report(
        InvalidFile(
            [
                Mistake("s.yaml", 7, 3, "unknown key 'holdd'", "did you mean 'hold'?"),
                Mistake("s.yaml", 2, 1, "no id"),
            ]
        )
    )
    assert capsys.readouterr().err.splitlines() == [
        "error: 2 mistakes",
        "s.yaml:2:1: no id",
        "s.yaml:7:3: unknown key 'holdd' (did you mean 'hold'?)",
    ]


def test_an_interruption_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is no failure to explain."""
    report(KeyboardInterrupt())
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_shows_type_and_message_and_where_to_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback unless it is asked for."""
    monkeypatch.delenv("LABCTL_DEBUG", raising=False)
    report(_raised())
    said = capsys.readouterr().err
    assert "labctl has a bug here: ZeroDivisionError: division by zero" in said
    assert "LABCTL_DEBUG=1" in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback_of_a_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LABCTL_DEBUG=1 is for whoever reports it."""
    monkeypatch.setenv("LABCTL_DEBUG", "1")
    report(_raised())
    assert "Traceback" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """An error of the system is said as it is, not as a bug."""
    assert report(PermissionError(13, "Permission denied", "/srv/lab.json")) == 3
    assert capsys.readouterr().err == "error: /srv/lab.json: Permission denied\n"


def _raised() -> ZeroDivisionError:
    try:
        1 / 0  # noqa: B018 — raising is the point
    except ZeroDivisionError as error:
        return error
    raise AssertionError
