"""Where the lab's own files are: `docker-compose.yml`, services, SLOs, scenarios, schemas."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_MARKER = "docker-compose.yml"


@cache
def root() -> Path:
    """The folder that holds the assets: the checkout, or `labctl/_assets` of an installed wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent
    return checkout if (checkout / _MARKER).is_file() else package / "_assets"


def path(*parts: str) -> Path:
    """One asset by its path from `root()`; FileNotFoundError when this installation lacks it."""
    found = root().joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"this installation of labctl lacks {found}")
    return found
