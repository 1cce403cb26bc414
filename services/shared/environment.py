"""Settings that need a restart: environment variables, read once, each with its default in code."""

from __future__ import annotations

import os
from pathlib import Path

from shared import values


def text(name: str, default: str | None = None) -> str:
    """The variable, or its default; SystemExit naming it when it has neither."""
    value = os.environ.get(name) or default
    if value is None:
        raise SystemExit(f"the environment lacks {name}")
    return value


def number(name: str, default: float) -> float:
    return _parsed(name, os.environ.get(name), default, values.number)


def whole(name: str, default: int) -> int:
    return int(number(name, default))


def seconds(name: str, default: float) -> float:
    return _parsed(name, os.environ.get(name), default, values.duration)


def share(name: str, default: float) -> float:
    return _parsed(name, os.environ.get(name), default, values.percent)


def address(name: str) -> tuple[str, int]:
    """A `host:port` variable as its two parts."""
    host, _, port = text(name).rpartition(":")
    if not host or not port.isdigit():
        raise SystemExit(f"{name} must look like host:port and is {text(name)!r}")
    return host, int(port)


def _parsed(name: str, value: str | None, default: float, parse: values.Parser) -> float:
    if not value:
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise SystemExit(f"{name}: {error}") from None


SERVICE = text("SERVICE", "service")
REPLICA = text("REPLICA", f"{SERVICE}-1")
RELEASE = text("RELEASE", "unknown")
SETTINGS_DIR = Path(text("SETTINGS_DIR", "/settings"))
