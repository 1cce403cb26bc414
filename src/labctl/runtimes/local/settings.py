"""What a stack of plain processes finds in its settings folder beside flags and endpoints."""

from __future__ import annotations

from collections.abc import Mapping

from labctl.runtimes import journeys
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.job import Part
from labctl.runtimes.local.layout import Layout
from labctl.slo import openslo, rules, scrape
from labctl.stack.compose import Stack


def render(stack: Stack, places: Layout, parts: Mapping[str, Part]) -> None:
    """Installed journeys, and the configuration of Prometheus and Alertmanager where the stack has them."""
    journeys.lay_out(places)
    by_recipe = {part.recipe: part for part in parts.values()}
    alertmanager = by_recipe.get("alertmanager")
    if alertmanager:
        places.alertmanager.mkdir(exist_ok=True)
        (places.alertmanager / "alertmanager.yml").write_text(scrape.alertmanager_yml())
    if "prometheus" in by_recipe:
        places.prometheus.mkdir(exist_ok=True)
        port = alertmanager.port_of(alertmanager.port) if alertmanager else None
        config = scrape.prometheus_yml(
            stack, discovery="file", folder=str(places.prometheus), alertmanager=f"{HOST}:{port or 9}"
        )
        (places.prometheus / "prometheus.yml").write_text(config)
        jobs = [component.name for component in scrape.scraped(stack)]
        (places.prometheus / "rules.yml").write_text(rules.render(openslo.objectives(), jobs))
