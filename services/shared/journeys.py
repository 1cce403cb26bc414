"""Journeys beside the shop's own: whoever runs the shop may bring some, and tells of them in its settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shared import environment

HEADER = "x-journey"
"""By which a request says that it belongs to one of these, and not to the journey of its path."""


@dataclass(frozen=True)
class Told:
    """A good answer comes within `threshold_s`; `rate` is visits per second at a weekday's peak."""

    threshold_s: float
    deadline_s: float
    rate: float


def told(settings: Path = environment.SETTINGS_DIR) -> dict[str, Told]:
    """Each by its name, as of `journeys.json` now; none where there is no such file."""
    file = settings / "journeys.json"
    return (
        {name: Told(**each) for name, each in json.loads(file.read_text()).items()} if file.is_file() else {}
    )
