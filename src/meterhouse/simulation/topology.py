"""What is joined to what in a running street, and by which bearer: read off the laid links, not off the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.links import Channel, Manner
from meterhouse.model import StateError
from meterhouse.premises.repeater import Repeater
from meterhouse.simulation.bearer import Bearer, BearerChannel
from meterhouse.simulation.world import World

__all__ = ["Bearer", "Link", "Topology", "topology"]


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes by the names of their machines, and what joins them."""

    first: str
    second: str
    bearer: Bearer


@dataclass(frozen=True, slots=True)
class Topology:
    """Nodes, by machine name, with what they are; and the links between them."""

    nodes: dict[str, str]
    links: tuple[Link, ...]

    def of(self, name: str) -> dict[str, Bearer]:
        """What a node is joined to, and by what."""
        found = {link.second: link.bearer for link in self.links if link.first == name}
        return found | {link.first: link.bearer for link in self.links if link.second == name}


_BEARERS: Final = {
    ("wan", Manner.STREAM): Bearer.WAN,
    ("m_bus", Manner.STREAM): Bearer.WIRED_M,
    ("gas_radio", Manner.DATAGRAM): Bearer.RADIO_868,
    ("carrier", Manner.STREAM): Bearer.BACK_LINE,
}


def topology(world: World, street: LiveStreet) -> Topology:
    """The topology of a street in a world, as it is laid now.

    Raises:
        StateError: a link whose port and manner belong to no bearer of the target architecture.
    """
    nodes = {street.head_end.name: "head end", street.carrier.name: "carrier"}
    for site in street.sites.values():
        nodes[site.hub.name] = "hub"
        nodes[site.electricity.name] = "electricity meter"
        if site.gas is not None:
            nodes[site.gas.name] = "gas meter"
    nodes |= {machine.name: "repeater" for machine in world.machines if isinstance(machine, Repeater)}
    links = (
        Link(first, second, _bearer(port, channel))
        for first, port, second, _, channel in world.links
        if first in nodes or second in nodes
    )
    return Topology(nodes, tuple(links))


def _bearer(port: str, channel: Channel) -> Bearer:
    if isinstance(channel, BearerChannel):
        return channel.bearer
    try:
        return _BEARERS[port, channel.manner]
    except KeyError:
        raise StateError(f"port {port} over a {channel.manner.value} is no bearer of this architecture") from None
