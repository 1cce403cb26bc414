"""Job: statements that run again and again, as a nightly batch does, by the table cron.job of the shop.

They run in a database, or are commands for the cache, which is as much anybody's to write to.

The table is the truth, for this action and for everybody else: who writes to it with psql changes the
next run. A run is one session under the job's name; it is made by a process of the lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from psycopg.errors import InvalidSchemaName, UndefinedTable
from pydantic import AfterValidator, Field, model_validator

from labctl.actions import background
from labctl.actions.base import Action, Plan, action
from labctl.actions.session import Name, states
from labctl.actions.times import Time
from labctl.clock import Timeout, await_until, seconds
from labctl.errors import ActionRefused, FaultDidNotTake
from labctl.lab.reach import STORES

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_RUNS_WITHIN_S = 10.0
_USUAL = {"works": "0s", "database": "shop", "user": "shop", "active": True}
_PARAMETERS = ("every", "do", "works", "database", "user", "active")
_TABLE = (
    "create schema if not exists cron",
    """create table if not exists cron.job (
        name text primary key,
        every interval not null,
        statements text[] not null,
        works interval not null,
        database text not null,
        username text not null,
        active boolean not null,
        set_at timestamptz not null,
        ran_at timestamptz,
        said text
    )""",
)
_SET = """
    insert into cron.job (name, every, statements, works, database, username, active, set_at)
    values (%(name)s, %(every)s, %(do)s, %(works)s, %(database)s, %(user)s, %(active)s, clock_timestamp())
    on conflict (name) do update
    set (every, statements, works, database, username, active, set_at, ran_at, said)
        = (excluded.every, excluded.statements, excluded.works, excluded.database, excluded.username,
           excluded.active, excluded.set_at, null, null)
"""
_SEEN = """
    select extract(epoch from every)::float8, statements, extract(epoch from works)::float8, database,
           username, active
    from cron.job where name = %s
"""
_SAID = "select said from cron.job where name = %s and ran_at is not null"
_WAITS = "select from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"

Parameters = dict[str, Any]


def _period(text: str) -> str:
    if seconds(text) < 0.1:
        raise ValueError(f"{text!r} is too often: every 100ms at most")
    return text


@action("job", "Set up what runs again and again in Postgres or the cache, change it, or remove it.")
class Job(Action):
    job: Name = Field(alias="name", description="Its name in cron.job, and its application_name.")
    every: Annotated[str, AfterValidator(_period)] | None = Field(
        None, description="From the beginning of one run to that of the next, such as 2s."
    )
    do: str | list[str] | None = Field(
        None,
        description="What a run does: statements, in one transaction, or commands; null removes the job.",
    )
    works: Time | None = Field(
        None, description="How long its client then works before it commits, such as 700ms."
    )
    database: Literal["shop", "reporting", "redis-cache"] | None = Field(
        None, description="Where; shop when it is new."
    )
    user: Literal["postgres", "shop", "analytics"] | None = Field(
        None, description="As whom in Postgres; shop when it is new."
    )
    active: bool | None = Field(None, description="Whether it runs at all.")

    @model_validator(mode="after")
    def _something(self) -> Job:
        if not self.model_fields_set & set(_PARAMETERS):
            raise ValueError(f"job takes at least one of {', '.join(_PARAMETERS)}")
        if self._removes and self.model_fields_set != {"job", "do"}:
            raise ValueError("a job that is removed takes nothing but its name and do: null")
        return self

    @property
    def concerns(self) -> str | None:
        return "postgres"

    @property
    def told(self) -> bool:
        """It is the clock that begins and ends the hours of a job, and not a colleague."""
        return self.model_fields_set != {"job", "active"}

    def plan(self, lab: Lab) -> Plan:
        """Undo brings back the job as it was, or removes it; what it has done stays done."""
        was = _seen(lab, self.job)
        wanted = self._wanted(was)
        if was == wanted:
            raise self._nothing_to_do()
        return Plan(
            summary=f"job {self.job}: {_said(wanted, was)}",
            component=self.concerns,
            undo=({"job": {"name": self.job, **(was or {"do": None})}},),
        )

    def apply(self, lab: Lab) -> None:
        was = _seen(lab, self.job)
        wanted = self._wanted(was)
        if was == wanted:
            raise self._nothing_to_do()
        with lab.sql() as connection:
            if wanted is None:
                connection.execute("delete from cron.job where name = %s", (self.job,))
                return
            for statement in _TABLE:
                connection.execute(statement.encode())
            connection.execute(_SET, {"name": self.job, **wanted})
        background.start(lab, self.job)

    def verify(self, lab: Lab) -> None:
        """A job that runs has run well, or waits for a lock, as it is now; any other runs no more."""
        now = _seen(lab, self.job)
        wanted = self._wanted(now)
        if now != wanted:
            raise FaultDidNotTake(f"job {self.job} should be {_all(wanted)}, and cron.job has {_all(now)}")
        runs = wanted is not None and wanted["active"]
        spent_s = seconds(wanted["every"]) + seconds(wanted["works"]) if wanted else 0.0
        try:
            said = await_until(
                lambda: _outcome(lab, self.job) if runs else not states(lab, self.job),
                what=f"job {self.job} {'runs' if runs else 'has ended'}",
                within_s=spent_s + _RUNS_WITHIN_S,
                clock=lab.clock,
            )
        except Timeout as error:
            raise FaultDidNotTake(error.message, hint="labctl psql 'select * from cron.job'") from error
        if runs and said != "ok":
            where = wanted["database"] if wanted and wanted["database"] in STORES else "postgres"
            raise FaultDidNotTake(f"{where} says {said!r} to job {self.job}")

    def step(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: self.model_dump(mode="json", by_alias=True, exclude_unset=True)}

    @property
    def _removes(self) -> bool:
        return "do" in self.model_fields_set and self.do is None

    def _wanted(self, was: Parameters | None) -> Parameters | None:
        """The job in full, what is not given as it was; None when it shall be gone."""
        if self._removes:
            return None
        given = {key: getattr(self, key) for key in _PARAMETERS if getattr(self, key) is not None}
        wanted = {**(was or _USUAL), **given}
        if not {"every", "do"} <= set(wanted):
            raise ActionRefused(f"there is no job {self.job}; a new one takes every and do")
        listed = [wanted["do"]] if isinstance(wanted["do"], str) else wanted["do"]
        return {**wanted, **{key: _span(seconds(wanted[key])) for key in ("every", "works")}, "do": listed}

    def _nothing_to_do(self) -> ActionRefused:
        return ActionRefused(f"job {self.job} is so already", hint="labctl psql 'select * from cron.job'")


def _seen(lab: Lab, name: str) -> Parameters | None:
    """The job as cron.job has it; None when it has none."""
    with lab.sql() as connection:
        try:
            row = connection.execute(_SEEN, (name,)).fetchone()
        except (UndefinedTable, InvalidSchemaName):
            return None
    if row is None:
        return None
    every_s, statements, works_s, database, user, active = row
    times = {"every": _span(every_s), "works": _span(works_s)}
    return {**times, "do": statements, "database": database, "user": user, "active": active}


def _outcome(lab: Lab, name: str) -> str | None:
    """What became of its last run since it was set: ok, or what Postgres said; None before there is one."""
    with lab.sql() as connection:
        row = connection.execute(_SAID, (name,)).fetchone()
        if row is None and connection.execute(_WAITS, (name,)).fetchall():
            return "ok"
    return str(row[0]) if row else None


def _span(length_s: float) -> str:
    return f"{round(length_s, 3):g}s"


def _said(wanted: Parameters | None, was: Parameters | None) -> str:
    if wanted is None:
        return "removed"
    if was is None:
        whose = "" if wanted["database"] in STORES else f" as {wanted['user']}"
        return f"every {wanted['every']} on {wanted['database']}{whose}"
    changed = [key for key in wanted if wanted[key] != was[key]]
    return ", ".join(f"{key} {_short(wanted[key])} (was {_short(was[key])})" for key in changed)


def _short(value: Any) -> str:
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:60]} …"


def _all(job: Parameters | None) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in job.items()) if job else "gone"
