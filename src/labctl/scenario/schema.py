"""JSON Schemas of the files that people write, in features of draft 7, for editors.

`labctl schema` prints one; `python -m labctl.scenario.schema` writes all of them to `schemas/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labctl import assets
from labctl.scenario.model import Scenario
from labctl.slo.openslo_file import Slo

DRAFT = "http://json-schema.org/draft-07/schema#"
DEFINITIONS = "#/definitions/{model}"


def schema() -> dict[str, Any]:
    """Of scenario files, as plain data; steps, which come in many places, are written once."""
    found = Scenario.model_json_schema(ref_template=DEFINITIONS)
    shared = found.pop("$defs")
    names = {"faults": "action", "noise": "noise"}
    steps = {name: found["properties"][key]["items"] for key, name in names.items()}
    steps["step"] = shared["Fix"]["properties"]["do"]["items"]
    referring = _refer({**found, "definitions": shared}, steps)
    referring["definitions"] |= steps
    return _finished("Scenario of Incident Lab", referring)


def slo_schema() -> dict[str, Any]:
    """Of the OpenSLO files in `slos/`: the part of OpenSLO v1 that the lab reads."""
    found = Slo.model_json_schema(ref_template=DEFINITIONS)
    definitions = found.pop("$defs")
    return _finished("SLO of Incident Lab", {**found, "definitions": definitions})


@dataclass(frozen=True)
class Schema:
    """One kind of file: how its schema is made, and where the repository keeps it."""

    file: tuple[str, str]
    make: Callable[[], dict[str, Any]]

    def text(self) -> str:
        """The schema as it is kept in the repository."""
        return json.dumps(self.make(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


SCHEMAS: Mapping[str, Schema] = {
    "scenario": Schema(("schemas", "scenario.schema.json"), schema),
    "slo": Schema(("schemas", "slo.schema.json"), slo_schema),
}
"""By the name that `labctl schema` takes. Another kind of file adds a line here."""


def _finished(title: str, plain: dict[str, Any]) -> dict[str, Any]:
    bare: dict[str, Any] = _without_titles(plain)
    return {"$schema": DRAFT, "title": title, **bare}


def _refer(part: Any, shared: dict[str, Any]) -> Any:
    for name, each in shared.items():
        if part == each:
            return {"$ref": DEFINITIONS.format(model=name)}
    if isinstance(part, dict):
        return {key: _refer(value, shared) for key, value in part.items()}
    return [_refer(each, shared) for each in part] if isinstance(part, list) else part


def _without_titles(part: Any) -> Any:
    """Titles that pydantic made of names say nothing; a property that is called title stays."""
    if isinstance(part, dict):
        kept = {key: value for key, value in part.items() if key != "title" or not isinstance(value, str)}
        return {key: _without_titles(value) for key, value in kept.items()}
    return [_without_titles(each) for each in part] if isinstance(part, list) else part


if __name__ == "__main__":
    for each in SCHEMAS.values():
        assets.root().joinpath(*each.file).write_text(each.text(), encoding="utf-8")
