"""Real servers for integration tests: each in a folder of its own, on a port of its own, ended afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import redis

from labctl import assets
from labctl.clock import SystemClock, await_until
from labctl.runtimes.base import Address

PASSWORD = "s3cret"  # noqa: S105 — of servers that live for one test

_ROLES = """
create role shop login password 's3cret';
create role analytics login password 's3cret' in role pg_read_all_data;
"""
_TABLES = """
set role shop;
create table products (id int primary key, name text);
insert into products select id, 'thing ' || id from generate_series(1, 100) id;
create table orders (id serial primary key, state text);
"""
_RULES = """
groups: [{name: always, interval: 1s, rules: [{alert: CheckoutBudgetBurn, expr: vector(1) > 0,
  labels: {severity: page}, annotations: {summary: too many checkouts fail}}]}]
"""


@contextmanager
def postgres() -> Iterator[Address]:
    """Postgres with the roles of the shop, `shop_template`, and `shop` made from it."""
    with reachable_folder(owner="postgres") as folder:
        _run(
            [_tool("initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync"],
            "postgres",
        )
        address = _free()
        argv = [_tool("postgres"), "-D", str(folder / "data"), "-p", str(address.port), "-k", str(folder)]
        with _server([*argv, "-h", address.host, "-F"], lambda: connects(address), user="postgres"):
            execute(address, "postgres", _ROLES)
            fill(address)
            yield address


def fill(address: Address) -> None:
    """The databases of a shop with a hundred products, owned by roles that are there."""
    execute(address, "postgres", "create database shop_template owner shop; create database reporting")
    execute(address, "shop_template", _TABLES)
    execute(address, "postgres", "create database shop template shop_template owner shop")


@contextmanager
def redis_server() -> Iterator[Address]:
    """Redis with a password."""
    address = _free()
    argv = ["redis-server", "--port", str(address.port), "--bind", address.host, "--save", ""]
    argv += ["--requirepass", PASSWORD]
    client = redis.Redis(address.host, address.port, password=PASSWORD)
    with (
        reachable_folder() as folder,
        _server([*argv, "--dir", str(folder)], client.ping),
    ):
        yield address
    client.close()


@contextmanager
def wire(links: Iterable[str]) -> Iterator[Address]:
    """The lab's wire, with links that lead nowhere."""
    address = _free()
    environment = {
        "PYTHONPATH": str(assets.path("services")),
        "LISTEN_HOST": address.host,
        "SERVICE_PORT": str(address.port),
        "PROXIES": " ".join(f"{link}={_free().port}>{_free()}" for link in links),
    }
    with (
        reachable_folder() as folder,
        _server(
            [sys.executable, "-m", "wire"],
            lambda: httpx.get(f"http://{address}/version").is_success,
            environment={**environment, "SETTINGS_DIR": str(folder)},
        ),
    ):
        yield address


@contextmanager
def prometheus() -> Iterator[Address]:
    """Prometheus that scrapes nothing and whose one alert always fires."""
    address = _free()
    with reachable_folder() as folder:
        (folder / "rules.yml").write_text(_RULES)
        config = folder / "prometheus.yml"
        config.write_text("{global: {evaluation_interval: 1s}, rule_files: [rules.yml]}")
        argv = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        with _server([*argv, f"--web.listen-address={address}"], lambda: _ready(address)):
            yield address


@contextmanager
def alertmanager() -> Iterator[Address]:
    """Alertmanager that tells nobody."""
    address = _free()
    with reachable_folder() as folder:
        config = folder / "alertmanager.yml"
        config.write_text("{route: {receiver: nobody}, receivers: [{name: nobody}]}")
        argv = ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / 'data'}"]
        argv += [f"--web.listen-address={address}", "--cluster.listen-address="]
        with _server(argv, lambda: _ready(address)):
            yield address


def _free() -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address(*probe.getsockname())


@contextmanager
def reachable_folder(owner: str | None = None) -> Iterator[Path]:
    """One that servers of other users reach, which pytest's own is not."""
    made = Path(tempfile.mkdtemp(prefix="labctl-test-"))
    made.chmod(0o755)
    if owner and os.geteuid() == 0:
        shutil.chown(made, owner)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def _server(
    argv: Sequence[str],
    ready: Callable[[], object],
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    def answers() -> bool:
        assert process.poll() is None, f"{argv[0]} has ended"
        with suppress(psycopg.OperationalError, redis.RedisError, httpx.HTTPError):
            return bool(ready())
        return False

    process = subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=_user(user),
        env=environment and {**os.environ, **environment},
        cwd="/",
    )
    try:
        await_until(answers, what=argv[0], within_s=30, clock=SystemClock())
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _run(argv: Sequence[str], user: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, user=_user(user), cwd="/")


def _user(name: str | None) -> int | None:
    return pwd.getpwnam(name).pw_uid if name and os.geteuid() == 0 else None


def _tool(name: str) -> str:
    """A Postgres program; Debian keeps them off PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(versions[0]) if versions else name


def connects(address: Address) -> bool:
    """Whether Postgres lets its superuser in."""
    execute(address, "postgres", "select 1")
    return True


def execute(address: Address, database: str, statements: str) -> None:
    """Some statements as the superuser, each committed."""
    with psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=database,
        user="postgres",
        password=PASSWORD,
        autocommit=True,
    ) as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(statement.encode())


def _ready(address: Address) -> bool:
    return httpx.get(f"http://{address}/-/ready", trust_env=False).is_success
