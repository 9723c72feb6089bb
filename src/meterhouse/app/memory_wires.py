"""Lays a street's links in memory: wires, carrier lines and the air, with the delays and faults of each."""

from __future__ import annotations

from typing import Final, Protocol

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.companion.relay import Hello, Role
from meterhouse.links import Channel, Manner, NullModem
from meterhouse.model import Machine

__all__ = ["Joiner", "join_air", "join_hub", "join_street"]

M_WIRE: Final = Channel(delay_ms=5)
"""A short wire at 9600 baud or more answers within milliseconds."""
WAN_LINE: Final = Channel(delay_ms=60, jitter_ms=40)
"""A cellular line on a good day, each way."""
BACK_LINE: Final = Channel(delay_ms=5)
"""Head end and carrier, both in data centres."""
_AIR_MS: Final = 8


class Joiner(Protocol):
    """`links.Pump` and `simulation.World` both lay links in memory."""

    def join(
        self, first: Machine, first_port: str, second: Machine, second_port: str, channel: Channel | None = None
    ) -> NullModem:
        """Lay a link between two ports."""


def join_air(joiner: Joiner, site: HomeSite) -> NullModem | None:
    """The gas link of one home, as weak as its plan says; None where there is no gas."""
    if site.gas is None or site.plan.gas is None:
        return None
    air = Channel(manner=Manner.DATAGRAM, delay_ms=_AIR_MS, loss_permille=site.plan.gas.loss_permille)
    return joiner.join(site.hub, "gas_radio", site.gas, "gas_radio", air)


def join_street(joiner: Joiner, street: LiveStreet) -> dict[str, NullModem]:
    """Every link of the street; by name, such as `wan/07`, so that a script can cut it."""
    laid = {"back": joiner.join(street.head_end, "carrier", street.carrier, "head_end/1", BACK_LINE)}
    street.carrier.vouch("head_end/1", Hello(Role.HEAD_END, street.identity), lasting=True)
    if street.sealed is not None:
        laid["confirm"] = joiner.join(street.sealed.confirm, "carrier", street.carrier, "confirm/1", BACK_LINE)
        confirm = street.sealed.trust.parties.confirm
        street.carrier.vouch("confirm/1", Hello(Role.CONFIRM, confirm), lasting=True)
        office, who = street.sealed.changes.office, street.sealed.trust.parties.office
        if office is not None and who is not None:
            laid["change"] = joiner.join(office, "carrier", street.carrier, "change/1", BACK_LINE)
            street.carrier.vouch("change/1", Hello(Role.CHANGE_OF_SUPPLIER, who), lasting=True)
    street.lay_hub = lambda home: laid.update(join_hub(joiner, street, home))
    for home in street.sites:
        laid.update(join_hub(joiner, street, home))
    return laid


def join_hub(joiner: Joiner, street: LiveStreet, home: str) -> dict[str, NullModem]:
    """The three links of one hub, by name; each on ports that are free."""
    site = street.sites[home]
    street.carrier.vouch(f"hub/{home}", Hello(Role.HUB, site.names.hub), lasting=True)
    laid = {
        f"m_bus/{home}": joiner.join(site.hub, "m_bus", site.electricity, "m_bus/1", M_WIRE),
        f"wan/{home}": joiner.join(site.hub, "wan", street.carrier, f"hub/{home}", WAN_LINE),
    }
    air = join_air(joiner, site)
    if air is not None:
        laid[f"gas_radio/{home}"] = air
    return laid
