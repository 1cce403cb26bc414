"""A client of Postgres that goes on when the command that started it has ended: `background` starts it.

It gets its order as JSON on its standard input and says on standard error what went wrong at first. It
stands on the standard library and psycopg, and on redis where a job runs there, so that it is small. It ends
by itself: a session with its connection, a job with its row in cron.job, each of them with the lab's folder.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from psycopg import errors

SETTLES_S = 1.0
"""Statements that have not ended by then wait for somebody, or are long: whoever asked need not wait."""
LOOK_S = 0.25
GIVES_UP_S = 300.0
_ANSWERS_S = 5.0
_DONE = b"."
_ALONE = "select pg_advisory_lock(hashtext('cron'), hashtext(%s))"
_JOB = """
    select extract(epoch from every)::float8, statements, extract(epoch from works)::float8, database,
           username, active, set_at
    from cron.job where name = %s
"""
_RAN = "update cron.job set ran_at = clock_timestamp(), said = %s where name = %s and set_at = %s"

Order = dict[str, Any]
"""`folder` of the lab, `host` and `port` of Postgres, `passwords` by user, `name`; and what to do. A job
is also told the `stores` that are no database: by name, their `host`, `port` and `password`."""


def main() -> None:
    order: Order = json.load(sys.stdin)
    try:
        work = _job if "statements" not in order else _session
        work(order)
    except psycopg.Error as error:
        raise SystemExit(_first_line(error)) from None


def one_text(statements: list[str]) -> bytes:
    """Statements in a transaction that is left open; sent as one, so that it has begun or failed as one."""
    return "; ".join(["begin", *(each.strip().rstrip(";") for each in statements)]).encode()


def _session(order: Order) -> None:
    """`statements`, as `user` in `database`; then it `stays` in its transaction until somebody ends it."""
    connection = _connect(order, order["database"], order["user"], order["name"])
    tell = _detach()
    alone = [each.encode() for each in order["statements"]]
    try:
        for text in [one_text(order["statements"])] if order["stays"] else alone:
            connection.execute(text)
    except psycopg.Error as error:
        connection.close()
        os.write(tell, _first_line(error).encode())
        return
    os.write(tell, _DONE)
    os.close(tell)
    if order["stays"]:
        _stay(connection, Path(order["folder"]))
    connection.close()


def _stay(connection: psycopg.Connection, folder: Path) -> None:
    while folder.is_dir():
        readable, _, _ = select.select([connection.fileno()], [], [], LOOK_S)
        if readable:
            try:
                connection.pgconn.consume_input()
            except psycopg.OperationalError:
                return  # somebody has ended it


def _job(order: Order) -> None:
    """Run the job of this `name` whenever it is due, for as long as it is in cron.job."""
    tell = _detach()
    os.write(tell, _DONE)
    os.close(tell)
    give_up = time.monotonic() + GIVES_UP_S
    while Path(order["folder"]).is_dir() and time.monotonic() < give_up:
        try:
            with _connect(order, "shop", "postgres", "cron") as own:
                own.execute("set lock_timeout = '3s'")
                own.execute(_ALONE, (order["name"],))
                give_up = float("inf")
                _keep_time(order, own)
                return
        except (errors.LockNotAvailable, errors.UndefinedTable, errors.InvalidSchemaName):
            return  # another keeps the time of this job, or there are no jobs any more
        except psycopg.OperationalError:  # Postgres is away: it may come back
            give_up = min(give_up, time.monotonic() + GIVES_UP_S)
            time.sleep(LOOK_S)


def _keep_time(order: Order, own: psycopg.Connection) -> None:
    began = float("-inf")
    while row := own.execute(_JOB, (order["name"],)).fetchone():
        every_s, statements, works_s, database, user, active, set_at = row
        if active and time.monotonic() >= began + every_s:
            began = time.monotonic()
            if database in order["stores"]:
                said = _run_in_store(order, database, statements, works_s)
            else:
                said = _run(order, database, user, statements, works_s)
            own.execute(_RAN, (said, order["name"], set_at))
        left_s = began + every_s - time.monotonic() if active else LOOK_S
        time.sleep(min(LOOK_S, max(0.0, left_s)))


def _run(order: Order, database: str, user: str, statements: list[str], works_s: float) -> str:
    """One run, in one transaction: its statements, then the client's own work, then the commit."""
    try:
        with _connect(order, database, user, order["name"]) as connection:
            connection.execute(one_text(statements))
            time.sleep(works_s)
            connection.execute("commit")
    except psycopg.Error as error:
        return _first_line(error)
    return "ok"


def _run_in_store(order: Order, store: str, commands: list[str], works_s: float) -> str:
    """One run in Redis: each command by itself, written as for redis-cli; then the client's own work."""
    import redis  # noqa: PLC0415 — most clients never need it
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    try:
        with redis.Redis(
            **order["stores"][store],
            client_name=order["name"],
            socket_timeout=_ANSWERS_S,
            retry=Retry(NoBackoff(), 0),  # the next run is soon enough
        ) as client:
            for each in commands:
                client.execute_command(*shlex.split(each))
            time.sleep(works_s)
    except (redis.RedisError, ValueError) as error:  # ValueError: a quotation that does not end
        return str(error).partition("\n")[0]
    return "ok"


def _connect(order: Order, database: str, user: str, name: str) -> psycopg.Connection:
    return psycopg.connect(
        host=order["host"],
        port=order["port"],
        dbname=database,
        user=user,
        password=order["passwords"].get(user),
        connect_timeout=5,
        application_name=name,
        autocommit=True,
    )


def _detach() -> int:
    """Go on in another process; what it writes to the descriptor is heard by the one that ends here."""
    listen, tell = os.pipe()
    if os.fork():
        os.close(tell)
        _hear(listen)
    os.close(listen)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    return tell


def _hear(listen: int) -> NoReturn:
    """End as the other one fares: well, failed with what it said, or not done yet, which is well."""
    readable, _, _ = select.select([listen], [], [], SETTLES_S)
    said = os.read(listen, 10_000) if readable else _DONE
    if said != _DONE:
        os.write(2, said or b"it ended without a word")
    # Not the interpreter's own way out: it would end the connection that the other one goes on with.
    os._exit(said != _DONE)


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0]


if __name__ == "__main__":
    main()
