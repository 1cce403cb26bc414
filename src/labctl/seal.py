"""Sealing: what a learner may come across in a lab's folder and must not read in passing.

It keeps an incident's cause from `cat`, `grep` and `strings`. It is no secret: whoever unpacks it on
purpose may spoil their own drill.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from typing import Any

_QUICK = 1


def sealed(plain: Mapping[str, Any], *, pad_to: int = 0) -> bytes:
    """A JSON object as bytes; `pad_to` more says nothing by its length, and never twice the same."""
    packed = zlib.compress(json.dumps(dict(plain), allow_nan=False).encode(), _QUICK)
    return packed + os.urandom(max(0, pad_to - len(packed)))


def unsealed(data: bytes) -> Any:
    """What was sealed; ValueError when it was not."""
    try:
        return json.loads(zlib.decompressobj().decompress(data))
    except zlib.error as error:
        raise ValueError(f"it is not sealed: {error}") from error
