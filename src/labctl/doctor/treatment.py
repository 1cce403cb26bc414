"""What to do about a diagnosis: install it here, or say what a person has to type."""

from __future__ import annotations

from collections.abc import Callable

from labctl.doctor import debian
from labctl.doctor.diagnosis import Diagnosis


def fix(diagnosis: Diagnosis, narrate: Callable[[str], None]) -> bool:
    """Install what is missing and say whether that was tried; CannotRunHere when apt fails."""
    prefix = debian.as_root() if diagnosis.packages and debian.is_debian() else None
    if prefix is None:
        return False
    narrate(f"installing {', '.join(diagnosis.packages)}; their services stay off")
    debian.install(diagnosis.packages, prefix=prefix, narrate=narrate)
    return True


def commands(diagnosis: Diagnosis, *, tried: bool = False) -> list[str]:
    """What to type next, the best first; empty when nothing is missing. `tried`: `fix` was."""
    if not diagnosis.missing:
        return []
    if tried or not diagnosis.packages or not debian.is_debian():
        return [f"install these by other means, so that they are on PATH: {diagnosis.lacks}"]
    if debian.as_root() is not None:
        return ["labctl doctor --fix"]
    return debian.by_hand(diagnosis.packages)
