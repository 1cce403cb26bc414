"""The links that run through `wire`, as its Toxiproxy API tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

from labctl.lab.loopback import ask
from labctl.lab.reach import Unreachable

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


def heal_links(lab: Lab) -> None:
    """Remove every toxic and enable every link; Unreachable when one is still not whole."""
    ask_wire(lab, "POST", "/reset")
    sick = [
        name
        for name, link in ask_wire(lab, "GET", "/proxies").items()
        if link.get("toxics") or not link.get("enabled", True)
    ]
    if sick:
        raise Unreachable(f"wire still disturbs {', '.join(sorted(sick))}", hint="labctl restart wire")


def ask_wire(lab: Lab, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Parsed JSON, None where there is none; Unreachable says what `wire` does not do."""
    address = lab.runtime.address("wire")
    try:
        answer = ask(method, address, path, body=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(
            f"wire at {address} does not do {method} {path}: {error}", hint="labctl status"
        ) from error
