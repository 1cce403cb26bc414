"""The settings that `docker compose up` starts with where no labctl writes any: images/settings/.

They are in the images of Prometheus and Alertmanager, from where the engine copies them into the empty
volume. A test compares them; `python -m labctl.runtimes.docker.by_hand` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

from labctl import assets
from labctl.slo import openslo, rules, scrape
from labctl.stack.compose import load_stack


def files() -> dict[str, str]:
    """The text of each file by its path below `settings/`; replicas are found by DNS."""
    stack = load_stack()
    jobs = [component.name for component in scrape.scraped(stack)]
    return {
        "prometheus/prometheus.yml": scrape.prometheus_yml(stack, discovery="dns"),
        "prometheus/rules.yml": rules.render(openslo.objectives(assets.path("slos")), jobs),
        "alertmanager/alertmanager.yml": scrape.alertmanager_yml(),
    }


def write(folder: Path) -> None:
    for name, text in files().items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(assets.path("images") / "settings")
