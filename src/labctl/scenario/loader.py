"""A scenario file as a Scenario, or every mistake in it with its position."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from labctl.errors import InvalidFile, Mistake
from labctl.scenario.mistakes import mistakes
from labctl.scenario.model import Scenario
from labctl.scenario.references import Known, unknown
from labctl.stack.strict_yaml import Document, parse, read

HINT = "labctl new writes a scenario that is right; labctl schema has every key"


def load(path: Path, *, known: Known | None = None) -> Scenario:
    """The scenario in a file; InvalidFile with every mistake of shape and every unknown name."""
    return _scenario(_strictly(path), known)


def opened(path: Path, *, known: Known | None = None) -> tuple[Document, Scenario]:
    """The scenario in a file and the file itself, which is read once; InvalidFile as from `load`."""
    source = _strictly(path)
    return source, _scenario(source, known)


def loads(text: str, name: str, *, known: Known | None = None) -> Scenario:
    """The scenario in `text`; mistakes are reported against `name`."""
    return _scenario(_strictly(name, text), known)


def document(path: Path) -> Document:
    """The file alone, read strictly; for those who point into it."""
    return _strictly(path)


def _strictly(file: Path | str, text: str | None = None) -> Document:
    try:
        return read(Path(file)) if text is None else parse(text, str(file))
    except RecursionError:
        raise InvalidFile([Mistake(str(file), 1, 1, "is nested too deeply to be a scenario")]) from None


def _scenario(source: Document, known: Known | None) -> Scenario:
    if not isinstance(source.data, dict):
        raise InvalidFile(
            [source.mistake((), "a scenario is a mapping, with keys such as id and faults")], hint=HINT
        )
    found = unknown(source, known or Known.of_the_lab())
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as error:
        found = [*mistakes(source, Scenario, error.errors()), *found]
        raise InvalidFile(_once(found), hint=HINT) from None
    if found:
        raise InvalidFile(_once(found), hint=HINT)
    return scenario


def _once(found: list[Mistake]) -> list[Mistake]:
    """One mistake per place: the shape's word before the reference's."""
    places: dict[tuple[int, int, str], Mistake] = {}
    for mistake in found:
        places.setdefault((mistake.line, mistake.column, mistake.message), mistake)
    return list(places.values())
