"""The data stores: how to open their own clients with the right password, and single questions as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import redis as redis_client

from labctl.errors import UsageError
from labctl.lab.reach import STORES, Unreachable, password

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_STATEMENT_MS = 30_000


@dataclass(frozen=True)
class Session:
    """An interactive client: what to execute, and what to add to its environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The answer to one statement. `status` is Postgres' own word, such as UPDATE 3."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    status: str


def psql(lab: Lab, database: str = "shop", user: str = "postgres", *words: str) -> Session:
    """psql on one of the lab's databases; the password is in the environment, never in the arguments."""
    address = lab.runtime.address("postgres")
    argv = ("psql", "-h", address.host, "-p", str(address.port), "-U", user, "-d", database, *words)
    return Session(argv, {"PGPASSWORD": password(lab, user), "PGAPPNAME": "psql", "PGCONNECT_TIMEOUT": "5"})


def statement(lab: Lab, text: str, database: str = "shop", user: str = "postgres") -> Table:
    """Run one statement; UsageError with Postgres' own words when it rejects it. Ends after 30 s."""
    with lab.sql(database, user) as connection:
        connection.execute(b"set application_name = 'psql'")  # a person's, not labctl's own
        connection.execute(f"set statement_timeout = {_STATEMENT_MS}".encode())
        try:
            cursor = connection.execute(text.encode())
            rows = cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise UsageError(f"postgres says: {str(error).strip()}", hint=_hint(error)) from error
        columns = tuple(column.name for column in cursor.description or ())
        return Table(columns, tuple(tuple(row) for row in rows), cursor.statusmessage or "")


def redis_cli(lab: Lab, component: str = "redis-cache", *words: str) -> Session:
    """redis-cli on one of the lab's Redis servers."""
    if component not in STORES:
        raise UsageError(
            f"{component!r} is no Redis server; there are {', '.join(STORES)}",
            hint=f"labctl redis {STORES[0]} info",
        )
    address = lab.runtime.address(component)
    argv = ("redis-cli", "-h", address.host, "-p", str(address.port), *words)
    return Session(argv, {"REDISCLI_AUTH": lab.secrets["REDIS_PASSWORD"]})


def command(lab: Lab, component: str, words: Sequence[str]) -> Any:
    """The answer to one Redis command, as plain data; UsageError with Redis' own words."""
    if not words:
        raise UsageError("which command?", hint=f"labctl redis {component} info memory")
    client = lab.redis(component)
    try:
        answer: Any = client.execute_command(*words)  # type: ignore[no-untyped-call]
    except redis_client.ResponseError as error:
        raise UsageError(
            f"{component} says: {error}", hint=f"labctl redis {component} command docs {words[0]}"
        ) from error
    except redis_client.RedisError as error:
        raise Unreachable(
            f"{component} does not answer: {error}", hint=f"labctl status, labctl logs {component}"
        ) from error
    finally:
        client.close()
    return answer


def _hint(error: psycopg.Error) -> str:
    """What to type after Postgres has said no."""
    match error:
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return "labctl psql '\\d' lists tables, labctl psql '\\d orders' the columns of one"
        case psycopg.errors.QueryCanceled():
            return "labctl psql 'select pid, wait_event_type, query from pg_stat_activity' shows who waits"
        case psycopg.errors.InsufficientPrivilege():
            return "labctl psql --user postgres may do anything"
    return "labctl psql '\\h' lists statements; labctl psql opens a session"
