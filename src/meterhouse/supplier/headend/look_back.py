"""Look at a supply by another way than the order went: its state and its register, in a plain association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.companion import objects
from meterhouse.model import Eui64, Fuel, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.jobs import HUB, METER, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["LookBack"]


@dataclass(frozen=True, slots=True)
class LookBack:
    """One look; two of them, minutes apart, tell whether anything is drawn.

    Attributes:
        order: whose result is looked at.
        meter: the meter.
        fuel: electricity is asked of the meter itself, gas of the hub's mirror.
        seen: told the control state (0 off, 1 on, 2 armed), the register (Wh or litres), and when.
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
        """Two reads."""
        gas = self.fuel is Fuel.GAS
        route, device = (HUB, hub.identity) if gas else (METER, self.meter)
        control = objects.GAS_VALVE if gas else objects.ELECTRICITY_DISCONNECT
        register = objects.GAS_VOLUME if gas else objects.ELECTRICITY_IMPORT
        client = clients.client(device)
        yield from via(route, client.associate())
        state = yield from via(route, client.get(dlms.DISCONNECT_CONTROL, control, 3))
        value = yield from via(route, client.get(dlms.REGISTER, register, 2))
        yield from via(route, client.release())
        self.seen(state.whole(), value.whole(), now)
