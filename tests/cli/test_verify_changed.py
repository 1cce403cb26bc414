"""`labctl verify --changed BASE`: what a change in a repository touches is proven, and why is said first."""

import subprocess
from pathlib import Path

import pytest
from tests.cli.conftest import Labctl
from tests.cli.test_incidents import OwnLab, own, proves
from tests.scenario.samples import SMALL, written

from labctl.proof import Grade
from labctl.scenario import catalog

__all__ = ["own"]  # a fixture

OTHER = SMALL.replace("valve-closed", "tap-closed").replace("checkout-90", "checkout-91")
SHIPPED = {entry.id for entry in catalog.entries({})}
EVERY = {*SHIPPED, "valve-closed", "tap-closed"}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, "-C", str(folder), *arguments], capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two scenarios, a service and an action, on a branch of its own; it is stood in."""
    top = tmp_path / "project"
    for folder in ("scenarios", "services/checkout/releases/2.4.0", "src/labctl/actions", "docs"):
        (top / folder).mkdir(parents=True)
    written(top / "scenarios", SMALL, "valve-closed.yaml")
    written(top / "scenarios", OTHER, "tap-closed.yaml")
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    git(top, "add", "-A")
    git(top, "commit", "-qm", "first")
    git(top, "checkout", "-qb", "ours")
    monkeypatch.chdir(top)
    monkeypatch.setenv(catalog.VARIABLE, str(top / "scenarios"))
    return top


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("path", "text", "proven"),
    [
        ("scenarios/tap-closed.yaml", OTHER + "# calmer\n", {"tap-closed"}),
        ("services/checkout/releases/2.4.0/config.py", "POOL = 3\n", {"pool-shrunk"}),
        ("services/checkout/orders.py", "def place(): ...\n", EVERY),
        ("src/labctl/actions/flag.py", "# another way\n", EVERY),
    ],
    ids=["scenario", "release", "service", "action"],
)
@pytest.mark.parametrize("committed", [True, False])
def test_what_a_change_touches_is_proven(
    repository: Path,
    labctl: Labctl,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    text: str,
    proven: set[str],
    committed: bool,
) -> None:
    """No more and no less, whether it was committed or is only there; each with its reason on stderr."""
    (repository / path).write_text(text)
    if committed:
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", "ours")
    asked = proves(monkeypatch, *[Grade.PASSED] * len(proven))
    code, _, err = labctl("verify", "--changed", "main", "--jobs", "1")
    assert code == 0, err
    (run,) = asked
    assert {task.scenario.id for task in run["tasks"]} == proven
    reason = "its file" if path.startswith("scenarios/") else path
    for scenario in proven:
        assert f"{scenario}: touched since main, by {reason}\n" in err
    assert err.index("touched since main") < err.index("starting a lab of its own")


def test_what_no_proof_looks_at_starts_no_lab(repository: Path, labctl: Labctl, own: list[OwnLab]) -> None:
    """Exit 0, and it is said that nothing was proven."""
    (repository / "docs" / "judging.md").write_text("clearer\n")
    code, out, err = labctl("verify", "--changed", "main")
    assert (code, out) == (0, "")
    assert "nothing that a proof looks at has changed since main" in err
    assert own == []


def test_a_base_that_is_not_there_starts_no_lab(repository: Path, labctl: Labctl, own: list[OwnLab]) -> None:
    """Exit 2, with what CI usually lacks."""
    assert repository.is_dir()
    code, _, err = labctl("verify", "--changed", "no-such-branch")
    assert code == 2
    assert "fetch-depth" in err
    assert own == []
