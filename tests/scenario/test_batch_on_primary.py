"""batch-on-primary: a job that only reads keeps everybody from writing, in the database it was pointed at."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests.scenario.samples import library, parameters
from tests.services.parts import Shop

from labctl.scenario import catalog

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills


def steps_of_job() -> list[dict[str, Any]]:
    """The job's steps in the order in which they are taken."""
    scenario = library("batch-on-primary")
    return parameters([*scenario.noise, *scenario.faults], "job")


def connect(shop: Shop, database: str, user: str = "shop") -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=shop.postgres.port, user=user, dbname=database, autocommit=True
    )


@pytest.mark.integration
@pytest.mark.parametrize("database", ["shop", "reporting"])
def test_the_job_runs_in_either_database(shop: Shop, database: str) -> None:
    """What it reads is there, and its role may do what it does."""
    with connect(shop, database) as job:
        job.execute("begin")
        for statement in steps_of_job()[0]["do"]:
            job.execute(statement.encode())
        job.execute("commit")


@pytest.mark.integration
def test_its_lock_lets_everybody_read_and_nobody_write(shop: Shop) -> None:
    """In the shop; in the reporting database it is in nobody's way."""
    with shop.changed("checkout", DB_STATEMENT_TIMEOUT="500ms"):
        for database, placed in (("reporting", 201), ("shop", 503)):
            with connect(shop, database) as job:
                job.execute("begin")
                for statement in steps_of_job()[0]["do"]:
                    job.execute(statement.encode())
                assert shop.get("edge", "/api/orders/1").status_code == 200
                assert shop.buy(f"batch-{database}").status_code == placed
                job.execute("commit")


def test_the_change_is_weeks_older_than_the_incident() -> None:
    """What begins the incident is the clock: no colleague is told of it."""
    scenario = library("batch-on-primary")
    pointed = [act for act in scenario.noise if act.action.step() == {"job": steps_of_job()[1]}]
    assert [act.at_s for act in pointed] == [-14 * 86_400]
    assert [act.action.told for act in scenario.faults] == [False]


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("batch-on-primary"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "briefing", "page", "load", "expect", "hold"):
        assert getattr(here, shown) == getattr(there, shown), shown
