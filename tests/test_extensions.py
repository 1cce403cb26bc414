"""Packages that extend the lab: what they add is there; a broken one is named and does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labctl import assets, extensions
from labctl.cli import main
from labctl.scenario import catalog
from tests.packages import install
from tests.scenario.samples import SMALL

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "incident-lab-freeze"
TAKES_A_NAME = """
from labctl.actions.base import Action, action
@action("restart", "Ours is better.")
class Restart(Action): pass
"""


@pytest.fixture(autouse=True)
def _unblamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test breaks is not remembered in the next."""
    monkeypatch.setattr(extensions, "_broken", {})
    monkeypatch.delenv(catalog.VARIABLE, raising=False)


def test_a_packages_folder_of_scenarios_is_in_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the lab's own, and found by id and code."""
    pack = tmp_path / "their_pack"
    pack.mkdir()
    (pack / "__init__.py").touch()
    (pack / "valve.yaml").write_text(SMALL)
    monkeypatch.syspath_prepend(install(tmp_path, "their-pack", "[labctl.scenarios]\nall = their_pack\n"))
    assert catalog.folders({})[1:] == [pack]
    assert catalog.find("checkout-90", environment={}).id == "valve-closed"
    assert extensions.broken() == []


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("x = 1", "is neither a package nor a folder"),
    ],
)
def test_a_broken_package_is_named_and_the_rest_goes_on(
    module: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name, what it was for, and why; the lab's own scenarios are listed all the same."""
    points = "[labctl.scenarios]\nall = their_broken\n"
    monkeypatch.syspath_prepend(install(tmp_path, "their-broken", points, their_broken=module))
    monkeypatch.delitem(sys.modules, "their_broken", raising=False)
    assert main.run(["list"]) == 0
    said = capsys.readouterr()
    assert "checkout-03" in said.out
    assert "warning: their-broken is installed and broken: 'all' in labctl.scenarios" in said.err
    assert why in said.err


def test_a_folder_of_files_needs_no_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """LABCTL_SCENARIOS names data; code beside it is never run."""
    (tmp_path / "valve.yaml").write_text(SMALL)
    (tmp_path / "__init__.py").write_text("raise RuntimeError('this ran')")
    assert catalog.find("valve-closed", environment={catalog.VARIABLE: str(tmp_path)}).code == "checkout-90"


def labctl(packages: Path, *arguments: str) -> tuple[int, str, str]:
    """The program with these packages beside it; exit code, stdout and stderr."""
    environment = {**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{ROOT / 'src'}"}
    argv = [sys.executable, "-m", "labctl.cli.main", *arguments]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("1 / 0", "ZeroDivisionError"),
        (
            TAKES_A_NAME,
            "it takes the name of an action that there is: restart",
        ),
        (TAKES_A_NAME + "raise RuntimeError('half way')", "RuntimeError: half way"),
    ],
    ids=["raises", "takes a name", "takes a name and raises"],
)
def test_a_broken_package_of_actions_leaves_the_labs_own(module: str, why: str, tmp_path: Path) -> None:
    """Every scenario still loads, with our own restart."""
    install(tmp_path, "their-broken", "[labctl.actions]\nall = their_broken\n", their_broken=module)
    code, out, err = labctl(tmp_path, "lint", str(assets.path("scenarios", "pool-shrunk.yaml")))
    assert (code, out.endswith("fine\n")) == (0, True), err
    assert "warning: their-broken is installed and broken: 'all' in labctl.actions" in err
    assert why in err


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, built and installed by pip, without network, into a folder of its own."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    argv = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.integration
def test_the_examples_scenario_is_listed_and_lints_clean(installed: Path) -> None:
    """It uses the example's own action, which lint knows."""
    code, out, err = labctl(installed, "list", "--spoilers")
    assert code == 0, err
    assert "catalog-frozen" in out
    (file,) = installed.rglob("catalog-frozen.yaml")
    assert labctl(installed, "lint", "--strict", str(file))[:2] == (0, f"{file}: fine\n")


@pytest.mark.integration
def test_the_examples_scenario_is_wrong_without_its_package(tmp_path: Path) -> None:
    """The action is the package's, and of nobody else."""
    (file,) = EXAMPLE.rglob("catalog-frozen.yaml")
    code, _, err = labctl(tmp_path, "lint", str(file))
    assert code == 2
    assert "there is no action 'freeze'" in err


@pytest.mark.integration
def test_the_examples_journey_is_there_and_lints_clean(installed: Path) -> None:
    """With its runbook, which is what its page names."""
    code, out, err = labctl(installed, "runbook", "ReviewsBudgetBurn")
    assert (code, out.splitlines()[0]) == (0, "# ReviewsBudgetBurn: Reviews are missing or slow"), err
    (file,) = installed.rglob("reviews.yaml")
    assert labctl(installed, "lint", "--strict", str(file))[:2] == (0, f"{file}: fine\n")


@pytest.mark.integration
def test_the_examples_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    """Its action takes effect, is taken back and refused; its journey tells good pages from bad ones."""
    environment = {**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{ROOT / 'src'}"}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    argv += ["-c", os.devnull, "--rootdir", str(EXAMPLE)]
    done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_a_new_action_or_journey_is_one_module_and_its_test() -> None:
    """That is all the code there is in the example; the rest says that it is there, or where load's is."""
    code = {path.name for path in EXAMPLE.rglob("*.py") if path.name != "__init__.py"}
    assert code == {"freeze.py", "test_freeze.py", "reviews.py", "test_reviews.py", "conftest.py"}
    empty = [path for path in EXAMPLE.rglob("__init__.py") if len(path.read_text().splitlines()) > 1]
    assert empty == []
