"""Drills that are over, where they are kept: one recording each, `<home>/drills/<drill id>.json`."""

from __future__ import annotations

from pathlib import Path

from labctl import recording
from labctl.errors import UsageError
from labctl.lab.home import home
from labctl.recording import Recording


def folder() -> Path:
    """Where finished drills are kept, whether or not there is one yet."""
    return home() / "drills"


def newest() -> Recording | None:
    """The drill that began last."""
    kept = [recording.load(path) for path in folder().glob("*.json")]
    return max(kept, key=lambda each: each.began_wall_s, default=None)


def find(name: str) -> Recording:
    """A drill by its id or the beginning of it, or by a file; UsageError when there is none, or several."""
    if name.endswith(".json"):
        return recording.load(Path(name))
    paths = sorted(path for path in folder().glob("*.json") if path.stem.startswith(name))
    if len(paths) == 1:
        return recording.load(paths[0])
    said = "several drills begin" if paths else "there is no drill that begins"
    raise UsageError(f"{said} with {name!r} in {folder()}", hint="labctl debrief shows the newest")


def is_over(recorded: Recording) -> bool:
    """Whether nothing is given away any more: it was mitigated, revealed, ended, or reset away."""
    verdicts = [event.payload["outcome"] for event in recorded.of("verdict")]
    return "mitigated" in verdicts or bool(recorded.of("cause.revealed", "drill.ended", "lab.reset"))
