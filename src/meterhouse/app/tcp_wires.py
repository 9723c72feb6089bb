"""Lays a street's links on loopback TCP: carrier lines and M wires are sockets; the air stays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterhouse.app.carrier_door import carrier_door, expects
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.memory_wires import join_air
from meterhouse.app.site import HomeSite
from meterhouse.app.street_tls import StreetTls
from meterhouse.companion.certificate import CertifiedRole
from meterhouse.links import Pump
from meterhouse.model import Eui64, Machine

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


async def lay_tcp(
    pump: Pump, street: LiveStreet, *, carrier_port: int = 0, first_meter_port: int = 0, tls: StreetTls | None = None
) -> Addresses:
    """Listen for the carrier and every electricity meter, and give every other end the address to dial.

    Args:
        pump: drives the street.
        street: built on that pump.
        carrier_port: 0 for any free one.
        first_meter_port: of the first home, the others following; 0 for any free ones.
        tls: for every line to the carrier, of a street whose orders are sealed; None for plain TCP.

    Raises:
        ConfigurationError: a port is in use.
    """
    lines = _Lines(pump, street, tls)
    carrier = await lines.listen(carrier_port)
    lines.dial(street.head_end, "carrier", carrier, street.identity, CertifiedRole.HEAD_END)
    if street.sealed is not None:
        confirm = street.sealed.trust.parties.confirm
        lines.dial(street.sealed.confirm, "carrier", carrier, confirm, CertifiedRole.CONFIRM)
        office, who = street.sealed.changes.office, street.sealed.trust.parties.office
        if office is not None and who is not None:
            lines.dial(office, "carrier", carrier, who, CertifiedRole.CHANGE_OF_SUPPLIER)
    meters: dict[str, int] = {}
    for number, site in enumerate(street.sites.values()):
        asked = first_meter_port + number if first_meter_port else 0
        port = await pump.listen(site.electricity, "m_bus", LOOPBACK, asked)
        meters[site.plan.home] = port
        lines.lay_hub(site, port, carrier)
    street.lay_hub = lambda home: lines.lay_hub(street.sites[home], meters[home], carrier)
    return Addresses(carrier, meters)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines to the carrier, each end proving who it is where there is TLS."""

    pump: Pump
    street: LiveStreet
    tls: StreetTls | None

    async def listen(self, tcp_port: int) -> int:
        carrier, sealed = self.street.carrier, self.street.sealed
        if self.tls is None or sealed is None:
            return await self.pump.listen(carrier, "line", LOOPBACK, tcp_port)
        context = self.tls.context(sealed.trust.parties.carrier, CertifiedRole.CARRIER, server=True)
        door = carrier_door(carrier, sealed.trust.shut)
        return await self.pump.listen(carrier, "line", LOOPBACK, tcp_port, tls=context, introduce=door)

    def lay_hub(self, site: HomeSite, meter: int, carrier: int) -> None:
        self.pump.dial(site.hub, "m_bus", LOOPBACK, meter)
        self.dial(site.hub, "wan", carrier, site.names.hub, CertifiedRole.HUB)
        join_air(self.pump, site)

    def dial(self, machine: Machine, port: str, tcp_port: int, who: Eui64, role: CertifiedRole) -> None:
        sealed = self.street.sealed
        if self.tls is None or sealed is None:
            self.pump.dial(machine, port, LOOPBACK, tcp_port)
            return
        carrier = expects(sealed.trust.parties.carrier, CertifiedRole.CARRIER)
        self.pump.dial(machine, port, LOOPBACK, tcp_port, tls=self.tls.context(who, role), expects=carrier)
