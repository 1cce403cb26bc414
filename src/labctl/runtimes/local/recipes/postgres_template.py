"""A prepared data folder for Postgres: made once per schema, seed and version, then copied by every lab.

It has the roles `postgres`, `shop` and `analytics`, without passwords, and the databases `shop_template`
(a template), `shop` (made from it) and `reporting`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from labctl import assets
from labctl.errors import RuntimeFailed
from labctl.runtimes.local.orphans import LABEL

_SOURCES = ("schema", "seed", "reporting")
_EXTENSION = "pg_stat_statements"
_INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--no-locale",
    "--wal-segsize=1",  # MB: the smallest start, and little to copy
    "--auth=reject",  # each start writes who may connect; before that, nobody may
    "--no-sync",
    "--no-instructions",
)
_ROLES = "create role shop login;\n\ncreate role analytics login;\n\n"
_DATABASES = "create database shop_template is_template true;\n\ncreate database reporting;\n\n"
_SHOP = "create database shop template shop_template strategy file_copy;\n\n"


def ready(folder: Path, programs: Path, user: str | None) -> Path:
    """The prepared data folder, made now if need be (some seconds); one maker at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    made = folder / _key(programs, user)
    with (folder / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            draft = folder / f"{made.name}.draft"
            if draft.exists():
                shutil.rmtree(draft)
            _make(draft, programs, user)
            draft.rename(made)
    return made


def extensions(programs: Path) -> list[str]:
    """What is to be loaded at start, as far as this installation has it."""
    found = [programs.parent / "lib", programs.parent / "lib64", programs.parent / "lib" / "postgresql"]
    return [_EXTENSION] if any((place / f"{_EXTENSION}.so").is_file() for place in found) else []


def execute(programs: Path, user: str | None, data: Path, database: str, sql: str) -> None:
    """Run statements on a data folder that no server uses; RuntimeFailed with what Postgres said."""
    preload = ",".join(extensions(programs))
    argv = [str(programs / "postgres"), "--single", "-j", "-D", str(data)]
    settings = {
        "exit_on_error": "on",
        "fsync": "off",
        "dynamic_shared_memory_type": "mmap",
        "password_encryption": "scram-sha-256",
        "shared_preload_libraries": preload,
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "log_checkpoints": "off",
        "min_wal_size": "2MB",
        "wal_recycle": "off",  # what is kept for later would be copied by every lab
    }
    _run([*argv, *(f"--{name}={value}" for name, value in settings.items()), database], user, sql)


def _make(data: Path, programs: Path, user: str | None) -> None:
    data.mkdir(mode=0o700)
    if user:
        account = pwd.getpwnam(user)
        os.chown(data, account.pw_uid, account.pw_gid)
    _run([str(programs / "initdb"), *_INITDB, f"--pgdata={data}"], user, "")
    sql = {name: assets.path("services", "postgres", f"{name}.sql").read_text() for name in _SOURCES}
    extension = f"create extension {_EXTENSION};\n\n" if extensions(programs) else ""
    execute(programs, user, data, "postgres", extension + _ROLES + _DATABASES)
    execute(programs, user, data, "shop_template", extension + sql["schema"] + "\n\n" + sql["seed"])
    execute(programs, user, data, "shop_template", "vacuum analyze;\n\n")
    execute(programs, user, data, "reporting", sql["reporting"])
    execute(programs, user, data, "postgres", _SHOP)


def _key(programs: Path, user: str | None) -> str:
    version = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, check=True)
    parts = [version.stdout, repr((_INITDB, _ROLES, _DATABASES, _SHOP, user, extensions(programs))).encode()]
    parts += [assets.path("services", "postgres", f"{name}.sql").read_bytes() for name in _SOURCES]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _run(argv: list[str], user: str | None, text: str) -> None:
    done = subprocess.run(
        argv,
        input=text,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", LABEL: os.environ.get(LABEL, "")},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeFailed(f"{Path(argv[0]).name}: " + " / ".join(said[-3:]))
