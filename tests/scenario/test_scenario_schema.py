"""The JSON Schemas in `schemas/`: current, complete, and in features that editors know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labctl import assets
from labctl.actions.base import REGISTRY
from labctl.scenario.schema import SCHEMAS, schema

EACH = pytest.mark.parametrize("kind", SCHEMAS)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from parts(each)


@EACH
def test_the_file_is_current(kind: str) -> None:
    """After a change to a model or an action: python -m labctl.scenario.schema."""
    assert assets.path(*SCHEMAS[kind].file).read_text(encoding="utf-8") == SCHEMAS[kind].text()


def undescribed(found: dict[str, Any]) -> list[str]:
    """The keys of any object, an action's parameters included, of which an editor could say nothing."""
    missing = []
    for part in parts(found):
        properties = part.get("properties", {})
        if not isinstance(properties, dict) or "type" not in part:
            continue  # a property that is itself called properties
        for name, field in properties.items():
            meant = {
                **found.get("definitions", {}).get(str(field.get("$ref")).rpartition("/")[2], {}),
                **field,
            }
            if not meant.get("description"):
                missing.append(f"{name} of {part.get('description')}")
    return missing


@EACH
def test_every_field_is_described(kind: str) -> None:
    """An editor shows the meaning of every key: of files, their parts, actions and actions' parameters."""
    assert undescribed(SCHEMAS[kind].make()) == []


@EACH
def test_every_choice_is_described(kind: str) -> None:
    """A list of allowed words stands under a key whose description says what they are about."""
    found = SCHEMAS[kind].make()
    named = [part for part in found.get("definitions", {}).values() if "enum" in part]
    assert [part["enum"] for part in named if not part.get("description")] == []


def test_a_missing_description_would_be_found() -> None:
    """The test above can fail."""
    found = schema()
    del found["definitions"]["action"]["properties"]["restart"]["properties"]["component"]["description"]
    assert undescribed(found) == ["component of Stop a component's replicas and start them again."]


def test_steps_are_written_once() -> None:
    """Every list of steps refers to one definition, which knows every action."""
    found = schema()
    assert found["properties"]["faults"]["items"] == {"$ref": "#/definitions/action"}
    assert found["definitions"]["Fix"]["properties"]["do"]["items"] == {"$ref": "#/definitions/step"}
    assert set(found["definitions"]["step"]["properties"]) == {*REGISTRY, "wait"}


@EACH
def test_only_features_of_draft_7(kind: str) -> None:
    """Editors know no later words; every reference leads somewhere."""
    found = SCHEMAS[kind].make()
    for part in parts(found):
        assert not {"$defs", "prefixItems", "unevaluatedProperties"} & set(part)
        if isinstance(reference := part.get("$ref"), str):
            assert reference.removeprefix("#/definitions/") in found["definitions"]


@pytest.mark.parametrize("path", sorted(assets.path("scenarios").rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_editors_line_of_each_scenario_leads_to_the_schema(path: Path) -> None:
    """From where the file lies."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    target = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert target.resolve() == assets.path(*SCHEMAS["scenario"].file).resolve()
