"""What the containers find in their settings folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl.runtimes import journeys
from labctl.runtimes.docker.chronicle import Life
from labctl.runtimes.docker.places import Places
from labctl.runtimes.docker.plan import Plan
from labctl.runtimes.local import layout
from labctl.slo import openslo, rules, scrape
from labctl.stack.compose import Stack
from labctl.stack.flags import foreign
from labctl.stack.wanted import Wanted

_READABLE = 0o644  # containers run as users of their own


def render(stack: Stack, places: Places, want: Wanted) -> None:
    """Flags, installed journeys, and what Prometheus and Alertmanager are told where the stack has them."""
    layout.tell_flags(places, want.flags, foreign(stack))
    journeys.lay_out(places)
    by_recipe = {component.recipe: component for component in stack.components.values()}
    alertmanager = by_recipe.get("alertmanager")
    if alertmanager:
        _write_text(places.alertmanager / "alertmanager.yml", scrape.alertmanager_yml())
    if "prometheus" in by_recipe:
        where = f"{alertmanager.name}:{alertmanager.port}" if alertmanager else "127.0.0.1:9"
        config = scrape.prometheus_yml(stack, discovery="file", alertmanager=where)
        _write_text(places.prometheus / "prometheus.yml", config)
        jobs = [component.name for component in scrape.scraped(stack)]
        _write_text(places.prometheus / "rules.yml", rules.render(openslo.objectives(), jobs))


def announce(stack: Stack, places: Places, plan: Plan, lives: dict[str, Life]) -> None:
    """Who may be sent requests, and what Prometheus scrapes, by names that the engine's DNS knows.

    A replica is listed from the first time it was ready until it retires (`lives` may leave it out while
    it is restarted). Its name resolves only while
    it runs, to the address that it has then; so a dead one is refused at once, and nobody need watch.
    """
    endpoints: dict[str, list[str]] = {}
    for name, component in stack.components.items():
        serving = [each for each in plan.of(name) if each.name in lives and lives[each.name].arrived]
        for port in component.ports:
            endpoints[f"{name}:{port}"] = [f"{each.name}:{port}" for each in serving]
    _write(places.endpoints, endpoints)
    members = {
        name: [(each.name, f"{each.name}:{component.port}") for each in plan.of(name)]
        for name, component in stack.components.items()
        if component.metrics
    }
    if places.prometheus.is_dir():
        _write_text(places.targets, scrape.targets(members))


def _write(path: Path, plain: Any) -> None:
    if layout.read(path) != plain:
        layout.write(path, plain, mode=_READABLE)
        path.chmod(_READABLE)  # whatever the umask says


def _write_text(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        draft = path.with_name(f".{path.name}")
        draft.write_text(text)
        draft.chmod(_READABLE)
        draft.replace(path)
