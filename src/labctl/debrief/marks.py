"""How markers are drawn: shapes in lanes above the curves, lines and stretches across them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labctl.debrief.frame import Frame
from labctl.debrief.markers import LANES, Marker
from labctl.debrief.moments import Moments
from labctl.debrief.svg import area, element, line, text, titled

LANE = 24.0
_LETTER_PX = 6.4
_LABELS = 18.0


def lanes(frame: Frame, marked: Sequence[Marker]) -> tuple[str, float]:
    """The lanes with their markers, and how high they are."""
    parts: list[str] = [_labels(frame, marked)]
    top = _LABELS
    for lane in LANES:
        here = [marker for marker in marked if marker.lane == lane]
        if not here:
            continue
        middle = top + LANE / 2
        parts.append(text(frame.left - 8, middle + 4, lane, class_="il-tick il-end"))
        parts.append(line([(frame.left, middle), (frame.right, middle)], class_="il-lane"))
        parts += [titled(each.said, _shape(each, frame.x(each.wall_s), middle)) for each in here]
        top += LANE
    return "".join(parts), top


def uprights(frame: Frame, marked: Sequence[Marker], top: float, bottom: float) -> list[str]:
    """Thin lines down from what matters most."""
    drawn = []
    for marker in marked:
        kind = {"down": "il-up-fault", "square": "il-up-page", "up": "il-up-well", "letter": "il-up-change"}
        if marker.shape not in kind or (marker.lane == "words"):
            continue
        x = frame.x(marker.wall_s)
        drawn.append(line([(x, top), (x, bottom)], class_=f"il-upright {kind[marker.shape]}"))
    return drawn


def stretches(frame: Frame, known: Moments, top: float, bottom: float) -> list[str]:
    """The incident, the hold and the challenge, each with a pattern of its own."""
    found = []
    until = known.well or known.ended
    if known.red is not None and until > known.red:
        found.append(("Users are hurt", "hurt", known.red, until))
    if known.well is not None and known.held is not None and known.held > known.well:
        found.append(("The hold", "hold", known.well, known.held))
        challenged = known.challenged or known.held
        if known.judged is not None and known.judged > challenged:
            found.append(("The challenge", "trial", challenged, known.judged))
    drawn = []
    for said, kind, first, last in found:
        x, width = frame.x(first), frame.x(last) - frame.x(first)
        fill = None if kind == "hurt" else f"url(#{frame.name}-{kind})"
        box = element("rect", x=x, y=top, width=width, height=bottom - top, fill=fill, class_=f"il-{kind}")
        drawn.append(titled(said, box))
        if kind != "hurt" and width > 36:
            word = "hold" if kind == "hold" else "challenge"
            if width > len(word) * _LETTER_PX + 6:
                drawn.append(text(x + 4, bottom - 6, word, class_="il-small"))
    return drawn


def _labels(frame: Frame, marked: Sequence[Marker]) -> str:
    """Words above the incident's lane, as far as there is room for them."""
    drawn, free_from = [], frame.left - 20
    for marker in (each for each in marked if each.lane == "incident" and each.label):
        half = len(marker.label) * _LETTER_PX / 2
        x = min(max(frame.x(marker.wall_s), frame.left - 16 + half), frame.right + 10 - half)
        if x - half < free_from:
            if x + half < free_from or frame.x(marker.wall_s) + half < free_from:
                continue
            x = free_from + half
            if x + half > frame.right + 10:
                continue
        drawn.append(text(x, 12, marker.label, class_="il-label il-mid"))
        free_from = x + half + 8
    return "".join(drawn)


def _shape(marker: Marker, x: float, y: float) -> str:
    if marker.shape in _DRAWN:
        return _DRAWN[marker.shape](marker, x, y)
    return line([(x, y - 6), (x, y + 6)], class_="il-look")


def _square(marker: Marker, x: float, y: float) -> str:
    box = element("rect", x=x - 6, y=y - 6, width=12, height=12, rx=2, class_="il-mark")
    return box + text(x, y + 4, "!" if marker.lane == "incident" else "✓", class_="il-inside")


def _circle(x: float, y: float, radius: float, kind: str) -> str:
    return element("circle", cx=x, cy=y, r=radius, class_=kind)


def _letter(marker: Marker, x: float, y: float) -> str:
    return _circle(x, y, 8.0, "il-mark") + text(x, y + 4, marker.label, class_="il-inside")


def _diamond(x: float, y: float) -> str:
    return area([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], class_="il-ring")


_DRAWN: dict[str, Callable[[Marker, float, float], str]] = {
    "down": lambda _, x, y: area([(x - 7, y - 6), (x + 7, y - 6), (x, y + 7)], class_="il-fault"),
    "up": lambda _, x, y: area([(x - 7, y + 6), (x + 7, y + 6), (x, y - 7)], class_="il-well"),
    "square": _square,
    "letter": _letter,
    "ring": lambda _, x, y: _circle(x, y, 6.0, "il-ring") + _circle(x, y, 2.0, "il-dot"),
    "query": lambda _, x, y: _circle(x, y, 7.0, "il-ring") + text(x, y + 4, "?", class_="il-ask"),
    "hollow": lambda _, x, y: _diamond(x, y),
    "dot": lambda _, x, y: _circle(x, y, 4.5, "il-dot"),
}
