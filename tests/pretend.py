"""Programs that pretend to be others."""

from __future__ import annotations

from pathlib import Path


def program(file: Path, says: str = "", *, does: str = "") -> Path:
    """A program that says something and does something."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{does}\ncat <<'END'\n{says}\nEND\n")
    file.chmod(0o755)
    return file
