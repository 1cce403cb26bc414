"""Times as actions take them: text with a unit, such as 80ms, kept as it was written."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from labctl.clock import seconds


def _time(text: str) -> str:
    if seconds(text) < 0:
        raise ValueError(f"{text!r} must not be negative")
    return text


Time = Annotated[str, AfterValidator(_time)]
