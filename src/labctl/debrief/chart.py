"""The chart of a drill: what users felt, with everything that was done laid over it, as one SVG.

No script and no request: it is read in a page, printed, or opened alone. Every mark has a title and
a shape of its own; colour only helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labctl.debrief import curves
from labctl.debrief.frame import Frame, axis
from labctl.debrief.markers import markers
from labctl.debrief.marks import lanes, stretches, uprights
from labctl.debrief.moments import Moments, moments
from labctl.debrief.style import STYLE, patterns
from labctl.debrief.svg import area, element, line, text
from labctl.judge.reading import tally
from labctl.recording import Recording
from labctl.slo.burn import PAGES

HURT, BURN, SMALL = 180.0, 80.0, 30.0
"""Heights of the three kinds of panel."""
GAP = 30.0


def chart(
    recording: Recording,
    objectives: Mapping[str, float],
    *,
    width: int = 920,
    name: str = "chart",
    journey: str | None = None,
) -> str:
    """One `<svg>`: the hurt journey large, its burn rate, the other journeys small, markers in lanes.

    `objectives` are targets per journey, 0..1. `name` begins every id, so that several charts may
    stand in one page; `journey` is drawn large, by default the one that was hurt. It needs `width`
    pixels and is as high as it must be.
    """
    known = moments(recording)
    shown = journey or known.journey or _worst(recording, objectives)
    frame = Frame.over(recording, known.zero, width, name)
    marked = markers(recording, objectives)
    drawn, top = lanes(frame, marked)
    head = top
    parts = [drawn]
    parts += _hurt(frame, recording, shown, objectives[shown], top + GAP)
    top += GAP + HURT
    parts += _burn(frame, recording, shown, objectives[shown], top + GAP)
    top += GAP + BURN
    for other in (each for each in objectives if each != shown):
        parts += _small(frame, recording, other, objectives[other], top + GAP * 0.75)
        top += GAP * 0.75 + SMALL
    behind = stretches(frame, known, head + GAP, top)
    across = uprights(frame, marked, head + 4, top)
    height = top + 34
    said = describe(recording, shown, known)
    return element(
        "svg",
        element("title", f"What users felt: {shown}", id=f"{name}-title"),
        element("desc", said, id=f"{name}-desc"),
        element("style", STYLE),
        patterns(name),
        *behind,
        *across,
        *parts,
        *axis(frame, top),
        xmlns="http://www.w3.org/2000/svg",
        class_="il-chart",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        viewBox=f"0 0 {width} {height:.0f}",
    )


def describe(recording: Recording, journey: str, known: Moments) -> str:
    """The chart in words, for who does not see it."""
    whole = tally(recording.seconds, journey)
    said = [f"{journey}: {whole.failed} of {whole.due} requests were not good over {_span(recording)} s."]
    for word, at in (("The fault came", known.injected), ("users were well", known.well)):
        if at is not None:
            said.append(f"{word} {at - known.zero:+.0f} s from the page.")
    said.append(f"The verdict: {known.outcome or 'none'}.")
    return " ".join(said)


def _span(recording: Recording) -> int:
    return len(recording.seconds)


def _worst(recording: Recording, objectives: Mapping[str, float]) -> str:
    return max(objectives, key=lambda name: tally(recording.seconds, name).failed_share)


def _hurt(frame: Frame, recording: Recording, journey: str, target: float, top: float) -> list[str]:
    values = curves.good(recording.seconds, journey)
    title = (
        f"{journey}: good requests, % (5 s)"
        if frame.narrow
        else (f"{journey}: share of good requests over 5 s, objective {target * 100:g} %")
    )
    grid = []
    for share in (0.0, 0.5, 1.0):
        y = top + HURT * (1 - share)
        grid.append(line([(frame.left, y), (frame.right, y)], class_="il-grid"))
        grid.append(text(frame.left - 6, y + 4, f"{share * 100:.0f} %", class_="il-tick il-end"))
    bottom = top + HURT
    points = [(frame.x(each.wall_s), bottom - HURT * each.value) for each in values]
    closed = [(points[0][0], top), *points, (points[-1][0], top)] if points else []
    level = bottom - HURT * target
    return [
        text(frame.left, top - 9, title, class_="il-name"),
        *grid,
        area(closed, class_="il-lost"),
        line([(frame.left, level), (frame.right, level)], class_="il-objective"),
        line(points, class_="il-line"),
    ]


def _burn(frame: Frame, recording: Recording, journey: str, target: float, top: float) -> list[str]:
    values = curves.burn(recording.seconds, journey, target)
    threshold = PAGES[0].burn
    most = max([2 * threshold, *(each.value for each in values)])
    bottom = top + BURN
    points = [(frame.x(each.wall_s), bottom - BURN * each.value / most) for each in values]
    level = bottom - BURN * threshold / most
    said = "burn rate (60 s)" if frame.narrow else "burn rate of the error budget over 60 s"
    return [
        text(frame.left, top - 9, f"{said}, pages above {threshold:g}", class_="il-name"),
        line([(frame.left, bottom), (frame.right, bottom)], class_="il-grid"),
        line([(frame.left, level), (frame.right, level)], class_="il-objective"),
        text(frame.left - 6, bottom + 4, "0", class_="il-tick il-end"),
        text(frame.left - 6, level + 4, f"{threshold:g}", class_="il-tick il-end"),
        *(
            [text(frame.left - 6, top + 4, f"{most:.0f}", class_="il-tick il-end")]
            if most > 3 * threshold
            else []
        ),
        line(points, class_="il-burn"),
    ]


def _small(frame: Frame, recording: Recording, journey: str, target: float, top: float) -> list[str]:
    values = curves.good(recording.seconds, journey)
    bottom = top + SMALL
    points = [(frame.x(each.wall_s), bottom - SMALL * each.value) for each in values]
    lowest = min((each.value for each in values), default=1.0)
    said = f"{journey}: lowest {_percent(lowest)} of {target * 100:g} %"
    closed: Sequence[tuple[float, float]] = (
        [(points[0][0], top), *points, (points[-1][0], top)] if points else []
    )
    return [
        text(frame.left, top - 5, said, class_="il-small"),
        line([(frame.left, bottom), (frame.right, bottom)], class_="il-grid"),
        area(closed, class_="il-lost"),
        line(points, class_="il-line il-thin"),
    ]


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"
