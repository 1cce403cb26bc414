"""What users like to look at just now; it changes while they come, and nobody in the shop decides it."""

from __future__ import annotations

from pathlib import Path

from shared.flags import declarations, live

tastes = live(declared=declarations([Path(__file__).with_name("flags.toml")]))


def star_share() -> float:
    """The share of product pages, 0..1, that are the star's."""
    return tastes.share("visitors-star-share")
