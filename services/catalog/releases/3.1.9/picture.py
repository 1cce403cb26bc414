"""How the stars of reviews are spread, as a picture: five bars on a canvas, compressed."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

WIDTH, HEIGHT = 1600, 600
_PAPER, _INK = bytes((250, 250, 246, 255)), bytes((240, 160, 30, 255))
_BAR, _LEFT, _LONGEST = 80, 200, 1300


def canvas() -> bytearray:
    """An empty one, four bytes a dot."""
    return bytearray(_PAPER * (WIDTH * HEIGHT))


def drawn(canvas: bytearray, stars: Sequence[int]) -> str:
    """The finished picture as text; a bar for each number of stars, five at the top."""
    for number in range(1, 6):
        length = _LONGEST * stars.count(number) // max(1, len(stars))
        top = (5 - number) * (HEIGHT // 5) + 20
        for line in range(top, top + _BAR):
            at = 4 * (line * WIDTH + _LEFT)
            canvas[at : at + 4 * length] = _INK * length
    return base64.b64encode(zlib.compress(canvas, 1)).decode()
