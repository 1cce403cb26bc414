"""Discovery: where the replicas of a component listen right now."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from pathlib import Path

from shared import environment
from shared.watched import WatchedFile

Endpoint = tuple[str, int]
_DNS_FRESH_S = 2.0


def _every_address(host: str, port: int) -> list[Endpoint]:
    found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    return sorted({(str(address[4][0]), port) for address in found})


class Directory:
    """Looks names up in `endpoints.json` of the settings folder, then in DNS (every A record).

    DNS answers are kept for two seconds, and for as long as the next look-up fails.
    """

    def __init__(
        self,
        settings: Path,
        *,
        dns: Callable[[str, int], list[Endpoint]] = _every_address,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = WatchedFile(settings / "endpoints.json", clock=clock)
        self._dns = dns
        self._clock = clock
        self._answers: dict[str, tuple[float, list[Endpoint]]] = {}

    def resolve(self, name: str) -> list[Endpoint]:
        """`checkout:8000` as addresses; OSError when nobody knows the name."""
        declared = self._file.content().get(name)
        if declared is not None:
            return [_split(address) for address in declared]
        host, port = _split(name)
        return [(host, port)] if _is_address(host) else self._ask_dns(name, host, port)

    def _ask_dns(self, name: str, host: str, port: int) -> list[Endpoint]:
        asked_at, known = self._answers.get(name, (float("-inf"), []))
        if self._clock() - asked_at < _DNS_FRESH_S:
            return known
        try:
            known = self._dns(host, port)
        except OSError:
            if not known:
                raise
        self._answers[name] = (self._clock(), known)
        return known


def _split(address: str) -> Endpoint:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


_directory = Directory(environment.SETTINGS_DIR)


def resolve(name: str) -> list[Endpoint]:
    """The replicas behind `name` (`checkout:8000`), by this process' settings folder and DNS."""
    return _directory.resolve(name)
