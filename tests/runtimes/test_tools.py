"""Finding the programs of the local runtime, wherever a machine keeps them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.errors import CannotRunHere
from labctl.runtimes.local import tools
from labctl.runtimes.local.tools import Tool, Tools
from tests.pretend import program


def postgres(folder: Path, version: str) -> Path:
    program(folder / "initdb", f"initdb (PostgreSQL) {version}")
    return program(folder / "postgres", f"postgres (PostgreSQL) {version}")


def test_the_newest_postgres_of_debian_is_taken(tmp_path: Path) -> None:
    """Of several versioned servers the newest is taken, compared as numbers."""
    for major in ("9.6", "15", "17"):
        postgres(tmp_path / f"usr/lib/postgresql/{major}/bin", f"{major}.1")
    found = Tools(path="", root=tmp_path).search("postgres")
    assert found is not None
    assert found.path == tmp_path / "usr/lib/postgresql/17/bin/postgres"
    assert found.version == (17, 1)


def test_initdb_comes_from_the_servers_own_folder(tmp_path: Path) -> None:
    """An initdb of another version on PATH is never mixed with the server."""
    postgres(tmp_path / "usr/lib/postgresql/16/bin", "16.2")
    program(tmp_path / "path/initdb", "initdb (PostgreSQL) 13.1")
    found = Tools(path=str(tmp_path / "path"), root=tmp_path).search("initdb")
    assert found is not None
    assert found.path.parent == tmp_path / "usr/lib/postgresql/16/bin"


@pytest.mark.parametrize(
    "folder", ["opt/homebrew/opt/postgresql@17/bin", "usr/pgsql-17/bin", "usr/local/bin"]
)
def test_postgres_is_found_where_other_systems_keep_it(tmp_path: Path, folder: str) -> None:
    """Homebrew, the PostgreSQL project's RPMs and hand-built servers are found off PATH."""
    server = postgres(tmp_path / folder, "17.5")
    found = Tools(path="", root=tmp_path).search("postgres")
    assert found is not None
    assert found.path == server


def test_pg_config_is_asked_last(tmp_path: Path) -> None:
    """A server in a place that only pg_config knows is found."""
    server = postgres(tmp_path / "odd/place", "16.1")
    program(tmp_path / "path/pg_config", str(server.parent))
    found = Tools(path=str(tmp_path / "path"), root=tmp_path).search("postgres")
    assert found is not None
    assert found.path == server


def test_an_old_program_gives_way_to_a_new_one(tmp_path: Path) -> None:
    """The first on PATH is too old, so the second is taken."""
    program(tmp_path / "old/redis-server", "Redis server v=5.0.14 sha=0:0")
    new = program(tmp_path / "new/redis-server", "Redis server v=7.0.15 sha=0:0")
    path = os.pathsep.join(str(tmp_path / name) for name in ("old", "new"))
    found = Tools(path, tmp_path).search("redis-server")
    assert found is not None
    assert found.path == new


def test_an_old_program_alone_is_reported_and_will_not_do(tmp_path: Path) -> None:
    """Too old is different from missing: it is found, with its version."""
    postgres(tmp_path / "usr/lib/postgresql/13/bin", "13.4")
    found = Tools(path="", root=tmp_path).search("postgres")
    assert found is not None
    assert found.version == (13, 4)
    assert not found.fine


def test_a_program_that_cannot_be_run_will_not_do(tmp_path: Path) -> None:
    """A file of the right name with another machine's code inside is not taken for the program."""
    broken = program(tmp_path / "redis_exporter")
    broken.write_bytes(b"\x7fELF, but not for this machine")
    found = Tools(str(tmp_path), tmp_path).search("redis-exporter")
    assert found is not None
    assert not found.fine


@pytest.mark.parametrize(
    ("name", "file", "says", "version"),
    [
        ("postgres", "postgres", "postgres (PostgreSQL) 18beta1", (18,)),
        ("redis-server", "valkey-server", "Valkey server v=8.1.1 sha=0:1 bits=64", (8, 1, 1)),
        ("prometheus", "prometheus", "prometheus, version 2.42.0+ds (branch: debian/sid)", (2, 42, 0)),
        (
            "alertmanager",
            "prometheus-alertmanager",
            "alertmanager, version 0.25.0 (branch: x)",
            (0, 25, 0),
        ),
        (
            "redis-exporter",
            "prometheus-redis-exporter",
            'time="2026-11-21T03:24:57Z" msg="Redis Metrics Exporter 1.45.0-2+b4  Go: go1.19.8"',
            (1, 45, 0),
        ),
        (
            "redis-exporter",
            "redis_exporter",
            'msg="Redis Metrics Exporter v1.62.0  build date"',
            (1, 62, 0),
        ),
    ],
)
def test_versions_are_read_as_each_program_says_them(
    tmp_path: Path, name: str, file: str, says: str, version: tuple[int, ...]
) -> None:
    """What the real programs print is understood, under Debian's names and their projects'."""
    program(tmp_path / file, says)
    found = Tools(str(tmp_path), tmp_path).search(name)
    assert found is not None
    assert (found.version, found.fine) == (version, True)


def test_find_says_what_is_there_what_is_needed_and_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """A runtime that needs a missing or old program gets an error for a person."""
    monkeypatch.setattr(tools, "search", lambda name: Tool(name, Path("/old/postgres"), (13, 4)))
    with pytest.raises(
        CannotRunHere, match=r"/old/postgres is version 13\.4; a lab needs 15 or newer"
    ) as old:
        tools.find.__wrapped__("postgres")
    monkeypatch.setattr(tools, "search", lambda name: None)
    with pytest.raises(CannotRunHere, match="Prometheus is not installed here"):
        tools.find.__wrapped__("prometheus")
    assert old.value.hint == "labctl doctor --fix"
