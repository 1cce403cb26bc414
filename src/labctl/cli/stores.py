"""Postgres and Redis, asked directly: one statement, or a session in their own clients."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.terminal import document, out, say, table, width
from labctl.errors import CannotRunHere

if TYPE_CHECKING:
    from labctl.desk.stores import Session

MOST_ROWS = 1000

User = Annotated[str, typer.Option("--user", metavar="NAME", help="postgres, shop or analytics.")]
Database = Annotated[str, typer.Option("--database", metavar="NAME", help="shop or reporting.")]


def psql(
    statement: Annotated[
        str | None, typer.Argument(metavar="SQL", help="In quotes; without it, a session.")
    ] = None,
    user: User = "postgres",
    database: Database = "shop",
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    from labctl.desk import stores

    opened = chosen(lab)
    if statement is None or statement.lstrip().startswith("\\"):
        words = () if statement is None else ("-c", statement)
        _become(stores.psql(opened, database, user, *words), "labctl psql 'select …'")
    answer = stores.statement(opened, statement, database, user)
    if as_json:
        document({"columns": answer.columns, "rows": answer.rows, "status": answer.status})
    elif not answer.columns:
        out(answer.status or "done")
    else:
        out(table(answer.columns, answer.rows[:MOST_ROWS], fit=width()))
        if len(answer.rows) > MOST_ROWS:
            say(f"the first {MOST_ROWS} of {len(answer.rows)} rows; --json has them all")


def redis(
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT", help="redis-cache or redis-queue.")
    ] = "redis-cache",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="A Redis command; without it, a session.")
    ] = None,
    lab: LabName = None,
) -> None:
    from labctl.desk import stores

    opened = chosen(lab)
    if not words:
        _become(stores.redis_cli(opened, component), f"labctl redis {component} info")
    for line in answer_lines(stores.command(opened, component, words)):
        out(line)


def answer_lines(answer: Any) -> list[str]:
    """A Redis answer as lines: lists one item a line, maps as `key: value`, deeper levels indented."""
    match answer:
        case None:
            return ["(nil)"]
        case Mapping():
            return [line for key, value in answer.items() for line in _pair(str(key), value)]
        case list() | tuple() | set():
            return [line for item in answer for line in _item(item)] or ["(empty)"]
        case _:
            return str(answer).splitlines() or [""]


def _pair(key: str, value: Any) -> list[str]:
    lines = answer_lines(value)
    return [f"{key}: {lines[0]}"] if len(lines) == 1 else [f"{key}:", *(f"  {line}" for line in lines)]


def _item(item: Any) -> list[str]:
    lines = answer_lines(item)
    return lines if len(lines) == 1 else [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def _become(session: "Session", instead: str) -> NoReturn:
    """Replace this process by a client program, its secrets in the environment and not in its arguments."""
    program, *arguments = session.argv
    found = shutil.which(program) or next(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{program}")), None
    )
    if found is None:
        raise CannotRunHere(f"{program} is not installed", hint=f"{instead}, or labctl doctor --fix")
    os.execve(found, [program, *arguments], {**os.environ, **session.environment})  # noqa: S606 — no shell is wanted
