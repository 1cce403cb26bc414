"""Session: somebody's session in Postgres that stays in its transaction, with the locks that it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from labctl.actions import background
from labctl.actions.base import Action, Plan, action
from labctl.errors import ActionRefused, FaultDidNotTake

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9 ._-]*$", max_length=63)]

_ENDS_MS = 5000
_MINE = "from pg_stat_activity where application_name = %s and backend_type = 'client backend'"


@action("session", "Open a session in Postgres that stays in its transaction, or end it.")
class Session(Action):
    session: Name = Field(alias="name", description="Its application_name, by which it is found.")
    database: Literal["shop", "reporting"] = Field("shop", description="Where it is.")
    user: Literal["postgres", "shop", "analytics"] = Field("analytics", description="Whose it is.")
    do: str | list[str] | None = Field(description="What it runs, in a transaction; null ends the session.")
    stays: bool = Field(
        True, description="false: each statement is committed by itself, and it leaves after the last."
    )

    @property
    def concerns(self) -> str | None:
        return "postgres"

    @property
    def told(self) -> bool:
        """Nobody announces a session that is left open; what is run to its end, such as a migration, is."""
        return not self.stays

    def plan(self, lab: Lab) -> Plan:
        self._refuse_nothing(lab)
        if self.do is None:
            return Plan(summary=f"end session {self.session}", component=self.concerns)
        first = " ".join("; ".join(_listed(self.do)).split())
        more = " …" if len(first) > 100 else ""
        return Plan(
            summary=f"session {self.session} of {self.user} on {self.database}: {first[:100]}{more}",
            component=self.concerns,
            undo=({"session": {"name": self.session, "do": None}},),
            needs_reset=not self.stays,
        )

    def apply(self, lab: Lab) -> None:
        """A statement may wait for a lock: then the session is left waiting, as its owner would leave it."""
        self._refuse_nothing(lab)
        if self.do is not None:
            order = {"database": self.database, "user": self.user, "stays": self.stays}
            background.start(lab, self.session, statements=_listed(self.do), **order)
            return
        with lab.sql("postgres") as connection:
            ending = f"select pg_terminate_backend(pid, {_ENDS_MS}) {_MINE}"
            connection.execute(ending.encode(), (self.session,))

    def verify(self, lab: Lab) -> None:
        seen = states(lab, self.session)
        if self.do is None:
            if seen:
                raise FaultDidNotTake(f"session {self.session} was ended, and it is {' and '.join(seen)}")
        elif self.stays and seen not in (["idle in transaction"], ["active"]):
            found = " and ".join(seen) or "gone"
            raise FaultDidNotTake(f"session {self.session} should be in a transaction, and it is {found}")

    def step(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: self.model_dump(mode="json", by_alias=True, exclude_unset=True)}

    def _refuse_nothing(self, lab: Lab) -> None:
        there = bool(states(lab, self.session))
        if there and self.do is not None:
            raise ActionRefused(f"there is a session {self.session} already")
        if not there and self.do is None:
            raise ActionRefused(f"there is no session {self.session}")


def states(lab: Lab, name: str) -> list[str]:
    """The state of each session of this name, as Postgres tells it: idle in transaction, active …"""
    with lab.sql("postgres") as connection:
        rows = connection.execute(f"select state {_MINE} order by pid".encode(), (name,)).fetchall()
    return [state for (state,) in rows]


def _listed(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given
