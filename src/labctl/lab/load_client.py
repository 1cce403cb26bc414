"""The client of `load`: what users experienced, the traffic's shape, and the ledger of orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from labctl.errors import CouldNotJudge, UsageError
from labctl.slo.sli import Second, Sli

TIMEOUT_S = 5.0


class LoadClient:
    """One lab's load at `base_url`; what keeps its answer from us is CouldNotJudge, with what was seen."""

    def __init__(self, base_url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            timeout=TIMEOUT_S,
            trust_env=False,  # a proxy has no business on loopback
            # No connection is kept, so that nobody has to close the client.
            transport=transport or httpx.HTTPTransport(verify=False, limits=httpx.Limits(max_connections=1)),
            headers={"Connection": "close"},
        )

    def poll(self, after: int = 0) -> Sli:
        """The final seconds with a number above `after`, in order, and whose they are."""
        try:
            return Sli.from_plain(self._ask("GET", "/sli", after=after))
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange("/sli", f"seconds without {error}") from None

    def seconds(self, after: int = 0) -> Sequence[Second]:
        return self.poll(after).seconds

    def run(self) -> str:
        """The identity of the load process: seconds of two runs cannot be put together."""
        return str(self._ask("GET", "/healthz").get("run"))

    def profile(self) -> dict[str, Any]:
        return self._ask("GET", "/profile")

    def set_profile(self, profile: str, **parameters: Any) -> dict[str, Any]:
        """Change the traffic from the next second on; UsageError says what load does not know."""
        return self._ask("PUT", "/profile", json={"profile": profile, **parameters})

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """The orders of the last hour: seq, order, key, customer, total_cents, state, placed_s."""
        orders = self._ask("GET", "/ledger", after=after).get("orders")
        if not isinstance(orders, list):
            raise self._strange("/ledger", "no orders")
        return orders

    def reset(self) -> None:
        """The usual traffic, and no memory of orders: the shop's data is new."""
        self._ask("DELETE", "/profile")
        self._ask("DELETE", "/ledger")

    def _ask(self, method: str, path: str, *, json: Any = None, after: int | None = None) -> dict[str, Any]:
        params: Mapping[str, int] = {} if after is None else {"after": after}
        try:
            response = self._client.request(method, path, json=json, params=params)
        except httpx.HTTPError as error:
            seen = str(error) or type(error).__name__
            raise CouldNotJudge(
                f"load did not answer {method} {path} at {self._client.base_url}: {seen}",
                hint="labctl status",
            ) from error
        if response.status_code == 400:
            raise UsageError(_said(response))
        if response.status_code != 200:
            raise self._strange(path, f"status {response.status_code}: {_said(response)}")
        return self._plain(path, response)

    def _plain(self, path: str, response: httpx.Response) -> dict[str, Any]:
        try:
            plain = response.json()
        except ValueError:
            plain = None
        if not isinstance(plain, dict):
            raise self._strange(path, f"no JSON object: {response.text[:100]!r}")
        return plain

    def _strange(self, path: str, seen: str) -> CouldNotJudge:
        return CouldNotJudge(f"load answered {path} with {seen}", hint="labctl logs load")


def _said(response: httpx.Response) -> str:
    """The error that load gave, or the beginning of whatever it sent."""
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return response.text[:100]
