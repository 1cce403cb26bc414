"""The links that run through `wire`, as its Toxiproxy API tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from labctl.lab.loopback import ask
from labctl.lab.reach import Unreachable

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


def heal_links(lab: Lab) -> None:
    """Remove every toxic and enable every link; Unreachable when one is still not whole."""
    _ask(lab, "POST", "/reset")
    sick = [
        name
        for name, link in _ask(lab, "GET", "/proxies").items()
        if link.get("toxics") or not link.get("enabled", True)
    ]
    if sick:
        raise Unreachable(f"wire still disturbs {', '.join(sorted(sick))}", hint="labctl restart wire")


def _ask(lab: Lab, method: str, path: str) -> Any:
    address = lab.runtime.address("wire")
    try:
        answer = ask(method, address, path)
        answer.raise_for_status()
        return answer.json() if answer.content else None
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(
            f"wire at {address} does not answer {path}: {error}", hint="labctl status"
        ) from error
