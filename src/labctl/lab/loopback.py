"""HTTP to the parts of a lab: on loopback, without a proxy, and without TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from labctl.runtimes.base import Address

TIMEOUT_S = 5.0


def ask(
    method: str,
    address: Address,
    path: str,
    *,
    parameters: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> httpx.Response:
    """One question over a connection of its own; httpx.HTTPError when nobody answers in time."""
    return httpx.request(
        method,
        f"http://{address}{path}",
        params=parameters,
        json=body,
        timeout=TIMEOUT_S,
        trust_env=False,
        verify=False,  # noqa: S501 — nothing to verify; reading certificates took 20 ms of CPU a question
    )
