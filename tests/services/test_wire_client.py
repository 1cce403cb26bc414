"""The wire as the public Python client of Toxiproxy meets it: whoever knows that needs to learn nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import executable
from typing import Any

import pytest
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from tests.services.parts import SERVICES, Process, eventually, free_port
from wire.toxics import KINDS

pytestmark = pytest.mark.integration

ATTRIBUTES = {
    "bandwidth": {"rate": 5},
    "latency": {"latency": 80, "jitter": 5},
    "limit_data": {"bytes": 7},
    "reset_peer": {"timeout": 9},
    "slicer": {"average_size": 9, "size_variation": 1, "delay": 3},
    "slow_close": {"delay": 4},
    "timeout": {"timeout": 9},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder, api = tmp_path_factory.mktemp("wire"), free_port()
    environment = {
        "PYTHONPATH": str(SERVICES),
        "SETTINGS_DIR": str(folder),
        "LISTEN_HOST": "127.0.0.1",
        "SERVICE_PORT": str(api),
        "PROXIES": f"catalog-cache={free_port()}>127.0.0.1:{free_port()}",
    }
    wire = Process([executable, "-m", "wire"], Path(folder) / "log", environment)
    wire.start()
    toxiproxy = Toxiproxy()
    toxiproxy.update_api_consumer("127.0.0.1", api)
    try:
        eventually(toxiproxy.running, what="the wire is ready")
        yield toxiproxy
    finally:
        wire.end(9)


def test_it_finds_the_links(client: Any) -> None:
    """With what they are."""
    assert b"version" in client.version()
    proxy = client.get_proxy("catalog-cache")
    assert (proxy.name, proxy.enabled) == ("catalog-cache", True)
    assert client.get_proxy("nobody") is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_it_adds_and_removes_every_toxic(client: Any, kind: str) -> None:
    """With its attributes, under its default name."""
    proxy = client.get_proxy("catalog-cache")
    proxy.add_toxic(type=kind, attributes=ATTRIBUTES[kind])
    toxic = proxy.get_toxic(f"{kind}_downstream")
    assert (toxic.type, toxic.toxicity, toxic.attributes) == (kind, 1.0, ATTRIBUTES[kind])
    proxy.destroy_toxic(toxic.name)
    assert proxy.toxics() == {}


def test_it_takes_a_link_down_for_a_block(client: Any) -> None:
    """And it is up again afterwards; a reset does the same for all."""
    with client.get_proxy("catalog-cache").down():
        assert client.get_proxy("catalog-cache").enabled is False
    assert client.get_proxy("catalog-cache").enabled is True
    client.get_proxy("catalog-cache").disable()
    client.reset()
    assert client.get_proxy("catalog-cache").enabled is True


def test_it_makes_and_destroys_links(client: Any) -> None:
    """A second of one name is refused in the way that the client knows; so is what does not exist."""
    proxy = client.create("127.0.0.1:1", "other")
    with pytest.raises(ProxyExists):
        client.create("127.0.0.1:1", "other")
    with pytest.raises(InvalidToxic):
        proxy.add_toxic(type="flood")
    assert proxy.destroy()
    with pytest.raises(NotFound):
        proxy.destroy()
