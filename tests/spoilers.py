"""What would give an incident away before the debrief, and where it is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl.scenario import catalog
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act
from labctl.stack.compose import load_stack
from labctl.stack.flags import foreign

_TELLING = ("fault", "decoy", "scenario")
_WHOLE = r"(?<![a-z0-9_])(?:{})s?(?![a-z0-9_])"


@dataclass(frozen=True)
class Spoilers:
    """Words in lower case of which one must be there, and the expression that finds them whole."""

    words: tuple[bytes, ...]
    expression: re.Pattern[bytes]


def spoilers(scenario: Scenario, *, names_only: bool = False) -> Spoilers:
    """Its id, what third parties are secretly told, and the words of those who make incidents.

    Releases and settings that changed are evidence, not spoilers. `names_only` is for a database's own
    files: Postgres compresses `default` to two pieces, of which one is `fault`.
    """
    acts = [step.action for step in scenario.faults if isinstance(step, Act)]
    guilty = [str(flag) for act in acts if (flag := getattr(act, "flag", None)) in foreign(load_stack())]
    names = sorted({scenario.id, *guilty, *foreign(load_stack())})
    telling = () if names_only else _TELLING
    whole = [_WHOLE.format("|".join(telling))] if telling else []
    expression = "|".join([*map(re.escape, names), *whole])
    words = tuple(word.encode() for word in (*names, *telling))
    return Spoilers(words, re.compile(expression.encode()))


def spoiled(pattern: Spoilers, places: Mapping[str, bytes | str]) -> list[str]:
    """Each place that tells, with what it says."""
    found = []
    for place, content in places.items():
        data = content.encode() if isinstance(content, str) else content
        lowered = data.lower()
        if not any(word in lowered for word in pattern.words):
            continue  # a hundred megabytes of database in a second, not a minute
        if match := pattern.expression.search(lowered):
            around = data[max(0, match.start() - 40) : match.end() + 40]
            found.append(f"{place}: …{around.decode(errors='replace')}…")
    return found


def files(folder: Path, *, without: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below a folder by its path, as anybody would read it; one may vanish meanwhile."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and name not in without:
            try:
                found[name] = path.read_bytes()
            except FileNotFoundError:
                continue
    return found


def scenarios() -> list[Scenario]:
    """The whole catalogue: whoever adds an incident has it looked at."""
    return sorted(catalog.all(), key=lambda scenario: scenario.code)
