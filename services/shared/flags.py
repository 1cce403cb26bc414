"""Flags: switches and tunables that take effect while a service runs.

`flags.toml` declares each with its kind and default, a service's own one those that nobody else may
see; `flags.json` in the settings folder, or a sealed file beside it, holds the values that differ. A
value that its kind does not allow is logged and the default stands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Gauge

from shared import environment, values
from shared.logs import Log
from shared.watched import WatchedFile, unsealed

_LOG = Log("flags")
_WRITTEN = Gauge("flags_written_timestamp_seconds", "When the flags in force were written; 0 without a file")
_HERE = Path(__file__).resolve().parent.parent
_DECLARATIONS = (_HERE / "flags.toml", _HERE / environment.SERVICE / "flags.toml")
_PARSERS: Mapping[str, values.Parser] = {
    "switch": values.switch,
    "percent": values.percent,
    "duration": values.duration,
    "number": values.number,
}


@dataclass(frozen=True)
class Declaration:
    name: str
    component: str
    kind: str
    default: str
    about: str

    def parse(self, value: str) -> float | str:
        """What the text means for this kind; ValueError when it may not be."""
        return value if self.kind == "text" else _PARSERS[self.kind](value)


def declarations(paths: Sequence[Path] = _DECLARATIONS) -> dict[str, Declaration]:
    """Every flag by name, of those files that there are."""
    rows = [row for path in paths if path.is_file() for row in tomllib.loads(path.read_text())["flag"]]
    return {row["name"]: Declaration(**row) for row in rows}


class Flags:
    """The values in force; a name that was never declared is a KeyError."""

    def __init__(
        self, declared: Mapping[str, Declaration], file: WatchedFile, sealed: WatchedFile | None = None
    ) -> None:
        self._declared = declared
        self._file = file
        self._sealed = sealed
        self._version = (-1, -1)
        self._values: dict[str, float | str] = {}

    def on(self, name: str) -> bool:
        return bool(self._value(name))

    def number(self, name: str) -> float:
        return float(self._value(name))

    def whole(self, name: str) -> int:
        return int(self._value(name))

    def seconds(self, name: str) -> float:
        return float(self._value(name))

    def share(self, name: str) -> float:
        """A percentage as 0..1."""
        return float(self._value(name))

    def text(self, name: str) -> str:
        return str(self._value(name))

    def written_at(self) -> float:
        """When the values in force were written, epoch seconds; 0 while there is no file."""
        self._file.content()
        return self._file.written_at

    def _value(self, name: str) -> float | str:
        chosen = self._file.content()
        hidden = self._sealed.content() if self._sealed else {}
        version = (self._file.version, self._sealed.version if self._sealed else 0)
        if version != self._version:
            self._version, chosen = version, {**chosen, **hidden}
            self._values = {key: self._parsed(flag, chosen.get(key)) for key, flag in self._declared.items()}
        return self._values[name]

    def _parsed(self, flag: Declaration, value: object) -> float | str:
        if value is not None:
            try:
                return flag.parse(str(value))
            except ValueError as error:
                _LOG.error("flag has no valid value, its default stands", flag=flag.name, error=str(error))
        return flag.parse(flag.default)


def live(
    settings: Path = environment.SETTINGS_DIR, declared: Mapping[str, Declaration] | None = None
) -> Flags:
    """The flags of the settings folder, re-read when its files change; a service's own unless told."""
    sealed = WatchedFile(settings / "third-party.sealed", parse=unsealed)
    known = declarations() if declared is None else declared
    return Flags(known, WatchedFile(settings / "flags.json"), sealed)


flags = live()
_WRITTEN.set_function(flags.written_at)
