"""The docker runtime: every replica is a container of its own, in a network of the lab's own.

`composed.py` writes the Compose file of what is planned, and `docker compose` creates what is in it; the
Docker SDK (`engine.py`) does the rest. Why not Compose's own `scale` and `recreate`: a replacement needs
two generations of one component side by side, and a replica's name is never used twice; Compose has one
definition per service and gives numbers again. So each replica is a service of the generated file.

There is no daemon: the engine restarts what ends, the watchdog in each container ends what hangs, and
what happened is read from the engine's events (`chronicle.py`) whenever somebody asks.
"""

from __future__ import annotations


def answers() -> bool:
    """Whether an engine answers."""
    from labctl.errors import LabError  # noqa: PLC0415 (the SDK is slow to import, and often not needed)
    from labctl.runtimes.docker.engine import Engine, is_there  # noqa: PLC0415

    try:
        return is_there() and bool(Engine("").info())
    except LabError:
        return False
