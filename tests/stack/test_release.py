"""Releases: real trees, true differences, and the learner's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoint import materialise
from labctl.errors import InvalidFile, UsageError
from labctl.stack import release

LIST = """\
base = "1.0.0"

[[release]]
version = "1.0.0"
author = "Ada"
date = 2025-01-01
message = "First"

[[release]]
version = "1.1.0"
author = "Bo"
date = "2025-02-01"
message = "Smaller pool"
"""

STANDING = """
[[release]]
version = "1.2.0"
on = "1.1.0"
author = "Cy"
date = 2025-03-01
message = "Larger pool"
"""


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A services folder with one component `app`: base 1.0.0 and an overlay 1.1.0."""
    folder = tmp_path / "services"
    for path, content in {
        "app/releases.toml": LIST,
        "app/pool.py": "import os\nMAX = 8\n",
        "app/routes/pay.py": "def pay(): ...\n",
        "app/__pycache__/pool.cpython-311.pyc": "x",
        "app/releases/1.1.0/pool.py": "import os\nMAX = 2\n",
        "app/releases/1.1.0/routes/new.py": "NEW = 1\n",
        "other/main.py": "",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def test_releases_are_listed_oldest_first(services: Path) -> None:
    """The base has no overlay; each other release has its folder."""
    first, second = release.releases("app", services=services)
    assert (first.version, first.author, first.date, first.overlay) == ("1.0.0", "Ada", "2025-01-01", None)
    assert second.subject == "Smaller pool"
    assert (second.message, second.overlay) == ("Smaller pool", services / "app/releases/1.1.0")
    assert release.base("app", services=services) == "1.0.0"
    assert release.components(services) == ["app"]


def test_previous_is_the_release_before(services: Path) -> None:
    """The first release has none before it."""
    assert release.previous("app", "1.1.0", services=services) == "1.0.0"
    assert release.previous("app", "1.0.0", services=services) is None


def test_a_tree_is_the_base_with_the_overlay_over_it(services: Path) -> None:
    """Overlay files replace and add; neither overlays nor caches are part of a tree."""
    assert release.tree("app", "1.1.0", services=services) == {
        "pool.py": b"import os\nMAX = 2\n",
        "routes/new.py": b"NEW = 1\n",
        "routes/pay.py": b"def pay(): ...\n",
    }


def test_a_release_stands_on_the_one_that_it_names(services: Path) -> None:
    """Its tree is the other's with its own files over it; a hot-fix stands on the base."""
    (services / "app/releases.toml").write_text(LIST + STANDING)
    (services / "app/releases/1.2.0").mkdir()
    (services / "app/releases/1.2.0/pool.py").write_text("import os\nMAX = 4\n")
    assert [each.version for each in release.lineage("app", "1.2.0", services=services)] == ["1.1.0", "1.2.0"]
    assert release.tree("app", "1.2.0", services=services) == {
        "pool.py": b"import os\nMAX = 4\n",
        "routes/new.py": b"NEW = 1\n",
        "routes/pay.py": b"def pay(): ...\n",
    }
    assert release.diff("app", "1.1.0", "1.2.0", services=services).count("+++") == 1


@pytest.mark.parametrize("on", ["1.2.0", "1.3.0"])
def test_a_release_stands_on_an_earlier_one(services: Path, on: str) -> None:
    """Not on itself, and on nothing that is not listed before it: so there is always an end."""
    (services / "app/releases/1.2.0").mkdir()
    (services / "app/releases.toml").write_text(LIST + STANDING.replace("1.1.0", on))
    with pytest.raises(InvalidFile) as caught:
        release.releases("app", services=services)
    assert f"releases.toml:15:1: on '{on}' is not a release listed before this one" in str(caught.value)


def test_diff_is_the_true_difference(services: Path) -> None:
    """Changed lines and new files show, in either direction; the same release twice shows nothing."""
    shown = release.diff("app", "1.0.0", "1.1.0", services=services)
    assert shown == (
        "--- app/pool.py\n+++ app/pool.py\n@@ -1,2 +1,2 @@\n import os\n-MAX = 8\n+MAX = 2\n"
        "--- /dev/null\n+++ app/routes/new.py\n@@ -0,0 +1 @@\n+NEW = 1\n"
    )
    assert "+MAX = 8" in release.diff("app", "1.1.0", "1.0.0", services=services)
    assert release.diff("app", "1.1.0", "1.1.0", services=services) == ""


def test_a_file_without_a_last_newline_is_shown_as_diff_does(services: Path) -> None:
    """Lines never run together."""
    (services / "app/releases/1.1.0/pool.py").write_text("import os\nMAX = 2")
    shown = release.diff("app", "1.0.0", "1.1.0", services=services)
    assert "+MAX = 2\n\\ No newline at end of file\n" in shown


def test_an_unknown_release_is_named_with_what_was_meant(services: Path) -> None:
    """So is a component that has no releases."""
    with pytest.raises(UsageError, match=r"app has no release '1\.1'") as caught:
        release.find("app", "1.1", services=services)
    assert caught.value.hint == "did you mean '1.1.0'?"
    with pytest.raises(UsageError, match="other has no releases") as caught:
        release.releases("other", services=services)
    assert caught.value.hint == "there are releases of app"


def test_a_hotfix_becomes_a_release_of_one_lab(services: Path, tmp_path: Path) -> None:
    """Only what differs from the base is kept; the name is its content's and does not change."""
    mine, settings = tmp_path / "mine", tmp_path / "settings"
    (mine / "routes").mkdir(parents=True)
    (mine / "pool.py").write_text("import os\nMAX = 16\n")
    (mine / "routes/pay.py").write_text("def pay(): ...\n")
    name = release.add_hotfix(settings, "app", mine, services=services)
    assert name == release.add_hotfix(settings, "app", mine, services=services)
    assert name.startswith("hotfix-")
    assert [each.name for each in settings.rglob("*.py")] == ["pool.py"]
    assert [each.name for each in (settings / "releases/app").iterdir()] == [name]
    shown = release.diff("app", "1.1.0", name, services=services, settings=settings)
    assert "-MAX = 2\n+MAX = 16\n" in shown
    with pytest.raises(UsageError, match="has no release"):
        release.find("app", name, services=services)


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("elsewhere/pool.py", "MAX = 16\n", "has the path of a file in services/app/"),
        ("pool.py", "import os\nMAX = 8\n", "is as in app 1.0.0"),
    ],
)
def test_a_hotfix_that_would_change_nothing_is_refused(
    services: Path, tmp_path: Path, path: str, content: str, said: str
) -> None:
    """Wrong paths and unchanged files are caught before anything is deployed."""
    (tmp_path / "mine" / path).parent.mkdir(parents=True)
    (tmp_path / "mine" / path).write_text(content)
    with pytest.raises(UsageError, match=said):
        release.add_hotfix(tmp_path / "settings", "app", tmp_path / "mine", services=services)
    with pytest.raises(UsageError, match="there is no folder"):
        release.add_hotfix(tmp_path / "settings", "app", tmp_path / "nothing", services=services)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('base = "1.0.0"', 'base = "1.0.1"', "releases.toml:1:1: base '1.0.1' is not one of the releases"),
        ('author = "Bo"', 'autor = "Bo"', "releases.toml:9:1: unknown key 'autor' (did you mean 'author'?)"),
        ('author = "Bo"', 'autor = "Bo"', "releases.toml:9:1: the key 'author' is missing"),
        ('version = "1.1.0"', 'version = "1.2.0"', "releases.toml:9:1: release 1.2.0 has no folder"),
        ('version = "1.1.0"', 'version = "1.0.0"', "releases.toml:3:1: release '1.0.0' is here twice"),
        ('"Smaller pool"', "Smaller", "releases.toml:13:11: Invalid value"),
    ],
)
def test_a_wrong_list_of_releases_says_where(services: Path, old: str, new: str, said: str) -> None:
    """Each mistake in releases.toml has its line."""
    (services / "app/releases.toml").write_text(LIST.replace(old, new))
    with pytest.raises(InvalidFile) as caught:
        release.releases("app", services=services)
    assert said in str(caught.value)


def test_the_real_releases_are_good_and_differ() -> None:
    """Every release that we ship has a true difference from its base, and they are listed by their dates."""
    for component in release.components():
        base = release.base(component)
        dates = [each.date for each in release.releases(component)]
        assert dates == sorted(dates), component
        for each in release.releases(component):
            assert (each.version == base) == (release.diff(component, base, each.version) == "")


def test_what_is_shown_is_what_runs(tmp_path: Path) -> None:
    """For every real release, our tree is the one that the services' entrypoint starts."""
    for component in release.components():
        for each in release.releases(component):
            materialise(component, each.version, tmp_path / "settings", tmp_path / "tree")
            started = {
                str(path.relative_to(tmp_path / "tree" / component)): path.read_bytes()
                for path in (tmp_path / "tree" / component).rglob("*.*")
                if path.is_file()
            }
            assert started == release.tree(component, each.version)
