"""Addresses of a lab of plain processes: every `${…}` of the real Compose file gets one."""

from __future__ import annotations

from pathlib import Path

from labctl.runtimes.base import Site
from labctl.runtimes.local.fixed import fixed_ports, variables
from labctl.runtimes.local.job import parts
from labctl.stack.compose import load_stack

SECRETS = {
    name: f"secret-{name}"
    for name in ("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD", "REDIS_PASSWORD")
}
STACK = load_stack()
PORTS = fixed_ports(STACK, 20_000)
SITE = Site("lab", "abc", Path("/nowhere"), Path("/nowhere"), SECRETS)


def test_fixed_ports_differ_and_start_at_the_base() -> None:
    """Every link and every published port has one of its own; wire's front door is one, not two."""
    assert sorted(PORTS.values()) == list(range(20_000, 20_000 + len(PORTS)))
    assert ("wire", STACK.links["front"].listen) in PORTS


def test_links_lead_through_wire_on_loopback() -> None:
    """The user of a link and wire itself agree on its port."""
    values = variables(STACK, PORTS, SECRETS)
    link = STACK.links["checkout-postgres"]
    port = PORTS["wire", link.listen]
    assert values[link.variable] == f"127.0.0.1:{port}"
    assert f"checkout-postgres={port}>postgres:5432" in values["WIRE_PROXIES"].split()


def test_no_address_of_a_container_is_left() -> None:
    """Nothing points at wire by name, and the exporters reach the stores directly."""
    resolved = parts(STACK, SITE, PORTS)
    assert not [each.name for each in resolved.values() if "wire:" in repr(each.environment)]
    target = resolved["redis-cache-exporter"].environment["TARGET"]
    assert target == f"127.0.0.1:{PORTS['redis-cache', 6379]}"


def test_components_with_a_fixed_port_are_single() -> None:
    """Stores, wire and the load run once and are replaced in place; our services are not."""
    single = {name for name, part in parts(STACK, SITE, PORTS).items() if part.is_single}
    assert {"postgres", "redis-queue", "wire", "load", "prometheus"} <= single
    assert not {"edge", "catalog", "checkout", "worker", "bank"} & single


def test_the_witness_goes_before_the_shop() -> None:
    """Load and wire run at normal priority, everything else is nice."""
    assert {name for name, part in parts(STACK, SITE, PORTS).items() if part.nice == 0} == {"load", "wire"}
