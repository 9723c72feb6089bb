"""Work orders on their way: signed when they have cooled off, sent, cancelled, ended by a device's word, looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from meterhouse.app.street_trust import StreetTrust, Unit
from meterhouse.companion import objects
from meterhouse.companion.sealed import AlertContent, Envelope, OrderReply, OrderResult
from meterhouse.model import (
    HOUR,
    MINUTE,
    AuthenticationError,
    Duration,
    Eui64,
    Fuel,
    Instant,
    LinkError,
    NotFoundError,
    PolicyError,
    StateError,
)
from meterhouse.store import Database, SqlWorkOrders, Transaction
from meterhouse.supplier.headend import Job, LookBack, OrderPort, SealedOrder
from meterhouse.supplier.trust import OrderDesk, WorkOrder, WorkState

__all__ = ["OrderFlow", "OrderRoads"]

T = TypeVar("T")

LOOKS: Final[Duration] = MINUTE
"""How often the orders are looked through."""
_BETWEEN_LOOKS: Final[Duration] = 5 * MINUTE
_HOUR_MS: Final = HOUR
_GAS_PORT: Final = OrderPort(
    objects.sealed_port(1, objects.DOWNLINK),
    objects.sealed_port(1, objects.LAST_UPLINK),
    objects.sealed_port(1, objects.PORT_STATUS),
)
_METER_PORT: Final = OrderPort(
    objects.sealed_port(0, objects.DOWNLINK),
    objects.sealed_port(0, objects.LAST_UPLINK),
    objects.sealed_port(0, objects.PORT_STATUS),
)


@dataclass(frozen=True, slots=True)
class OrderRoads:
    """How orders leave the office.

    Attributes:
        sign: the signing daemon's signature under an order.
        cancel: its signature under the cancel of one.
        send: to the head end.
        look: a job for the head end at a hub.
        tell: notes an event: kind, fields.
    """

    sign: Callable[[WorkOrder], Envelope]
    cancel: Callable[[WorkOrder], Envelope]
    send: Callable[[SealedOrder], None]
    look: Callable[[Eui64, Job], None]
    tell: Callable[..., None]


class OrderFlow:
    """Drives what people have raised; implements `sealed_books.OrderProgress`.

    Args:
        database: of the work orders.
        desk: the desk's rules within one transaction.
        trust: the street's devices.
        roads: the ways out.
    """

    def __init__(
        self, database: Database, desk: Callable[[Transaction], OrderDesk], trust: StreetTrust, roads: OrderRoads
    ) -> None:
        self._database = database
        self._desk = desk
        self._trust = trust
        self._roads = roads
        self._cancelled: set[str] = set()
        self._again: list[tuple[Instant, Callable[[], None]]] = []

    def look(self, now: Instant) -> None:
        """Sign and send what is due, cancel what is to be cancelled, end what is over. Safe to do again at any time."""
        for order in self._in(lambda desk: desk.expire(now)):
            self._roads.tell("order.ended", order=order.number, state=order.state.value, why=order.why)
        for order in self._in(lambda desk: desk.due(now)):
            self._go(order, now)
        for one in [one for one in self._again if one[0] <= now]:
            self._again.remove(one)
            one[1]()
        live = self._database.read(lambda tx: SqlWorkOrders(tx).live())
        for order in live:
            if order.state is WorkState.CANCELLING and order.number not in self._cancelled:
                self._cancel(order, now)

    def resume(self, now: Instant) -> None:
        """After a restart: send again what was signed and has no answer; a device that has it answers as before."""
        for order in self._database.read(lambda tx: SqlWorkOrders(tx).live()):
            if order.state in {WorkState.SIGNED, WorkState.SENT} and now <= order.not_after:
                self._send(order)

    # what the head end tells -----------------------------------------------------------------------------------------

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """See `OrderProgress`."""
        number = order.partition("/")[0]
        if number != order:  # a cancel that could not be carried changes nothing: the cut may still be asked back
            self._roads.tell("order.cancel_stage", order=number, stage=stage, why=why)
            return
        if stage == "carried":
            self._in(lambda desk: desk.sent(number, now))
        elif stage in {"refused", "expired"}:
            self._try(number, lambda desk: desk.refused(number, "the way to the device", why or stage, now))

    def replied(self, order: str, reply: OrderReply, now: Instant) -> None:
        """See `OrderProgress`."""
        number = order.partition("/")[0]
        if number == order:
            changed = self._try(number, lambda desk: desk.replied(number, reply, now))
            self._tell_end(changed, now)

    def ended(self, result: OrderResult, device: Eui64, now: Instant) -> None:
        """See `OrderProgress`."""
        try:
            changed = self._in(lambda desk: desk.result(result, device, now))
        except NotFoundError as error:
            self._roads.tell("order.unknown_result", device=str(device), why=error.sentence())
            return
        except StateError as error:
            self._roads.tell("order.late_result", device=str(device), why=error.sentence())
            return
        self._tell_end(changed, now)

    def told(self, alert: Envelope, content: AlertContent, now: Instant) -> None:
        """See `OrderProgress`."""
        del now
        self._roads.tell(
            "device.alert", device=str(alert.originator), code=f"{alert.code:04x}", alert=f"{content.code:04x}"
        )

    # inside ----------------------------------------------------------------------------------------------------------

    def _go(self, order: WorkOrder, now: Instant) -> None:
        try:
            envelope = self._roads.sign(order)
        except LinkError as error:
            self._roads.tell("order.unsigned", order=order.number, why=error.sentence())
            return
        except (PolicyError, AuthenticationError) as error:
            why = error.sentence()
            self._try(order.number, lambda desk: desk.refused(order.number, "signing daemon", why, now))
            self._roads.tell("order.ended", order=order.number, state="refused", why=why)
            return
        signed = self._try(order.number, lambda desk: desk.signed(order.number, envelope, now))
        if signed is not None:
            self._send(signed)

    def _send(self, order: WorkOrder) -> None:
        unit = self._trust.units[order.device]
        self._roads.send(self._sealed(order.number, unit, order.envelope, order.not_after))

    def _cancel(self, order: WorkOrder, now: Instant) -> None:
        try:
            envelope = self._roads.cancel(order)
        except (LinkError, PolicyError) as error:
            self._roads.tell("order.unsigned", order=order.number, why=error.sentence())
            return
        self._cancelled.add(order.number)
        unit = self._trust.units[order.device]
        until = Instant(now + 12 * HOUR)
        self._roads.send(self._sealed(f"{order.number}/cancel", unit, envelope.encode(), until))

    def _sealed(self, order: str, unit: Unit, octets: bytes, until: Instant) -> SealedOrder:
        gas = unit.fuel is Fuel.GAS
        device, port = (unit.hub, _GAS_PORT) if gas else (unit.device, _METER_PORT)
        return SealedOrder(order, unit.hub, device, port, octets, until)

    def _tell_end(self, order: WorkOrder | None, now: Instant) -> None:
        if order is None:
            return
        self._roads.tell("order.ended", order=order.number, state=order.state.value, why=order.why)
        if order.state is WorkState.DONE:
            self._look_back(order, now, None)

    def _look_back(self, order: WorkOrder, now: Instant, before: tuple[int, Instant] | None) -> None:
        """Look twice: what was drawn between the looks is the load."""
        unit = self._trust.units[order.device]

        def seen(state: int, register: int, at: Instant) -> None:
            if before is None or at - before[1] < _BETWEEN_LOOKS:
                self._again.append((Instant(at + _BETWEEN_LOOKS), partial(self._look_back, order, at, (register, at))))
                return
            load = (register - before[0]) * _HOUR_MS // (at - before[1])
            found = self._try(order.number, lambda desk: desk.read_back(order.number, state, max(0, load), at))
            if found is not None:
                self._roads.tell("order.read_back", order=order.number, found=found.read_back.value)

        until = Instant(now + 24 * HOUR)
        self._roads.look(unit.hub, LookBack(f"{order.number}/look", unit.device, unit.fuel, seen, until))

    def _in(self, act: Callable[[OrderDesk], T]) -> T:
        return self._database.run(lambda tx: act(self._desk(tx)))

    def _try(self, number: str, act: Callable[[OrderDesk], WorkOrder]) -> WorkOrder | None:
        try:
            return self._in(act)
        except (StateError, PolicyError, NotFoundError) as error:
            self._roads.tell("order.not_moved", order=number, why=error.sentence())
            return None
