"""Where things are on a chart: time to the right, the same for all of its panels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labctl.debrief.svg import line, text
from labctl.recording import Recording

_STEPS_S = (10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_NARROW = 560


@dataclass(frozen=True)
class Frame:
    """A stretch of time over a width in pixels."""

    name: str
    zero_s: float  # what times are relative to, seconds since the epoch
    first_s: float
    last_s: float
    left: float
    right: float

    @classmethod
    def over(cls, recording: Recording, zero_s: float, width: int, name: str) -> Frame:
        """As long as the users' seconds and what happened around them."""
        moments = [second.wall_s for second in recording.seconds]
        first = min([recording.began_wall_s, *moments])
        last = max([recording.began_wall_s, *(each + 1 for each in moments)])
        gutter = 60.0 if width <= _NARROW else 72.0
        return cls(name, zero_s, first, max(last, first + 1), gutter, width - 12.0)

    @property
    def narrow(self) -> bool:
        return self.right < _NARROW

    def x(self, wall_s: float) -> float:
        """Pixels from the left; what lies outside is drawn at the edge."""
        share = (wall_s - self.first_s) / (self.last_s - self.first_s)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def ticks(self) -> Iterator[float]:
        """Round moments before and after the page, at most one every 60 pixels."""
        span = self.last_s - self.first_s
        room = (self.right - self.left) / 60
        step = next((each for each in _STEPS_S if span / each <= room), _STEPS_S[-1])
        at = -int((self.zero_s - self.first_s) // step) * step
        while self.zero_s + at <= self.last_s:
            yield self.zero_s + at
            at += step


def offset(seconds: float) -> str:
    """`+1:05`, `−0:12`, `0:00`: minutes and seconds from the page."""
    whole = round(seconds)
    sign = "+" if whole > 0 else "−" if whole < 0 else ""
    minutes, rest = divmod(abs(whole), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def axis(frame: Frame, top: float) -> list[str]:
    """The time below the last panel, relative to the page."""
    drawn = []
    for at in frame.ticks():
        x = frame.x(at)
        drawn.append(line([(x, top), (x, top + 5)], class_="il-grid"))
        drawn.append(text(x, top + 18, offset(at - frame.zero_s), class_="il-tick il-mid"))
    return [line([(frame.left, top), (frame.right, top)], class_="il-axis"), *drawn]
