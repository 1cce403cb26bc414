"""The exporter for Postgres, on the database `shop`. Environment: TARGET, PASSWORD."""

from __future__ import annotations

from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    place.tree.mkdir(parents=True, exist_ok=True)
    environment = {
        **place.basics(place.tree),
        "DATA_SOURCE_URI": f"{place.environment['TARGET']}/shop?sslmode=disable",
        "DATA_SOURCE_USER": "postgres",
        "DATA_SOURCE_PASS": place.environment["PASSWORD"],
    }
    argv = [
        str(place.program("postgres-exporter")),
        f"--web.listen-address={HOST}:{place.port}",
        "--log.level=warn",
    ]
    return Launch(argv, environment, cwd=place.tree)


RECIPE = Recipe(launch, needs=("postgres-exporter",), probe_every_s=5.0)  # each probe is a whole scrape
