"""The lab's images, named after what went into them: another source is another tag, never a stale image."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from labctl import assets

REPOSITORY = "incident-lab/"
TARGETS = ("services", "postgres", "redis", "prometheus", "alertmanager", "exporters")
_SOURCES = ("images", "requirements/lab.txt", "services", "slos")


@cache
def key() -> str:
    """Twelve hex digits of everything that the images are built from."""
    digest = hashlib.sha256()
    root = assets.root()
    for file in sorted(_files(root), key=str):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def tagged(image: str) -> str:
    """One of our images with the tag of this installation; another's as it is."""
    return f"{image}:{key()}" if image.startswith(REPOSITORY) and ":" not in image else image


def names() -> list[str]:
    """Every image of this installation, with its tag."""
    return [tagged(f"{REPOSITORY}{target}") for target in TARGETS]


def _files(root: Path) -> list[Path]:
    found = []
    for source in _SOURCES:
        place = assets.path(*source.split("/"))
        found += [place] if place.is_file() else [each for each in place.rglob("*") if each.is_file()]
    return [each for each in found if "__pycache__" not in each.relative_to(root).parts]
