"""Packages that extend the lab, as pip would leave them, for tests to install and to break."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from labctl import assets

VISIT = """
from load.journeys.visit import Visit, require, require_product

def visit(visit: Visit) -> None:
    product = visit.keys.product(visit.random)
    require(require_product(visit.get(f"/api/products/{product}")) == product, "another product")
"""


def install(folder: Path, name: str, points: str, **modules: str) -> Path:
    """A folder for sys.path with a package as pip would leave it: modules and entry points."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(points))
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return folder


def bring(folder: Path, monkeypatch: pytest.MonkeyPatch, *journeys: str) -> Path:
    """Install a package with these journeys for one test; the folder that holds their files."""
    pack = folder / "their_journeys"
    pack.mkdir(parents=True)
    (pack / "__init__.py").touch()
    for journey in journeys:
        write(pack, journey)
    points = "[labctl.journeys]\nall = their_journeys\n"
    monkeypatch.syspath_prepend(install(folder, "their-journeys", points))
    monkeypatch.delitem(sys.modules, "their_journeys", raising=False)
    return pack


def write(folder: Path, journey: str) -> None:
    """A whole journey: visits to product pages, half a second, six per second."""
    slo = assets.path("slos", "product.yaml").read_text(encoding="utf-8")
    theirs = (
        slo.replace("name: product\n", f"name: {journey}\n")
        .replace('journey="product"', f'journey="{journey}"')
        .replace("threshold: 300ms", "threshold: 500ms")
        .replace("deadline: 5s\n", "deadline: 5s\n    incident-lab/rate: 6/s\n")
    )
    (folder / f"{journey}.yaml").write_text(theirs)
    (folder / f"{journey.replace('-', '_')}.py").write_text(VISIT)
    (folder / f"{journey}.md").write_text(f"# The runbook of {journey}\n")
