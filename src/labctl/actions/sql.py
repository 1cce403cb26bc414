"""SQL: run statements that change the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import psycopg
from pydantic import Field

from labctl.actions.base import Action, Plan, Step, action
from labctl.errors import ActionRefused, FaultDidNotTake, LabError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_STATEMENT_S = 30


@action("sql", "Run statements that change the database.")
class Sql(Action):
    database: Literal["shop", "reporting"] = Field("shop", description="Where it runs.")
    user: Literal["postgres", "shop", "analytics"] = Field("postgres", description="Who runs it.")
    do: str | list[str] = Field(description="One statement or several, each committed by itself.")
    undo: str | list[str] | None = Field(None, description="What takes it back; else only a reset does.")
    proof: str | None = Field(None, alias="verify", description="A query that is true once it took effect.")

    @property
    def concerns(self) -> str | None:
        return "postgres"

    def plan(self, lab: Lab) -> Plan:  # noqa: ARG002
        undo: list[Step] = []
        if self.undo is not None:
            undo.append({"sql": {"database": self.database, "user": self.user, "do": self.undo}})
        first = " ".join(_statements(self.do)[0].split())
        more = " …" if len(_statements(self.do)) > 1 or len(first) > 100 else ""
        return Plan(
            summary=f"sql on {self.database}: {first[:100]}{more}",
            component="postgres",
            undo=tuple(undo),
            needs_reset=self.undo is None,
        )

    def apply(self, lab: Lab) -> None:
        """Statements that report rows and together touch none are refused: nothing has changed."""
        touched: list[int] = []
        with lab.sql(self.database, self.user) as connection:
            self._run(connection, f"set statement_timeout = '{_STATEMENT_S}s'")
            touched.extend(self._run(connection, statement) for statement in _statements(self.do))
        if not any(touched):
            raise ActionRefused(f"it touched no row of {self.database}, so it changes nothing")

    def verify(self, lab: Lab) -> None:
        if self.proof is None:
            return
        with lab.sql(self.database, self.user) as connection:
            row = connection.execute(self.proof.encode()).fetchone()
        if not (row and row[0]):
            raise FaultDidNotTake(f"it was run on {self.database}, and this is not true: {self.proof}")

    def _run(self, connection: psycopg.Connection, statement: str) -> int:
        """Rows touched; -1 for statements that count none."""
        try:
            return connection.execute(statement.encode()).rowcount
        except psycopg.Error as error:
            said = " ".join(str(error).split())
            raise LabError(f"postgres says {said!r} to {' '.join(statement.split())[:100]!r}") from error


def _statements(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given
