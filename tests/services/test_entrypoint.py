"""Releases become fresh trees, and the trees are what runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import entrypoint
from tests.services.parts import SERVICES, released

RELEASES = [
    (folder.parent.parent.name, folder.name)
    for folder in sorted(SERVICES.glob("*/releases/*"))
    if folder.is_dir()
]

LIST = """
base = "1.0"
release = [{version = "1.0"}, {version = "1.1"}, {version = "1.2", on = "1.1"}, {version = "1.3", on = "1.2"}]
"""
MAIN = """
import os, sys
from hello.word import WORD
print(WORD, os.environ['RELEASE'], os.getcwd(), sys.path)
"""
LOAD_EVERYTHING = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):
    if not module.name.endswith('__main__'):
        importlib.import_module(module.name)
"""


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the entrypoint on services that only say what they are."""
    services = tmp_path / "services"
    base = services / "hello"
    (base / "releases" / "1.1").mkdir(parents=True)
    (services / "shared").mkdir()
    (services / "shared" / "__init__.py").touch()
    (services / "flags.toml").touch()
    (base / "__init__.py").touch()
    (base / "releases.toml").write_text(LIST)
    (base / "word.py").write_text("WORD = 8\n")
    (base / "releases" / "1.1" / "word.py").write_text("WORD = 2\n")
    (base / "releases" / "1.2").mkdir()
    (base / "releases" / "1.2" / "word.py").write_text("from hello.more import WORD\n")
    (base / "releases" / "1.2" / "more.py").write_text("WORD = 4\n")
    (base / "releases" / "1.3").mkdir()
    (base / "releases" / "1.3" / "more.py").write_text("WORD = 6\n")
    (base / "__main__.py").write_text(MAIN)
    (services / "entrypoint.py").write_text((SERVICES / "entrypoint.py").read_text())
    for path in services.rglob("*.py"):  # as one checkout writes them: within one second
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return rerun(tmp_path, **environment)


def rerun(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "PATH": os.environ["PATH"],
        "SERVICE": "hello",
        "TREE_DIR": str(tmp_path / "tree"),
        "SETTINGS_DIR": str(tmp_path / "settings"),
        **environment,
    }
    argv = [sys.executable, str(tmp_path / "services" / "entrypoint.py")]
    return subprocess.run(argv, env=settings, capture_output=True, text=True, check=False, timeout=30)


def test_the_base_runs_by_default(tmp_path: Path) -> None:
    """Without a release it is the base's code, which is told its version."""
    result = run(tmp_path)
    assert result.stdout.split()[:2] == ["8", "1.0"], result.stderr


def test_a_release_replaces_files_of_the_base(tmp_path: Path) -> None:
    """The overlay's file runs, in the tree, and nothing outside of it is on the path."""
    result = run(tmp_path, RELEASE="1.1")
    assert result.stdout.split()[:3] == ["2", "1.1", str(tmp_path / "tree")], result.stderr
    assert str(tmp_path / "services") not in result.stdout


def test_a_release_stands_on_another(tmp_path: Path) -> None:
    """What it does not hold is the other's, and so on down to the base; a rollback is the other alone."""
    assert run(tmp_path, RELEASE="1.3").stdout.split()[:2] == ["6", "1.3"]
    assert rerun(tmp_path, RELEASE="1.2").stdout.split()[:2] == ["4", "1.2"]
    assert rerun(tmp_path, RELEASE="1.1").stdout.split()[:2] == ["2", "1.1"]


def test_a_service_without_releases_runs_where_it_lies(tmp_path: Path) -> None:
    """A third party's code is not copied to where people look into the shop's."""
    run(tmp_path)
    (tmp_path / "services" / "hello" / "releases.toml").unlink()
    (tmp_path / "services" / "hello" / "word.py").write_text("WORD = 'elsewhere'\n")
    result = rerun(tmp_path, TREE_DIR=str(tmp_path / "other"))
    assert result.stdout.split()[0] == "elsewhere", result.stderr
    assert not (tmp_path / "other").exists()


def test_a_rollback_leaves_nothing_of_the_release(tmp_path: Path) -> None:
    """Each start fills the folder anew, and bytecode of one release never stands in for the other's.

    Both files were written in the same second and have the same size, which is all that Python
    compares; with its cache outside the tree, the old code would run.
    """
    cache = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    run(tmp_path, **cache)
    assert list((tmp_path / "cache").rglob("word.*.pyc")), "the test needs a cache to be worth anything"
    assert rerun(tmp_path, RELEASE="1.1", **cache).stdout.split()[0] == "2"
    (tmp_path / "tree" / "hello" / "left_over.py").touch()
    assert rerun(tmp_path, RELEASE="1.0", **cache).stdout.split()[0] == "8"
    assert not (tmp_path / "tree" / "hello" / "left_over.py").exists()


def test_a_hotfix_comes_from_the_settings(tmp_path: Path) -> None:
    """A learner's own files are an overlay too; they may add files."""
    hotfix = tmp_path / "settings" / "releases" / "hello" / "hotfix-1234abcd"
    hotfix.mkdir(parents=True)
    (hotfix / "word.py").write_text("from hello.more import WORD\n")
    (hotfix / "more.py").write_text("WORD = 5\n")
    assert run(tmp_path, RELEASE="hotfix-1234abcd").stdout.split()[0] == "5"


@pytest.mark.parametrize("wrong", [{"RELEASE": "9.9"}, {"RELEASE": "../hello"}, {"SERVICE": "nobody"}])
def test_an_unknown_release_exits_64_with_one_line(tmp_path: Path, wrong: dict[str, str]) -> None:
    """No such service or release: one line that names it, exit code 64, and no base in its place."""
    result = run(tmp_path, **wrong)
    assert result.returncode == 64
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert next(iter(wrong.values())) in result.stderr


@pytest.mark.parametrize(("service", "release"), RELEASES)
def test_a_release_is_a_small_true_change_of_the_base(service: str, release: str, tmp_path: Path) -> None:
    """An overlay holds only what differs from what it stands on, mostly the base's, and it all loads."""
    *below, overlay = entrypoint.overlays(service, release, tmp_path)
    for changed in overlay.rglob("*.py"):
        of_base, *of_others = (
            folder / changed.relative_to(overlay) for folder in (SERVICES / service, *below)
        )
        lines = changed.read_text().splitlines()
        for stood_on in [each for each in (of_base, *of_others) if each.exists()][-1:]:
            assert lines != stood_on.read_text().splitlines(), f"{changed} changes nothing of {stood_on}"
        if of_base.exists():
            behind = set(of_base.read_text().splitlines()) - set(lines)
            assert len(behind) <= 10, f"{changed} has fallen behind the base"
    entrypoint.materialise(service, release, tmp_path, tmp_path / "tree")
    check = [sys.executable, "-c", LOAD_EVERYTHING, service]
    tree = {"PYTHONPATH": str(tmp_path / "tree")}
    subprocess.run(check, cwd=tmp_path / "tree", env=tree, check=True, timeout=30)


def test_only_the_default_pool_shrinks_in_checkout_2_4_0() -> None:
    """The guilty change is one constant; no other setting of the release has another value."""
    base = _constants("2.3.0")
    release = _constants("2.4.0")
    assert {name: (value, release[name]) for name, value in base.items() if release[name] != value} == {
        "DB_POOL_MAX": (8, 2)
    }


def _constants(release: str) -> dict[str, object]:
    settings = vars(released("checkout", release, "config"))
    return {name: value for name, value in settings.items() if name.isupper()}
