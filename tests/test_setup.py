"""requirements/bootstrap.sh: what `make setup` does on machines that lack one thing or another."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.pretend import program

SCRIPT = Path(__file__).parent.parent / "requirements" / "bootstrap.sh"
TOOLS = ("cat", "cksum", "cp", "date", "dirname", "env", "grep", "mkdir", "rm", "sed", "sh", "tail", "tr")

PYTHON = """
case "$*" in
*version_info*"< (3, 11)"*) [ {minor} -ge 11 ]; exit ;;
*version_info*) echo 3.{minor}; exit ;;
--version) echo "Python 3.{minor}.1"; exit ;;
esac
echo "python3.{minor} $*" >>{record}
case "$*" in
*ensurepip*) exit {no_venv} ;;
"-m pip --version") exit {no_pip} ;;
*without-pip*) exit {no_pip} ;;
"-m venv"*) [ {no_venv} = 0 ] || exit 1
    mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo "VIRTUAL_ENV=$PWD/.venv" >.venv/bin/activate ;;
esac
exit 0
"""

UV = """
echo "uv $*" >>{record}
case "$*" in
venv*) mkdir -p .venv/bin; cp {python} .venv/bin/python; echo "VIRTUAL_ENV=$PWD/.venv" >.venv/bin/activate ;;
esac
exit 0
"""


class Machine(NamedTuple):
    """A checkout and a PATH with little on it; `record` is what ran."""

    checkout: Path
    path: Path
    record: Path

    def python(self, minor: int, *, name: str = "python3", venv: bool = True, pip: bool = True) -> Path:
        script = PYTHON.format(minor=minor, record=self.record, no_venv=int(not venv), no_pip=int(not pip))
        return program(self.path / name, does=script)

    def uv(self) -> None:
        program(self.path / "uv", does=UV.format(record=self.record, python=self.path / "python3"))

    def setup(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", self.checkout / "requirements" / "bootstrap.sh"],
            env={
                "PATH": str(self.path),
                "HOME": str(self.checkout),
                "SYSTEM_PYTHON": str(self.path / "system" / "python3"),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def ran(self) -> str:
        return self.record.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a checkout, the usual small programs, no Python yet, and a user who is not root."""
    made = Machine(tmp_path / "checkout", tmp_path / "bin", tmp_path / "record")
    (made.checkout / "requirements").mkdir(parents=True)
    shutil.copy(SCRIPT, made.checkout / "requirements")
    for name in ("requirements/lab.txt", "requirements/dev.txt", "pyproject.toml", "hatch_build.py"):
        (made.checkout / name).write_text("wheel==1\n")
    made.path.mkdir()
    for tool in TOOLS:
        (made.path / tool).symlink_to(str(shutil.which(tool)))
    program(made.path / "id", "1000")
    made.record.touch()
    return made


def test_with_python_alone_everything_is_installed_by_hash(machine: Machine) -> None:
    """venv and pip do; requirements are checked, the project is editable, and all is compiled."""
    machine.python(12)
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "install --disable-pip-version-check --no-input --no-compile --require-hashes" in machine.ran
    assert "--no-deps --no-build-isolation --no-index -e ." in machine.ran
    assert "-m compileall" in machine.ran


def test_a_second_time_does_nothing(machine: Machine) -> None:
    """Nothing changed, so nothing runs and nothing is said; a changed lock is noticed."""
    machine.python(12)
    machine.setup()
    machine.record.write_text("")
    again = machine.setup()
    assert (again.returncode, again.stderr, machine.ran) == (0, "", "")
    (machine.checkout / "requirements" / "dev.txt").write_text("wheel==2\n")
    assert "ready in" in machine.setup().stderr


def test_a_moved_checkout_is_set_up_anew(machine: Machine, tmp_path: Path) -> None:
    """An environment knows its own path, so a copy of it elsewhere would run the old code."""
    machine.python(12)
    machine.setup()
    machine.record.write_text("")
    moved = machine._replace(checkout=machine.checkout.rename(tmp_path / "moved"))
    assert moved.setup().returncode == 0
    assert "-m venv --clear" in machine.ran


def test_an_old_python_gives_way_to_a_newer_one_by_name(machine: Machine) -> None:
    """python3 is 3.9, and python3.12 is there too: that one is used."""
    machine.python(9)
    machine.python(12, name="python3.12")
    assert machine.setup().returncode == 0
    assert "python3.9" not in machine.ran


def test_the_system_s_python_goes_first(machine: Machine) -> None:
    """Distributions compile it with profiles; python3 may be a slower build of somebody's own."""
    (machine.path / "system").mkdir()
    machine.python(11, name="system/python3")
    machine.python(12)
    assert machine.setup().returncode == 0
    assert "python3.11 -m venv" in machine.ran
    assert "python3.12" not in machine.ran


def test_a_system_python_that_makes_no_environment_is_left_alone(machine: Machine) -> None:
    """Debian's without its venv package, where another one will do."""
    (machine.path / "system").mkdir()
    machine.python(11, name="system/python3", venv=False)
    machine.python(12)
    assert machine.setup().returncode == 0
    assert "python3.12 -m venv" in machine.ran


def test_a_python_that_is_asked_for_is_taken(machine: Machine) -> None:
    """PYTHON names it; the environment is made anew when it was another one's."""
    (machine.path / "system").mkdir()
    machine.python(11, name="system/python3")
    machine.python(13, name="python3.13")
    machine.setup()
    (machine.checkout / "requirements" / "dev.txt").write_text("wheel==2\n")
    assert machine.setup(PYTHON="python3.13").returncode == 0
    assert "python3.13 -m venv --clear" in machine.ran


def test_without_a_new_enough_python_it_says_so(machine: Machine) -> None:
    """Exit 3, with what is here, what is needed, and what to do."""
    machine.python(9)
    done = machine.setup()
    assert done.returncode == 3
    assert "needs Python 3.11 or newer; python3 here is: Python 3.9.1" in done.stderr
    assert "next:" in done.stderr


def test_uv_is_used_where_it_is(machine: Machine) -> None:
    """uv makes and fills the environment; pip is not needed."""
    machine.python(12)
    machine.uv()
    assert machine.setup(PIP_CONFIG_FILE="/dev/null").returncode == 0
    assert "-m venv" not in machine.ran
    assert "uv pip install --python .venv/bin/python --require-hashes" in machine.ran


@pytest.mark.parametrize("by", ["environment", "file"])
def test_a_configured_pip_goes_before_uv(machine: Machine, by: str) -> None:
    """uv reads no pip configuration: with a company's index or certificates there, pip does the work."""
    machine.python(12)
    machine.uv()
    settings = machine.checkout / "pip.conf"
    settings.write_text("[global]\n")
    environment = {
        "environment": {"PIP_INDEX_URL": "file:///company", "PIP_CONFIG_FILE": "/dev/null"},
        "file": {"PIP_CONFIG_FILE": str(settings)},
    }
    assert machine.setup(**environment[by]).returncode == 0
    assert "uv pip install" not in machine.ran
    assert "-m pip install" in machine.ran


def test_a_configured_uv_goes_before_a_configured_pip(machine: Machine) -> None:
    """Who told uv where packages are gets uv."""
    machine.python(12)
    machine.uv()
    machine.setup(PIP_INDEX_URL="file:///company", UV_INDEX="file:///company")
    assert "uv pip install" in machine.ran


def test_without_any_way_to_an_environment_it_says_what_to_type(machine: Machine) -> None:
    """No ensurepip, no pip, no uv, no root: exit 3, the command, and no half-made environment."""
    machine.python(12, venv=False, pip=False)
    done = machine.setup()
    assert done.returncode == 3
    assert "sudo apt-get install python3-venv" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_a_failed_installation_shows_its_end_and_is_not_taken_for_ready(machine: Machine) -> None:
    """What pip said last is shown, exit 3, and the next run goes on."""
    python = machine.python(12)
    sound = python.read_text()
    python.write_text(
        sound.replace("exit 0\n", 'case "$*" in *hashes*) echo "HASH MISMATCH"; exit 1 ;; esac\nexit 0\n')
    )
    done = machine.setup()
    assert done.returncode == 3
    assert "HASH MISMATCH" in done.stderr
    (machine.checkout / ".venv" / "bin" / "python").write_text(sound)
    assert machine.setup().returncode == 0
