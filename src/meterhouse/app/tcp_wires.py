"""Lays a street's links on loopback TCP: carrier lines and M wires are sockets; the air stays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.memory_wires import join_air
from meterhouse.links import Pump

__all__ = ["LOOPBACK", "Addresses", "lay_tcp"]

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the street can be reached by others on this machine.

    Attributes:
        carrier: TCP port of the carrier.
        meters: TCP port of each home's electricity meter (DLMS wrapper).
    """

    carrier: int
    meters: Mapping[str, int]


async def lay_tcp(pump: Pump, street: LiveStreet, *, carrier_port: int = 0, first_meter_port: int = 0) -> Addresses:
    """Listen for the carrier and every electricity meter, and give every other end the address to dial.

    Args:
        pump: drives the street.
        street: built on that pump.
        carrier_port: 0 for any free one.
        first_meter_port: of the first home, the others following; 0 for any free ones.

    Raises:
        ConfigurationError: a port is in use.
    """
    carrier = await pump.listen(street.carrier, "line", LOOPBACK, carrier_port)
    pump.dial(street.head_end, "carrier", LOOPBACK, carrier)
    meters: dict[str, int] = {}
    for number, site in enumerate(street.sites.values()):
        asked = first_meter_port + number if first_meter_port else 0
        port = await pump.listen(site.electricity, "m_bus", LOOPBACK, asked)
        meters[site.plan.home] = port
        pump.dial(site.hub, "m_bus", LOOPBACK, port)
        pump.dial(site.hub, "wan", LOOPBACK, carrier)
        join_air(pump, site)
    return Addresses(carrier, meters)
