"""Fresh data: databases new from their templates, caches and streams empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import redis as redis_client
from psycopg import sql

from labctl.errors import LabError
from labctl.lab.reach import STORES, Unreachable

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_SUFFIX = "_template"
_SAMPLED = ("products", "customers", "reviews")
"""Tables that users only read: they must count the same in a new database as in its template."""


def end_foreign_sessions(lab: Lab) -> None:
    """End what people left open in Postgres: their locks and transactions would outlive a reset."""
    with lab.sql("postgres") as connection:
        connection.execute("alter system reset all")
        connection.execute("select pg_reload_conf()")
        connection.execute(
            "select pg_terminate_backend(pid, 1000) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
            " and (usename = 'analytics' or state like 'idle in transaction%'"
            "      or application_name in ('psql', 'labctl'))"
        )
        left = _value(connection, "select count(*) from pg_stat_activity where usename = 'analytics'")
    if left:
        raise LabError(f"{left} analytics sessions are still open in postgres", hint="labctl status")


def fresh_databases(lab: Lab) -> None:
    """Each database that has a template is replaced by a new copy of it, and compared with it.

    The copy is made beside the old one, so that the shop is without a database for milliseconds only.
    """
    with lab.sql("postgres") as connection:
        templates = connection.execute(
            "select datname, pg_get_userbyid(datdba) from pg_database where datname like %s",
            (f"%{_SUFFIX}",),
        ).fetchall()
        for template, owner in templates:
            _replace(connection, template, owner)
    for template, _ in templates:
        _compare(lab, template)


def fresh_caches(lab: Lab) -> None:
    """Empty both Redis servers, and see that they are; what was set while they ran is as it ships again."""
    for store in STORES:
        client = lab.redis(store)
        try:
            for setting, value in _shipped(lab, store).items():
                client.config_set(setting, value)
            with client.pipeline(transaction=True) as together:
                together.flushall()
                together.dbsize()
                left = together.execute()[-1]
        except redis_client.RedisError as error:
            raise Unreachable(f"{store} cannot be emptied: {error}", hint="labctl status") from error
        finally:
            client.close()
        if left:
            raise LabError(f"{store} still holds {left} keys after it was emptied")


def _shipped(lab: Lab, store: str) -> dict[str, str]:
    """What a Redis server is started with and anybody may change while it runs, by `config set`."""
    environment = lab.stack[store].environment
    return {"maxmemory": environment["REDIS_MAXMEMORY"], "maxmemory-policy": environment["REDIS_POLICY"]}


def _replace(connection: psycopg.Connection, template: str, owner: str) -> None:
    database = template.removesuffix(_SUFFIX)
    names = {
        "database": sql.Identifier(database),
        "fresh": sql.Identifier(f"{database}_fresh"),
        "template": sql.Identifier(template),
        "owner": sql.Identifier(owner),
    }
    for statement in (
        "drop database if exists {fresh} with (force)",
        "create database {fresh} template {template} owner {owner}",
        "drop database if exists {database} with (force)",
        "alter database {fresh} rename to {database}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _compare(lab: Lab, template: str) -> None:
    database = template.removesuffix(_SUFFIX)
    expected, found = _counts(lab, template), _counts(lab, database)
    if expected != found:
        raise LabError(f"{database} is not like {template}: rows {found}, expected {expected}")


def _counts(lab: Lab, database: str) -> dict[str, int]:
    """Rows of the sampled tables that a database has."""
    with lab.sql(database) as connection:
        return {
            table: _value(connection, sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
            for table in _SAMPLED
            if _value(connection, sql.SQL("select to_regclass({})").format(table))
        }


def _value(connection: psycopg.Connection, query: LiteralString | sql.Composed) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
