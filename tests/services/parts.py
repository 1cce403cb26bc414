"""Real parts for tests: a Postgres, a Redis and our services as processes, on ports of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

import entrypoint

SERVICES = Path(__file__).resolve().parents[2] / "services"


@cache
def released(service: str, release: str, name: str) -> ModuleType:
    """The module of that name that a release runs: its own, or that of what it stands on."""
    folders = [SERVICES / service, *entrypoint.overlays(service, release, Path("/nowhere"))]
    path = [folder / f"{name}.py" for folder in folders if (folder / f"{name}.py").is_file()][-1]
    spec = importlib.util.spec_from_file_location(f"{name}_of_{service}_{release}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(check: Callable[[], Any], *, within_s: float = 15.0, what: str = "condition") -> Any:
    """The first true value of `check`; fails telling what was last seen when none comes in time."""
    deadline = time.monotonic() + within_s
    seen: Any = None
    while time.monotonic() < deadline:
        try:
            seen = check()
        except (OSError, httpx.HTTPError, psycopg.OperationalError) as error:
            seen = error
        else:
            if seen:
                return seen
        time.sleep(0.02)
    raise AssertionError(f"{what} not within {within_s:g} s, last seen: {seen!r}")


def _program(name: str) -> str:
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *places]))
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@dataclass
class Process:
    """A child that is ended, and waited for, when its owner ends."""

    argv: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        base = {key: os.environ[key] for key in ("PATH", "LANG", "HOME") if key in os.environ}
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.argv,
                env={**base, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self.user,
                cwd="/",
            )

    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def end(self, how: int = 15) -> int:
        """Send a signal, wait, and return the exit code."""
        if self.child is None:
            return 0
        if self.child.poll() is None:
            self.child.send_signal(how)
        try:
            return self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait(10)


class Postgres:
    """A server with the shop's template database; `shop` is made from it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "postgres"
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder.mkdir()
        if self._user:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        subprocess.run(
            [_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"],
            check=True,
            capture_output=True,
            user=self._user,
            cwd="/",
        )
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._process = Process(
            [_program("postgres"), "-D", str(data), *options.split()],
            folder / "postgres.log",
            user=self._user,
        )

    def start(self) -> None:
        self._process.start()
        self.wait_ready()
        with self.connect("postgres") as connection:
            for role in ("shop", "analytics"):
                connection.execute(f"create role {role} login".encode())
            connection.execute("create database shop_template")
            connection.execute("create database reporting")
        with self.connect("reporting") as connection:
            connection.execute((SERVICES / "postgres" / "reporting.sql").read_bytes())
        with self.connect("shop_template") as connection:
            for script in ("schema.sql", "seed.sql"):
                connection.execute((SERVICES / "postgres" / script).read_bytes())
        self.recreate()

    def wait_ready(self) -> None:
        eventually(self._answers, what="Postgres")

    def restart(self) -> None:
        self._process.end(2)
        self._process.start()
        self.wait_ready()

    def recreate(self) -> None:
        """The shop's database as new, as a reset makes it."""
        with self.connect("postgres") as connection:
            connection.execute("drop database if exists shop with (force)")
            connection.execute("create database shop template shop_template")

    def connect(self, database: str = "shop") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def one(self, sql: LiteralString, *parameters: object) -> Any:
        """The first column of the first row."""
        with self.connect() as connection:
            row = connection.execute(sql, parameters).fetchone()
            return row[0] if row else None

    def end(self) -> None:
        self._process.end(2)

    def _answers(self) -> bool:
        with self.connect("postgres"):
            return True


class Redis:
    def __init__(self, folder: Path, name: str) -> None:
        self.port = free_port()
        argv = [_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = Process([*argv, "--dir", str(folder)], folder / f"{name}.log")

    def start(self) -> None:
        self._process.start()
        eventually(self._accepts, what="Redis")

    def _accepts(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port)):
            return True

    def end(self) -> None:
        self._process.end()


class Shop:
    """The five services on a real Postgres and a real Redis; `settings` is their settings folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "settings"
        self.settings.mkdir()
        self.postgres = Postgres(folder)
        self.redis = Redis(folder, "redis")
        self.ports: dict[str, int] = {}
        self.processes: dict[str, Process] = {}

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        for service in ("bank", "catalog", "checkout", "worker", "edge"):
            self.start_service(service)
        for service in self.ports:
            self.wait_ready(service)

    def start_service(self, service: str, **environment: str) -> None:
        """Start one service; its former process must have ended."""
        port = self.ports.setdefault(service, free_port())
        process = Process(
            [sys.executable, str(SERVICES / "entrypoint.py")],
            self.folder / f"{service}.log",
            {**self._environment(service, port), **environment},
        )
        self.processes[service] = process
        process.start()

    def restart(self, service: str, **environment: str) -> None:
        self.processes[service].end()
        self.start_service(service, **environment)
        self.wait_ready(service)

    def forget(self) -> None:
        """The database as new, and a bank that charged nobody: orders have the same numbers again."""
        self.postgres.recreate()
        self.restart("bank")

    @contextmanager
    def changed(self, service: str, **environment: str) -> Iterator[None]:
        """Run one service with another environment for the block."""
        self.restart(service, **environment)
        try:
            yield
        finally:
            self.restart(service)

    def wait_ready(self, service: str) -> None:
        eventually(lambda: self.get(service, "/readyz").status_code == 200, what=f"{service} ready")

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}{path}"

    def get(self, service: str, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url(service, path), timeout=20, **options)

    def buy(self, key: str, *, product: int = 1, card: str = "card-ok-1", **headers: str) -> httpx.Response:
        """One checkout through the edge."""
        order = {"customer": 5, "items": [{"product": product, "quantity": 2}], "card": card}
        sent = {"idempotency-key": key, **headers}
        return httpx.post(self.url("edge", "/api/checkout"), json=order, headers=sent, timeout=20)

    def flags(self, **values: str) -> None:
        """Set exactly these flags (`_` for `-`), as labctl does, and wait until every service has them."""
        named = {name.replace("_", "-"): value for name, value in values.items()}
        fresh = self.settings / "flags.json.new"
        fresh.write_text(json.dumps(named))
        fresh.replace(self.settings / "flags.json")
        written = (self.settings / "flags.json").stat().st_mtime
        for service, process in self.processes.items():
            if process.alive():
                eventually(partial(self._has_flags_of, service, written), what=f"{service} with its flags")

    def _has_flags_of(self, service: str, written: float) -> bool:
        return self.metric(service, "flags_written_timestamp_seconds ") > written - 0.001  # a float's worth

    def log(self, service: str) -> list[dict[str, Any]]:
        lines = (self.folder / f"{service}.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def metric(self, service: str, name: str) -> float:
        """The sum over all series of a metric whose line begins with `name`."""
        lines = self.get(service, "/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def end(self) -> None:
        for process in self.processes.values():
            process.end()
        self.redis.end()
        self.postgres.end()

    def _environment(self, service: str, port: int) -> dict[str, str]:
        def at(component: str) -> str:
            return f"127.0.0.1:{self.ports.setdefault(component, free_port())}"

        stores = {"POSTGRES_ADDR": f"127.0.0.1:{self.postgres.port}", "POSTGRES_PASSWORD": "unused"}
        queue = {"QUEUE_ADDR": f"127.0.0.1:{self.redis.port}", "BANK_ADDR": at("bank")}
        own: dict[str, dict[str, str]] = {
            "bank": {"LATENCY_MS": "20"},
            "catalog": {**stores, "CACHE_ADDR": f"127.0.0.1:{self.redis.port}"},
            "checkout": {**stores, **queue},
            "worker": {**stores, **queue},
            "edge": {"CATALOG_ADDR": at("catalog"), "CHECKOUT_ADDR": at("checkout")},
        }
        return {
            "SERVICE": service,
            "SERVICE_PORT": str(port),
            "LISTEN_HOST": "127.0.0.1",
            "SETTINGS_DIR": str(self.settings),
            "TREE_DIR": str(self.folder / "trees" / service),
            **own[service],
        }
