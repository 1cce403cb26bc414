"""Clients for a lab's own parts: Postgres, Redis, Prometheus, Alertmanager. Direct, never through `wire`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import redis as redis_client

from labctl.errors import LabError, UsageError
from labctl.lab.loopback import ask
from labctl.runtimes.base import Address

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

PASSWORDS = {
    "postgres": "POSTGRES_PASSWORD",
    "shop": "SHOP_PASSWORD",
    "analytics": "ANALYTICS_PASSWORD",
}
"""Who may log in to Postgres, and the secret that it takes."""

STORES = ("redis-cache", "redis-queue")

_CONNECT_S = 5


class Unreachable(LabError):
    """A part of the lab does not answer; the message says which, where, and what it said."""


def password(lab: Lab, user: str) -> str:
    """The lab's password of a Postgres user; UsageError for a user that there is not."""
    if user not in PASSWORDS:
        raise UsageError(
            f"there is no Postgres user {user!r}; there are {', '.join(PASSWORDS)}",
            hint="labctl psql --user postgres",
        )
    return lab.secrets[PASSWORDS[user]]


def sql(lab: Lab, database: str = "shop", user: str = "postgres") -> psycopg.Connection:
    """A connection that commits each statement by itself; the caller closes it (`with`)."""
    address = lab.runtime.address("postgres")
    try:
        return psycopg.connect(
            host=address.host,
            port=address.port,
            dbname=database,
            user=user,
            password=password(lab, user),
            connect_timeout=_CONNECT_S,
            application_name="labctl",
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise Unreachable(
            f"postgres at {address} does not let {user} into {database}: {' '.join(str(error).split())}",
            hint="labctl status, labctl logs postgres; labctl psql '\\l' lists databases",
        ) from error


def redis_login(lab: Lab, component: str) -> dict[str, Any]:
    """Where one of the Redis servers is, and how it lets one in: host, port and password."""
    address = lab.runtime.address(component)
    return {"host": address.host, "port": address.port, "password": lab.secrets["REDIS_PASSWORD"]}


def redis(lab: Lab, component: str) -> redis_client.Redis:
    """A client of one of the Redis servers that answers with text and fails within seconds."""
    if component not in STORES:
        raise UsageError(
            f"{component!r} is no Redis server; there are {', '.join(STORES)}",
            hint=f"labctl redis {STORES[0]} info",
        )
    return redis_client.Redis(
        **redis_login(lab, component),
        socket_connect_timeout=1.0,
        socket_timeout=2.0,
        decode_responses=True,
    )


@dataclass(frozen=True)
class Sample:
    """One row of an instant query."""

    labels: Mapping[str, str]
    value: float
    wall_s: float


@dataclass(frozen=True)
class Series:
    """One row of a range query; `points` are (wall_s, value) in order."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Alert:
    """One alert: `state` is pending or firing (Prometheus), active or suppressed (Alertmanager)."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since_wall_s: float


class PrometheusClient:
    """Prometheus' HTTP API; UsageError for a query it rejects, Unreachable when it does not answer."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def query(self, expression: str, *, at_wall_s: float | None = None) -> list[Sample]:
        """The value now, or at a time: one row per series, or one without labels for a scalar."""
        given = {} if at_wall_s is None else {"time": str(at_wall_s)}
        data = self._get("query", query=expression, **given)
        if data["resultType"] in ("scalar", "string"):
            wall_s, value = data["result"]
            return [Sample({}, float(value), float(wall_s))]
        if data["resultType"] == "matrix":
            raise UsageError(
                f"{expression!r} is a range; ask for a value, such as rate(…)",
                hint=f"labctl query 'rate({expression})'",
            )
        return [Sample(row["metric"], float(row["value"][1]), row["value"][0]) for row in data["result"]]

    def query_range(self, expression: str, *, start_s: float, end_s: float, step_s: float) -> list[Series]:
        """The values between two wall-clock times, one point per step."""
        data = self._get(
            "query_range", query=expression, start=str(start_s), end=str(end_s), step=str(step_s)
        )
        return [
            Series(row["metric"], tuple((float(at), float(value)) for at, value in row["values"]))
            for row in data["result"]
        ]

    def alerts(self) -> list[Alert]:
        """Every alert that is pending or firing."""
        return [_alert(row, row["state"], row["activeAt"]) for row in self._get("alerts")["alerts"]]

    def version(self) -> str:
        """Its own, such as `2.42.0`."""
        return str(self._get("status/buildinfo")["version"])

    def _get(self, what: str, **parameters: str) -> Any:
        body = _get("prometheus", self._address, f"/api/v1/{what}", parameters)
        if body.get("status") != "success":
            raise UsageError(
                f"Prometheus does not understand it: {body.get('error', body)}",
                hint="labctl query 'group by (__name__) ({job=\"checkout\"})' lists a component's metrics",
            )
        return body["data"]


class AlertmanagerClient:
    """Alertmanager's HTTP API: what would page a person."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def alerts(self) -> list[Alert]:
        """Every alert it holds that has not ended."""
        rows = _get("alertmanager", self._address, "/api/v2/alerts", {})
        return [_alert(row, row["status"]["state"], row["startsAt"]) for row in rows]

    def version(self) -> str:
        """Its own, such as `0.25.0`."""
        return str(_get("alertmanager", self._address, "/api/v2/status", {})["versionInfo"]["version"])


def _alert(row: Mapping[str, Any], state: str, since: str) -> Alert:
    labels = row["labels"]
    return Alert(
        name=labels.get("alertname", ""),
        state=state,
        labels=labels,
        annotations=row.get("annotations", {}),
        since_wall_s=datetime.fromisoformat(since).timestamp(),
    )


def _get(who: str, address: Address, path: str, parameters: Mapping[str, str]) -> Any:
    """Parsed JSON; a 400 or 422 comes back as it is, since its body says what was wrong."""
    try:
        answer = ask("GET", address, path, parameters=parameters)
        if answer.status_code not in (200, 400, 422):
            raise Unreachable(f"{who} at {address} answered {answer.status_code}", hint="labctl status")
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(f"{who} at {address} does not answer: {error}", hint="labctl status") from error
