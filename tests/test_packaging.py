"""The wheel: a lab needs its files, and finds them, wherever it is installed."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LOOK = """
from labctl import assets
from labctl.scenario import catalog
from labctl.slo.openslo import objectives
from labctl.stack.compose import load_stack
from labctl.stack.release import base
assert load_stack().components and objectives() and catalog.all() and base("checkout")
print(assets.root())
"""

pytestmark = pytest.mark.integration


def run(argv: Sequence[str | Path], *, cwd: Path) -> str:
    """What a command prints; the test fails with all of it when the command does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(target: str, into: Path) -> Path:
    """The wheel that hatchling makes of this checkout; it writes nothing into it."""
    run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into], cwd=ROOT)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a new environment with the wheel, which borrows what it depends on."""
    home = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "venv", "--without-pip", home], cwd=home)
    python = home / "bin" / "python"
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run([sys.executable, "-m", "pip", "--python", python, "install", *options, wheel], cwd=home)
    (packages,) = (home / "lib").glob("python*/site-packages")
    # The editable install of this checkout is a .pth file in there, and those count only at the top.
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python.parent


def test_the_wheel_has_every_file_that_a_lab_needs(wheel: Path) -> None:
    """What lies beside the code in a checkout lies in the wheel, and nothing compiled does."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("services", "slos", "runbooks", "scenarios", "schemas", "grafana"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"labctl/_assets/{file.relative_to(ROOT)}" in names
    assert "labctl/_assets/docker-compose.yml" in names
    assert "labctl/doctor/install.sh" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_editable_install_has_no_copies(tmp_path: Path) -> None:
    """Copies would grow stale: a checkout is read where it is."""
    wheel = build("wheel:editable", tmp_path)
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "_assets" in name]


def test_an_installed_labctl_finds_its_files_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Its stack, objectives and scenarios are those of the wheel, not of some folder it was run in."""
    found = run([installed / "python", "-c", LOOK], cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent)


@pytest.mark.parametrize("name", ["labctl", "incident-lab"])
def test_an_installed_labctl_runs(installed: Path, tmp_path: Path, name: str) -> None:
    """Both names of the program work outside the checkout."""
    assert "drill" in run([installed / name, "--help"], cwd=tmp_path)
