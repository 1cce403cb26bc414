"""Puts the files that a lab needs beside the code (`docker-compose.yml`, services, ...) into the wheel.

Only into a real wheel: in an editable install, copies would grow stale while `labctl.assets` reads
the checkout.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = (
    "docker-compose.yml",
    "images",
    "requirements/lab.txt",
    "services",
    "slos",
    "runbooks",
    "scenarios",
    "schemas",
    "grafana",
)


class AssetsHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for name in ASSETS:
            if (Path(self.root) / name).exists():
                build_data["force_include"][name] = f"labctl/_assets/{name}"
