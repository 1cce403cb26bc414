"""The ports that stay a lab's for life, and the variables that tell the components about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.stack.compose import Stack

HOST = "127.0.0.1"
WIRE = "wire"

Ports = Mapping[tuple[str, int], int]
"""From a component and its port in the Compose file to the port on this machine."""


def fixed_ports(stack: Stack, base: int) -> dict[tuple[str, int], int]:
    """A port for every link of wire and every published port, from `base` upwards."""
    wanted = [(WIRE, link.listen) for link in stack.links.values()]
    wanted += [(each.name, port) for each in stack.components.values() for port in each.published]
    return {key: base + index for index, key in enumerate(dict.fromkeys(wanted))}


def variables(stack: Stack, ports: Ports, secrets: Mapping[str, str]) -> dict[str, str]:
    """What the `${…}` of the Compose file stand for here: every address on loopback."""
    proxies = [f"{link.name}={ports[WIRE, link.listen]}>{link.to}" for link in stack.links.values()]
    links = {link.variable: f"{HOST}:{ports[WIRE, link.listen]}" for link in stack.links.values()}
    direct = {
        f"{each.name.upper().replace('-', '_')}_DIRECT_ADDR": f"{HOST}:{ports[each.name, each.port]}"
        for each in stack.components.values()
        if (each.name, each.port) in ports
    }
    return {**secrets, **links, **direct, "WIRE_LISTEN_HOST": HOST, "WIRE_PROXIES": " ".join(proxies)}
