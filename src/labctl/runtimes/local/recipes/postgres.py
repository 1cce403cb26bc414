"""Postgres on a copy of a prepared data folder. Environment: POSTGRES_, SHOP_ and ANALYTICS_PASSWORD."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from labctl.errors import CannotRunHere
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.probe import Probe
from labctl.runtimes.local.process import Launch, unprivileged
from labctl.runtimes.local.recipes import postgres_template as template
from labctl.runtimes.local.recipes.base import Place, Recipe

_ROLES = {"postgres": "POSTGRES_PASSWORD", "shop": "SHOP_PASSWORD", "analytics": "ANALYTICS_PASSWORD"}

# A start-up packet of protocol 3.0 for user postgres: a server that takes connections asks for the
# password ("R"); one that still starts or recovers says an error ("E"). Neither is logged.
_HELLO = b"\0\x03\0\0user\0postgres\0\0"
_ANSWERS = Probe((4 + len(_HELLO)).to_bytes(4) + _HELLO, (b"R",), every_s=1.0)

_CONFIG = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 64MB
shared_preload_libraries = '{preload}'
password_encryption = scram-sha-256
timezone = UTC
log_timezone = UTC
log_line_prefix = '%m [%p] %q%u@%d %a '
log_min_duration_statement = 1s
log_lock_waits = on
log_statement = ddl
log_checkpoints = off
track_io_timing = on
jit = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 256MB
# Not for the crash of a process, which loses nothing either way, but of the whole machine: that ends
# the lab, and its data is made anew. The files live below the data folder, so that a kill leaves none.
fsync = off
full_page_writes = off
dynamic_shared_memory_type = mmap
"""
_HBA = f"host all all {HOST}/32 scram-sha-256\n"


def launch(place: Place) -> Launch:
    user = unprivileged("postgres")
    programs = place.program("postgres").parent
    _let_through(place, user)
    if not place.data.exists():
        _make(place, user, programs)
    config = _CONFIG.format(host=HOST, port=place.port, preload=",".join(template.extensions(programs)))
    _write(place.data / "postgresql.conf", config, user)
    _write(place.data / "pg_hba.conf", _HBA, user)
    basics = place.basics(place.data)
    environment = {
        **basics,
        "PATH": f"{programs}:{basics['PATH']}",
        "PGHOST": HOST,  # so that psql, run beside it, is at home
        "PGPORT": str(place.port),
        "PGUSER": "postgres",
        "PGPASSWORD": place.environment["POSTGRES_PASSWORD"],
    }
    return Launch(
        [str(programs / "postgres"), "-D", str(place.data)],
        environment,
        cwd=place.data,
        user=user,
        stop_signal=signal.SIGINT,  # does not wait for clients to leave
        orphan_signal=signal.SIGINT,
    )


def _make(place: Place, user: str | None, programs: Path) -> None:
    """Copy the prepared folder and give its roles this lab's passwords, before anybody can connect."""
    source = template.ready(place.job.cache / "postgres", programs, user)
    draft = place.data.with_name(f"{place.data.name}.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.parent.mkdir(parents=True, exist_ok=True)
    copy = ["cp", "-a", "--reflink=auto"] if sys.platform.startswith("linux") else ["cp", "-a"]
    subprocess.run([*copy, str(source), str(draft)], check=True, capture_output=True)
    passwords = [
        f"alter role {role} password '{place.environment[variable]}'" for role, variable in _ROLES.items()
    ]
    template.execute(programs, user, draft, "postgres", ";\n".join(passwords) + ";\n")
    draft.rename(place.data)


def _write(file: Path, text: str, user: str | None) -> None:
    file.write_text(text, encoding="utf-8")
    if user:
        account = pwd.getpwnam(user)
        os.chown(file, account.pw_uid, account.pw_gid)


def _let_through(place: Place, user: str | None) -> None:
    """Let Postgres' own user reach its data; CannotRunHere where a folder that is not ours forbids it."""
    if not user:
        return
    place.data.parent.mkdir(parents=True, exist_ok=True)
    place.job.cache.mkdir(parents=True, exist_ok=True)
    ours = {place.job.folder, place.layout.data, place.data.parent, place.job.cache}
    for folder in ours:
        folder.chmod(folder.stat().st_mode | 0o011)
    for folder in {parent for each in ours for parent in each.resolve().parents}:
        if not folder.stat().st_mode & 0o001:
            raise CannotRunHere(
                f"Postgres runs as the user {user}, who may not enter {folder}",
                hint=f"chmod o+x {folder}, or set LABCTL_HOME to a folder elsewhere",
            )


def forget(data: Path) -> None:
    """Remove the piece of shared memory that a killed Postgres leaves; it names it in postmaster.pid."""
    note = data / "postmaster.pid"
    if not note.is_file() or not sys.platform.startswith("linux"):
        return
    lines = note.read_text().splitlines()
    if len(lines) < 7 or len(lines[6].split()) != 2:
        return
    creator, (key, segment) = lines[0].strip(), lines[6].split()
    for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        columns = row.split()  # key, shmid, perms, size, cpid, lpid, nattch
        if [columns[0], columns[1], columns[4], columns[6]] == [key, segment, creator, "0"]:
            ctypes.CDLL(None).shmctl(int(segment), 0, None)  # IPC_RMID


RECIPE = Recipe(launch, needs=("postgres", "initdb"), probe=_ANSWERS, forget=forget)
