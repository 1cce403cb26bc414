"""The incidents there are."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labctl.cli.choice import AsJson
from labctl.cli.terminal import document, out, say, table, width

if TYPE_CHECKING:
    from labctl.oncall.progress import Tried
    from labctl.scenario.model import Scenario

_LEARNER = ("code", "family", "level", "title")


def list_(
    spoilers: Annotated[
        bool, typer.Option("--spoilers", help="With ids, which give the causes away.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from labctl import extensions
    from labctl.oncall import progress
    from labctl.scenario import catalog

    fields = (*_LEARNER, "id") if spoilers else _LEARNER
    rows = sorted(catalog.all(), key=lambda scenario: (scenario.family, scenario.code))
    for broken in extensions.broken():
        say(f"warning: {broken}")
    done = progress.fold(progress.all_kept())
    if as_json:
        document({"incidents": [_fields(each, fields) | _progress(done, each) for each in rows]})
        return
    names = ("code", "level", "family", *(("id",) if spoilers else ()))
    cells = [(*_fields(each, names).values(), *_shown(done, each), each.title) for each in rows]
    header = [name.upper() for name in (*names, "done", "tries", "best", "title")]
    out(table(header, cells, right=(1, len(names) + 1), fit=width()))


def _fields(scenario: "Scenario", names: Iterable[str]) -> dict[str, str | int]:
    return {name: getattr(scenario, name) for name in names}


def _progress(done: "Mapping[str, Tried]", scenario: "Scenario") -> dict[str, Any]:
    """What became of a scenario's drills, as the learner's own recordings say."""
    tried = done.get(scenario.id)
    if tried is None:
        return {"done": False, "tries": 0, "best": None}
    return {"done": tried.done, "tries": tried.tries, "best": tried.best}


def _shown(done: "Mapping[str, Tried]", scenario: "Scenario") -> tuple[object, ...]:
    plain = _progress(done, scenario)
    return "yes" if plain["done"] else "no", plain["tries"], plain["best"]
