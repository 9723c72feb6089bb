"""Set a sealed order, unread and unchanged, on the port of the device that it is for, and bring back its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.model import Eui64, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import HUB, METER, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry, OrderBook

__all__ = ["CarryOrder", "OrderPort"]


@dataclass(frozen=True, slots=True)
class OrderPort:
    """Where a device takes sealed orders (`companion.objects`).

    Attributes:
        inlet: a Data object whose value is set to the order.
        uplink: a Data object that holds the device's last word.
        status: a Data object that holds the hub's receipt; None where nobody stands between.
    """

    inlet: dlms.Obis
    uplink: dlms.Obis
    status: dlms.Obis | None = None


@dataclass(frozen=True, slots=True)
class CarryOrder:
    """One order to one device behind a hub.

    Attributes:
        order: its id, for the book.
        device: the association is with this device: with the hub itself for what the hub keeps.
        port: where it goes.
        sealed: its bytes.
        taken: told when the port has taken it, the answer that stood at the uplink afterwards (empty for none), and
            the hub's receipt.
        book: for refusals by the port itself.
        expires: when it is no use any more.
    """

    order: str
    device: Eui64
    port: OrderPort
    sealed: bytes
    taken: Callable[[bytes, bytes, Instant], None]
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "carry sealed order"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """SET the order, read the answer; whether the order was done only the device's signed words say."""
        route = HUB if self.device == hub.identity else METER
        client = clients.client(self.device)
        yield from via(route, client.associate())
        try:
            yield from via(route, client.set(dlms.DATA, self.port.inlet, 2, dlms.octet_string(self.sealed)))
        except dlms.AccessRefusedError as error:  # another device's, or no order at all: trying again changes nothing
            yield from via(route, client.release())
            self.book.stage(self.order, "refused", now, error.sentence())
            return
        self.book.stage(self.order, "carried", now)
        answer = yield from via(route, client.get(dlms.DATA, self.port.uplink, 2))
        receipt = b""
        if self.port.status is not None:
            receipt = _octets((yield from via(route, client.get(dlms.DATA, self.port.status, 2))))
        yield from via(route, client.release())
        self.taken(_octets(answer), receipt, now)


def _octets(data: dlms.CosemData) -> bytes:
    """The octet-string that this is, or the last one in a structure; nothing for anything else."""
    value = data.value
    if isinstance(value, bytes):
        return value
    if isinstance(value, list | tuple):
        return next((one.value for one in reversed(value) if isinstance(one.value, bytes)), b"")
    return b""
