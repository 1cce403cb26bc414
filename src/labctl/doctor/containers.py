"""What the docker runtime needs, held against what is here, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labctl.doctor import base_image, build, debian, engine, machine
from labctl.doctor.diagnosis import Check, Diagnosis, python, size
from labctl.doctor.machine import Machine
from labctl.doctor.steps import Narrate

OLDEST_ENGINE = (20, 10)
OLDEST_COMPOSE = (2, 20)
NEEDS = "labctl doctor --fix --runtime docker"


def diagnose(
    home: Path,
    *,
    answering: Callable[[], str | None] = machine.docker_engine,
    plugin: Callable[[str], str | None] = engine.plugin,
    missing_images: Callable[[], list[str]] = build.missing,
    look: Callable[[Path], Machine] = machine.look,
) -> Diagnosis:
    """Look at this machine for the docker runtime."""
    version = answering()
    compose, buildx = plugin("compose"), plugin("buildx")
    lacking = missing_images() if version else []
    checks = [
        python(),
        _versioned("Docker engine", version, OLDEST_ENGINE),
        _versioned("Docker Compose", compose, OLDEST_COMPOSE),
        # Only building needs it; the images may come from elsewhere.
        Check("Docker buildx", "any", buildx, None, fine=bool(buildx), required=bool(lacking)),
        Check(
            "images",
            "of this version",
            None if not version or lacking else "built",
            None,
            fine=bool(version) and not lacking,
        ),
        *size(look(home), home),
    ]
    return Diagnosis(tuple(checks))


def fix(narrate: Narrate) -> None:
    """Have an engine that answers, its plugins and the images; CannotRunHere saying what is in the way."""
    narrate(f"Docker engine {engine.ensure(narrate)}")
    lacking = build.missing()
    needed = ["compose", "buildx"] if lacking else ["compose"]
    absent = [name for name in needed if not engine.plugin(name)]
    if lacking or absent:
        base_image.ensure(narrate)
    if absent:
        engine.add_plugins(absent, narrate)
    if lacking:
        build.build(lacking, narrate)


def commands(diagnosis: Diagnosis, *, tried: bool = False) -> list[str]:
    """What to type next; empty when nothing is missing."""
    if not diagnosis.missing or tried:
        return []
    if machine.docker_engine() or (debian.is_debian() and debian.as_root() is not None):
        return [NEEDS]
    return ["install and start Docker with its plugins `compose` and `buildx`", NEEDS]


def _versioned(name: str, found: str | None, oldest: tuple[int, int]) -> Check:
    fine = found is not None and _numbers(found) >= oldest
    return Check(name, ".".join(map(str, oldest)), found, None, fine=fine)


def _numbers(version: str) -> tuple[int, ...]:
    head = version.lstrip("v").split("-")[0].split("+")[0].split(".")[:2]
    return tuple(int(part) if part.isdecimal() else 0 for part in head)
