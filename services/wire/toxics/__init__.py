"""What can be done to bytes on their way, one kind per module; the parameters are the schema."""

from __future__ import annotations

from wire.toxics.bandwidth import Bandwidth
from wire.toxics.base import InvalidAttributes, Toxic, attributes, build
from wire.toxics.latency import Latency
from wire.toxics.limit_data import LimitData
from wire.toxics.reset_peer import ResetPeer
from wire.toxics.slicer import Slicer
from wire.toxics.slow_close import SlowClose
from wire.toxics.timeout import Timeout

KINDS: dict[str, type[Toxic]] = {
    "bandwidth": Bandwidth,
    "latency": Latency,
    "limit_data": LimitData,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "slow_close": SlowClose,
    "timeout": Timeout,
}

__all__ = ["KINDS", "InvalidAttributes", "Toxic", "attributes", "build"]
