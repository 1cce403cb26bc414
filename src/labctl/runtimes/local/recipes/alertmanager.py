"""Alertmanager, alone: no cluster."""

from __future__ import annotations

from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    place.data.mkdir(parents=True, exist_ok=True)
    argv = [
        str(place.program("alertmanager")),
        f"--config.file={place.layout.alertmanager / 'alertmanager.yml'}",
        f"--storage.path={place.data}",
        f"--web.listen-address={HOST}:{place.port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    return Launch(argv, {**place.basics(place.data), **place.environment}, cwd=place.data)


RECIPE = Recipe(launch, needs=("alertmanager",))
