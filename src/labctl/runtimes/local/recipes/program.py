"""A component that is just its Compose `command`, told where to listen; `python` is this Python."""

from __future__ import annotations

import sys

from labctl.errors import CannotRunHere
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    if not place.part.command:
        raise CannotRunHere(
            f"{place.part.name} has the recipe `program` and no `command` in the Compose file"
        )
    place.tree.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable if word == "python" else word for word in place.part.command]
    environment = {
        **place.basics(place.tree),
        **place.environment,
        "LISTEN_HOST": HOST,
        "SERVICE_PORT": str(place.port),
        "REPLICA": place.replica,
        "SETTINGS_DIR": str(place.layout.settings),
    }
    if place.release:
        environment["RELEASE"] = place.release
    return Launch(argv, environment, cwd=place.tree)


RECIPE = Recipe(launch)
