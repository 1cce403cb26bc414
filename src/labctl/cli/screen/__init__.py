"""The live screen of `labctl watch` and `labctl drill`; importing this package alone costs nothing."""

import os
import sys


def possible() -> bool:
    """Whether there is a terminal on all sides that can be drawn on; elsewhere plain lines are right."""
    term = os.environ.get("TERM", "")
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return term not in ("", "dumb") and all(each is not None and each.isatty() for each in streams)
