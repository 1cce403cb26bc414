"""Prometheus; its configuration lies in settings/, where `settings.render` wrote it."""

from __future__ import annotations

from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    place.data.mkdir(parents=True, exist_ok=True)
    argv = [
        str(place.program("prometheus")),
        f"--config.file={place.layout.prometheus / 'prometheus.yml'}",
        f"--storage.tsdb.path={place.data}",
        f"--web.listen-address={HOST}:{place.port}",
        "--log.level=warn",
    ]
    return Launch(argv, {**place.basics(place.data), **place.environment}, cwd=place.data)


RECIPE = Recipe(launch, needs=("prometheus",))
