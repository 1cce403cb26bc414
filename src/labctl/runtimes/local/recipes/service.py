"""One of our own services: base and overlay in a fresh tree, run by `services/entrypoint.py`."""

from __future__ import annotations

import sys

from labctl import assets
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    place.tree.parent.mkdir(exist_ok=True)
    environment = {
        **place.basics(place.tree),
        # Compiled modules are shared by all labs, or each start would compile the libraries anew.
        "PYTHONPYCACHEPREFIX": str(place.job.cache / "pycache"),
        **place.environment,
        "LISTEN_HOST": HOST,
        "SERVICE_PORT": str(place.port),
        "REPLICA": place.replica,
        "SETTINGS_DIR": str(place.layout.settings),
        "TREE_DIR": str(place.tree),
    }
    if place.release:
        environment["RELEASE"] = place.release
    if place.part.name == "load":
        environment["SLO_DIR"] = str(assets.path("slos"))
    entrypoint = str(assets.path("services", "entrypoint.py"))
    return Launch([sys.executable, entrypoint], environment, cwd=place.job.folder)


RECIPE = Recipe(launch)
