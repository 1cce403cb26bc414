"""A lab on the fake runtime that the commands under test mean, in a home of its own."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.lab import double

from labctl import assets
from labctl.cli import main
from labctl.lab import lab as labs
from labctl.lab.lab import Lab
from labctl.slo.sli import Second, Sli, Tally

REAL_ROOT = assets.root
Labctl = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees this machine's labs."""
    monkeypatch.setenv("LABCTL_HOME", str(tmp_path))
    for name in ("LABCTL_LAB", "LABCTL_DEBUG", "LABCTL_SCENARIOS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def real_assets(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab's double, but the scenarios and services that there are."""
    monkeypatch.setattr(assets, "root", REAL_ROOT)


@pytest.fixture
def lab(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """One lab, up; every command that opens it gets this very object, since its runtime is in memory."""
    slos = assets.path("slos")
    made, _ = double.lab(double.folder_of(home, "double"), monkeypatch)
    shutil.copytree(slos, assets.root() / "slos")
    double.write(home / "labs" / made.name / "lab.json", "{}")
    monkeypatch.setattr(labs, "open_lab", lambda *_, **__: made)
    yield made
    made.journal.close()


@pytest.fixture
def labctl(capsys: pytest.CaptureFixture[str]) -> Labctl:
    """Runs one command line in this process; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


JOURNEYS = ("account-history", "cart", "checkout", "home", "order-status", "product", "search")


class ScriptedLoad:
    """What users experienced, as a test says: 10 requests a second and journey, good unless it says so."""

    def __init__(self, run: str = "r1") -> None:
        self.run = run
        self.seconds_so_far: list[Second] = []

    def goes_on(self, seconds: int, **bad: int) -> None:
        """So many more seconds; `checkout=4` is four bad ones of that journey in each."""
        for _ in range(seconds):
            number = len(self.seconds_so_far) + 1
            tallies = {
                name: Tally(due=10, good=10 - bad.get(name, 0), bad=bad.get(name, 0)) for name in JOURNEYS
            }
            expected = dict.fromkeys(JOURNEYS, 10.0)
            self.seconds_so_far.append(Second(number, 1_700_000_000.0 + number, tallies, expected, 1.0))

    def poll(self, after: int = 0) -> Sli:
        fresh = tuple(second for second in self.seconds_so_far if second.number > after)
        return Sli(self.run, len(self.seconds_so_far) + 1, fresh)

    def seconds(self, after: int = 0) -> Sequence[Second]:
        return self.poll(after).seconds


@pytest.fixture
def load(lab: Lab) -> ScriptedLoad:
    """The lab's users, scripted."""
    scripted = ScriptedLoad()
    vars(lab)["load"] = scripted  # where cached_property keeps what it made
    return scripted
