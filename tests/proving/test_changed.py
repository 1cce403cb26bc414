"""What a change touches: a file, a release, everything, or nothing that a proof looks at."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from labctl.errors import UsageError
from labctl.proving.changed import by_path, changed_since, deployed, top, touched
from labctl.scenario import catalog

EVERY = {"oom-deploy", "pool-shrunk", "slow-bank"}
SCENARIOS = {f"scenarios/{each}.yaml": catalog.find(each) for each in sorted(EVERY)}


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("scenarios/slow-bank.yaml", {"slow-bank"}),
        ("services/checkout/releases/2.4.0/config.py", {"pool-shrunk"}),
        ("services/catalog/releases/3.1.1/listing.py", EVERY),
        ("services/checkout/releases/9.9.9/config.py", set()),
        ("services/checkout/releases.toml", EVERY),
        ("services/checkout/orders.py", EVERY),
        ("services/load/pace.py", EVERY),
        ("services/shared/db.py", EVERY),
        ("src/labctl/engine/decide.py", EVERY),
        ("src/labctl/judge/hold.py", EVERY),
        ("src/labctl/runtimes/local/keeper.py", EVERY),
        ("src/labctl/actions/flag.py", EVERY),
        ("src/labctl/attempt.py", EVERY),
        ("src/labctl/proving/run.py", EVERY),
        ("slos/checkout.yaml", EVERY),
        ("docker-compose.yml", EVERY),
        ("requirements/lab.txt", EVERY),
        ("something-new/nobody-knows.py", EVERY),
        ("src/labctl/cli/verify.py", set()),
        ("docs/judging.md", set()),
        ("services/checkout/README.md", set()),
        ("tests/engine/world.py", set()),
        ("scenarios/was-deleted.yaml", set()),
    ],
)
def test_what_a_path_touches(path: str, ids: set[str]) -> None:
    """Where it can't be told, all: a proof that was not made is worse than one that was not needed."""
    assert set(touched([path], SCENARIOS)) == ids & EVERY


def test_a_scenario_deploys_what_any_of_its_roles_deploys() -> None:
    """Faults and noise, fixes and decoys alike."""
    pool = SCENARIOS["scenarios/pool-shrunk.yaml"]
    assert deployed(pool) == {("checkout", "2.4.0"), ("catalog", "3.1.1")}


def test_a_release_touches_those_that_deploy_what_stands_on_it() -> None:
    """metric-bug deploys no edge 1.8.2, and two releases that are made of it."""
    scenarios = SCENARIOS | {"scenarios/metric-bug.yaml": catalog.find("metric-bug")}
    assert ("edge", "1.8.2") not in deployed(scenarios["scenarios/metric-bug.yaml"])
    assert set(touched(["services/edge/releases/1.8.2/orders.py"], scenarios)) == {"metric-bug"}


def test_the_reason_is_told() -> None:
    """Its own file counts before what touches everybody."""
    why = touched(["scenarios/slow-bank.yaml", "slos/cart.yaml"], SCENARIOS)
    assert why == {"oom-deploy": "slos/cart.yaml", "pool-shrunk": "slos/cart.yaml", "slow-bank": "its file"}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "kept").write_text("1")
    (tmp_path / "old name").write_text("2")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_what_was_committed_changed_or_never_added_since_counts(repository: Path) -> None:
    """A renamed file is both; what only the base has meanwhile is not ours."""
    git(repository, "checkout", "-qb", "ours")
    (repository / "old name").rename(repository / "new\nname")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "ours")
    (repository / "kept").write_text("changed and not committed")
    (repository / "fresh").write_text("never added")
    git(repository, "stash", "-uq")
    git(repository, "checkout", "-q", "main")
    (repository / "theirs").write_text("4")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "theirs")
    git(repository, "checkout", "-q", "ours")
    git(repository, "stash", "pop", "-q")
    assert changed_since("main", repository) == ["fresh", "kept", "new\nname", "old name"]


def test_an_unknown_base_is_a_usage_error(repository: Path) -> None:
    """With what git says of it, and what CI usually lacks."""
    with pytest.raises(UsageError, match="merge-base") as caught:
        changed_since("no-such-branch", repository)
    assert "fetch-depth" in str(caught.value.hint)


def test_files_are_named_from_the_top(repository: Path) -> None:
    """From wherever it is asked; what lies outside keeps its whole path."""
    (repository / "scenarios").mkdir()
    pool = SCENARIOS["scenarios/pool-shrunk.yaml"]
    known = by_path(
        [(repository / "scenarios" / "a.yaml", pool), (Path("/elsewhere/b.yaml"), pool)], repository
    )
    assert list(known) == ["scenarios/a.yaml", "/elsewhere/b.yaml"]
    assert top(repository / "scenarios") == repository.resolve()
