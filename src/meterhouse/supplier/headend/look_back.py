"""Look at a supply by another way than the order went: its state and its register, in a plain association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.companion import objects
from meterhouse.model import Eui64, Fuel, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import HUB, METER, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["LookBack"]


@dataclass(frozen=True, slots=True)
class LookBack:
    """One look; two of them, minutes apart, tell whether anything is drawn.

    Attributes:
        order: whose result is looked at.
        meter: the meter.
        fuel: electricity is asked of the meter itself, gas of the hub's mirror.
        seen: told the control state (0 off, 1 on, 2 armed), the register (Wh or litres), and when. Not called where the
            device lets nobody look, or where the hub has not heard the gas meter yet.
    """

    order: str
    meter: Eui64
    fuel: Fuel
    seen: Callable[[int, int, Instant], None]
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "look at the supply"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Two reads; at the hub a third, of when the gas meter was heard."""
        gas = self.fuel is Fuel.GAS
        route, device = (HUB, hub.identity) if gas else (METER, self.meter)
        client = clients.client(device)
        yield from via(route, client.associate())
        try:
            found = yield from (_at_hub(client) if gas else _at_meter(client))
        except dlms.AccessRefusedError:  # trying again changes nothing, and would hold up what waits behind
            found = None
        yield from via(route, client.release())
        if found is not None:
            self.seen(*found, now)


def _at_meter(client: dlms.Client) -> Talk[tuple[int, int] | None]:
    state = yield from via(METER, client.get(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 3))
    value = yield from via(METER, client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2))
    return state.whole(), value.whole()


def _at_hub(client: dlms.Client) -> Talk[tuple[int, int] | None]:
    heard = yield from via(HUB, client.get(dlms.EXTENDED_REGISTER, objects.GAS_VOLUME, 5))
    if heard == dlms.null:
        return None
    state = yield from via(HUB, client.get(dlms.DISCONNECT_CONTROL, objects.GAS_VALVE, 3))
    value = yield from via(HUB, client.get(dlms.EXTENDED_REGISTER, objects.GAS_VOLUME, 2))
    return state.whole(), value.whole()
