"""The exporter for Redis. Environment: TARGET, PASSWORD."""

from __future__ import annotations

from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.process import Launch
from labctl.runtimes.local.recipes.base import Place, Recipe


def launch(place: Place) -> Launch:
    place.tree.mkdir(parents=True, exist_ok=True)
    environment = {
        **place.basics(place.tree),
        "REDIS_ADDR": f"redis://{place.environment['TARGET']}",
        "REDIS_PASSWORD": place.environment["PASSWORD"],
    }
    argv = [str(place.program("redis-exporter")), f"--web.listen-address={HOST}:{place.port}"]
    return Launch(argv, environment, cwd=place.tree)


RECIPE = Recipe(launch, needs=("redis-exporter",), probe_every_s=5.0)  # each probe is a whole scrape
