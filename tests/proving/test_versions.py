"""Versions: what a lab runs on says so itself, and who does not answer stops no certificate."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labctl.proving.versions import UNKNOWN, versions
from tests.lab import double, servers

PARTS = ["postgres", "redis", "prometheus", "alertmanager"]


def test_parts_that_do_not_answer_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof was made all the same."""
    lab, _ = double.lab(tmp_path, monkeypatch)
    assert versions(lab) == dict.fromkeys(PARTS, UNKNOWN)


@pytest.mark.integration
def test_parts_that_run_tell_their_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers alone, without what a distribution adds."""
    lab, runtime = double.lab(tmp_path, monkeypatch)
    with (
        servers.postgres() as postgres,
        servers.redis_server() as redis,
        servers.prometheus() as prometheus,
        servers.alertmanager() as alertmanager,
    ):
        runtime.addresses.update(
            {
                "postgres": postgres,
                "redis-cache": redis,
                "prometheus": prometheus,
                "alertmanager": alertmanager,
            }
        )
        found = versions(lab)
    assert list(found) == PARTS
    for part, version in found.items():
        assert re.fullmatch(r"(Valkey )?\d+\.[\w.+-]+", version), f"{part}: {version}"
