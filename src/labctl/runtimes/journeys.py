"""What services are told of the journeys that installed packages bring.

`settings/journeys.json` has the promise and the rate of each: the edge counts by it, and load makes and
judges visits by it. `settings/journeys/` has their code, for load alone. It is written once in a lab's
life, so that what is installed meanwhile never makes half a journey of a lab that is up.
"""

from __future__ import annotations

from labctl.errors import UsageError
from labctl.runtimes.base import Site
from labctl.runtimes.local import layout
from labctl.runtimes.local.layout import Layout
from labctl.slo import installed
from labctl.slo.openslo import brought

FOLDER = 0o755  # containers read it, as users of their own


def lay_out(places: Layout) -> None:
    """Tell a new lab of the journeys that are installed now; one that was told keeps what it has."""
    if places.journeys.exists():
        return
    promised = _promised()
    places.journeys_code.mkdir(parents=True, exist_ok=True)
    places.journeys_code.chmod(FOLDER)
    for each in installed.journeys():
        code = places.journeys_code / f"{each.journey}.py"
        layout.replace(code, each.code.read_bytes(), mode=layout.READABLE)
    layout.write(places.journeys, promised, mode=layout.READABLE)  # last: it says that the rest is there


def require_told(site: Site) -> None:
    """UsageError where other journeys are installed than the lab was told of: it could not be judged."""
    told, now = layout.read(Layout(site.folder).journeys) or {}, _promised()
    differing = sorted(name for name in {*told, *now} if told.get(name) != now.get(name))
    if differing:
        raise UsageError(
            f"{site.name} was started with other journeys than are installed now: {', '.join(differing)}",
            hint=f"labctl down --lab {site.name}, then labctl up --name {site.name}",
        )


def _promised() -> dict[str, dict[str, float]]:
    return {
        each.journey: {"threshold_s": each.threshold_s, "deadline_s": each.deadline_s, "rate": each.rate}
        for each in brought()
    }
