"""Steps: actions as data, with every mistake in them named."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.actions import steps
from labctl.actions.base import REGISTRY
from labctl.errors import UsageError

EVERY_ACTION: list[dict[str, dict[str, Any]]] = [
    {"deploy": {"component": "checkout", "release": "2.4.0"}},
    {"deploy": {"component": "checkout", "from": "/my/files"}},
    {"rollback": {"component": "checkout"}},
    {"set": {"component": "checkout", "DB_POOL_MAX": "8", "DB_POOL_TIMEOUT": None}},
    {"flag": {"name": "maintenance", "value": "on"}},
    {"limit": {"component": "edge", "memory": "256m", "cpus": 0.5}},
    {"scale": {"component": "checkout", "replicas": 3}},
    {"restart": {"component": "postgres"}},
    {
        "link": {
            "name": "catalog-postgres",
            "latency": "80ms",
            "jitter": "5ms",
            "stream": "upstream",
            "share": 0.5,
        }
    },
    {"link": {"name": "catalog-cache", "down": True}},
    {"link": {"name": "catalog-cache", "latency": None}},
    {"session": {"name": "report", "database": "shop", "user": "analytics", "do": ["a", "b"], "stays": True}},
    {"session": {"name": "report", "do": None}},
    {
        "job": {
            "name": "figures",
            "every": "2s",
            "do": "select 1",
            "works": "700ms",
            "database": "reporting",
            "user": "shop",
            "active": True,
        }
    },
    {"job": {"name": "figures", "do": None}},
    {
        "sql": {
            "database": "shop",
            "user": "postgres",
            "do": "analyze",
            "undo": ["a", "b"],
            "verify": "select 1",
        }
    },
]


@pytest.mark.parametrize("step", EVERY_ACTION, ids=lambda step: next(iter(step)))
def test_a_step_survives_being_read_and_written(step: dict[str, dict[str, Any]]) -> None:
    """What the journal holds is what was done."""
    assert steps.dump(steps.parse(step)) == step


def test_every_action_is_tried_here() -> None:
    """A new action belongs in the list above."""
    assert {name for step in EVERY_ACTION for name in step} == set(REGISTRY)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"deplyo": {}}, r"no action 'deplyo' \(did you mean 'deploy'\?\)"),
        ({"restart": {"componet": "edge"}}, r"no parameter 'componet' \(did you mean 'component'\?\)"),
        ({"restart": {}}, "restart lacks 'component'"),
        ({"restart": "edge"}, "restart takes parameters"),
        ({"restart": {"component": "edge"}, "scale": {}}, "a step is one action"),
        ({"scale": {"component": "edge", "replicas": 99}}, "replicas: .*less than or equal to 10, and is 99"),
        ({"limit": {"component": "edge", "memory": "lots"}}, "'lots' is no size"),
    ],
)
def test_a_mistake_is_named_with_what_was_meant(step: dict[str, Any], said: str) -> None:
    """In words of the file, never of the parser."""
    with pytest.raises(UsageError, match=said):
        steps.parse(step)


def test_all_mistakes_come_at_once_and_each_with_its_path() -> None:
    """So that a file's reader can point at each."""
    with pytest.raises(steps.InvalidStep) as invalid:
        steps.parse({"scale": {"componet": "edge", "replicas": "many"}})
    assert {problem.path for problem in invalid.value.problems} == {
        ("scale",),
        ("scale", "componet"),
        ("scale", "replicas"),
    }


def test_the_schema_knows_every_action_and_its_parameters() -> None:
    """Editors complete from it."""
    known = steps.schema()["properties"]
    assert set(known) == set(REGISTRY)
    assert set(known["deploy"]["properties"]) == {"component", "release", "from"}
    assert set(known["flag"]["properties"]) == {"name", "value"}
    assert known["set"]["additionalProperties"] is False
    assert list(known["set"]["patternProperties"]) == ["^[A-Z][A-Z0-9_]*$"]
    assert all(schema["description"] for schema in known.values())
