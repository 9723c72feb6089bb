"""Work orders on their way: signed when they have cooled off, sent, cancelled, ended by a device's word, looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from meterhouse.app.order_trail import trail_of
from meterhouse.app.street_trust import StreetTrust
from meterhouse.app.work_orders import WorkOrders
from meterhouse.companion import objects
from meterhouse.companion.sealed import REFUSAL_ALERTS, AlertContent, Envelope, OrderReply, OrderResult, Reason
from meterhouse.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Duration,
    Eui64,
    Fuel,
    Instant,
    MeterhouseError,
    StorageError,
)
from meterhouse.store import Database
from meterhouse.supplier.headend import (
    CallHub,
    Culprit,
    Finding,
    Job,
    LookBack,
    OrderPort,
    SealedOrder,
    judge,
)
from meterhouse.supplier.trust import ReadBack, WorkOrder, WorkState

__all__ = ["OrderFlow", "OrderRoads"]

LOOKS: Final[Duration] = MINUTE
"""How often the orders are looked through."""
_LATE: Final[Duration] = 20 * MINUTE
"""An order that its device has not taken by then is missed."""
_BETWEEN_LOOKS: Final[Duration] = 5 * MINUTE
_REMEMBERED: Final = 1_000
"""Orders that have ended of which it is still known who held them up."""
_LOOKED_FOR: Final[Duration] = 7 * DAY
"""How long a hub that is away is waited for to look at what was done."""
_TAKEN: Final = frozenset({WorkState.SIGNED, WorkState.SENT})
_EARLY_AGAIN: Final = (MINUTE, 10 * MINUTE)
"""When an order is sent again that a device has refused as too early."""
_CANCEL_HOLDS: Final[Duration] = 12 * HOUR
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
        send: to the head end.
        look: a job for the head end at a hub.
        again: call `OrderFlow.look` at an instant.
        tell: notes an event: kind, fields.
    """

    send: Callable[[SealedOrder], None]
    look: Callable[[Eui64, Job], None]
    again: Callable[[Instant], None]
    tell: Callable[..., None]


class OrderFlow:
    """Drives what people have raised; implements `sealed_books.OrderProgress`.

    Args:
        works: the work orders.
        trust: the street's devices.
        roads: the ways out.
    """

    def __init__(self, works: WorkOrders, trust: StreetTrust, roads: OrderRoads) -> None:
        self._works = works
        self._trust = trust
        self._roads = roads
        self._resumed = False
        self._live = False
        self._sent: set[str] = set()
        self._later: list[tuple[Instant, Callable[[], None]]] = []
        self._looking: dict[str, None] = {}
        self._look_at: Instant | None = None
        self._called: dict[str, Instant | None] = {}
        self._altered: dict[str, str] = {}
        self._early: dict[str, int] = {}

    def judge(self, number: str, database: Database, now: Instant) -> Finding:
        """Who has dropped, held back, altered or misled an order, by what was signed; nobody while all have time.

        Raises:
            NotFoundError: there is no such order.
        """
        trail = trail_of(self._works.show(number), database, self._trust, self._called.get(number))
        if number in self._altered:
            return Finding(Culprit.CARRIER, "alter", self._altered[number])
        return Finding(Culprit.NOBODY) if trail is None else judge(trail, now)

    def look(self, now: Instant) -> None:
        """Send what is signed by now, cancel what is to be cancelled, and come again while any order is under way.

        To be called when somebody has done something to an order, and at start; safe at any time. What fails is told
        in one sentence and done at the next look; it keeps nothing else back.
        """
        well = self._step(self._send_signed, now)
        well = self._step(self._send_cancels, now) and well
        well = self._step(self._resume, now) and well
        well = self._step(self._do_later, now) and well
        more = self._works.more and well
        if self._look_at is not None and self._look_at > now and not more:
            return
        self._look_at = None
        well = self._step(self._call_late, now) and well
        if self._later or self._live or not well:
            self._look_at = Instant(now + (SECOND if more else LOOKS))
            self._roads.again(self._look_at)

    def _step(self, step: Callable[[Instant], None], now: Instant) -> bool:
        try:
            step(now)
        except MeterhouseError as error:
            self._roads.tell("orders.held", why=error.sentence())
            return False
        return True

    def _send_signed(self, now: Instant) -> None:
        for order in self._works.work(now):
            if order.not_before <= now:  # time may have gone back: a street goes on from its last checkpoint
                self._send(order.number, order, order.envelope, order.not_after)

    def _send_cancels(self, now: Instant) -> None:
        for order in self._works.cancelling():
            name = f"{order.number}/cancel"
            if name in self._sent:
                continue
            try:
                octets = self._works.cancel_of(order).encode()
            except MeterhouseError as error:
                self._roads.tell("order.uncancelled", order=order.number, why=error.sentence())
                continue
            self._send(name, order, octets, Instant(now + _CANCEL_HOLDS))

    def _resume(self, now: Instant) -> None:
        """What was done while nobody could look back at it is looked at after the next start."""
        if self._resumed:
            return
        for order in self._works.unread():
            self._look_back(order, None, now)
        self._resumed = True

    def _do_later(self, now: Instant) -> None:
        for one in [one for one in self._later if one[0] <= now]:
            one[1]()
            self._later.remove(one)

    def _call_late(self, now: Instant) -> None:
        """Call the hubs of orders that did not arrive: whether the carrier or the hub is at fault, the call shows.

        And forget what ended: `_sent` names what is under way, the others at most so many more.
        """
        live = {order.number: order for order in self._works.list(live=True)}
        self._sent = {name for name in self._sent if name.partition("/")[0] in live}
        self._live = bool(live)
        for known in (self._called, self._altered, self._looking, self._early):
            ended = [number for number in known if number not in live]
            for number in ended[: max(0, len(known) - _REMEMBERED)]:
                del known[number]
        for order in live.values():
            unit = self._trust.units.get(order.device)
            late = order.state is WorkState.SIGNED and now - order.not_before > _LATE
            if unit is not None and late and order.number not in self._called:
                self._called[order.number] = None
                call = CallHub(order.number, partial(self._reached, order.number), order.not_after)
                self._roads.look(unit.hub, call)

    def _reached(self, number: str, at: Instant) -> None:
        self._called[number] = at

    # what the head end tells -----------------------------------------------------------------------------------------

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """See `OrderProgress`."""
        number = order.partition("/")[0]
        if number != order:  # a cancel that could not be carried changes nothing: the cut may still be asked back
            self._roads.tell("order.cancel_stage", order=number, stage=stage, why=why)
            return
        if stage == "carried":
            self._try(number, lambda: self._works.sent(number, now))
        elif stage == "altered":
            self._altered[number] = why
        elif stage in {"refused", "expired"}:
            self._try(number, lambda: self._works.refused(number, "the way to the device", why or stage, now))

    def replied(self, order: str, reply: OrderReply, now: Instant) -> None:
        """See `OrderProgress`."""
        number = order.partition("/")[0]
        if number == order:
            self._moved(self._try(number, lambda: self._works.replied(number, reply, now)), now)

    def ended(self, result: OrderResult, device: Eui64, now: Instant) -> None:
        """See `OrderProgress`."""
        self._moved(self._try(str(device), lambda: self._works.result(result, device, now)), now)

    def told(self, alert: Envelope, content: AlertContent, now: Instant) -> None:
        """See `OrderProgress`."""
        self._roads.tell(
            "device.alert", device=str(alert.originator), code=f"{alert.code:04x}", alert=f"{content.code:04x}"
        )
        if content.code == REFUSAL_ALERTS + Reason.EARLY:
            self._send_again(alert.originator, alert.code, now)

    def _send_again(self, device: Eui64, code: int, now: Instant) -> None:
        """A device's clock may be behind: what it refused as too early is sent again, twice at most."""
        for order in self._works.list(live=True):
            tries = self._early.get(order.number, 0)
            if (order.device, order.code) != (device, code) or order.state not in _TAKEN or tries >= len(_EARLY_AGAIN):
                continue
            self._early[order.number] = tries + 1
            self._sent.discard(order.number)
            at = Instant(now + _EARLY_AGAIN[tries])
            self._later.append((at, partial(self._once_more, order.number)))
            self._roads.again(at)

    def _once_more(self, number: str) -> None:
        order = self._works.show(number).order
        if order.state in _TAKEN:
            self._send(number, order, order.envelope, order.not_after)

    # inside ----------------------------------------------------------------------------------------------------------

    def _send(self, name: str, order: WorkOrder, octets: bytes, until: Instant) -> None:
        """Once in the life of this process; after a restart again: a device that has it answers as before."""
        unit = self._trust.units.get(order.device)
        if name in self._sent or unit is None or self._trust.waits(unit.device):
            return
        self._sent.add(name)
        gas = unit.fuel is Fuel.GAS
        device, port = (unit.hub, _GAS_PORT) if gas else (unit.device, _METER_PORT)
        self._roads.send(SealedOrder(name, unit.hub, device, port, octets, until))

    def _moved(self, order: WorkOrder | None, now: Instant) -> None:
        if order is None:
            return
        self._roads.tell("order.moved", order=order.number, state=order.state.value, why=order.why)
        if order.state is WorkState.DONE and order.read_back is ReadBack.NONE:
            self._look_back(order, None, now)

    def _look_back(self, order: WorkOrder, before: tuple[int, Instant] | None, now: Instant) -> None:
        """Look twice: what was drawn between the looks is the load."""
        unit = self._trust.units.get(order.device)
        if unit is None or (before is None and order.number in self._looking):
            return
        self._looking[order.number] = None

        def seen(state: int, register: int, at: Instant) -> None:
            if before is None:
                again = Instant(at + _BETWEEN_LOOKS)
                self._later.append((again, lambda: self._look_back(order, (register, at), again)))
                self._roads.again(again)
                return
            load = (register - before[0]) * HOUR // max(1, at - before[1])
            found = self._try(order.number, lambda: self._works.read_back(order.number, state, max(0, load), at))
            self._looking.pop(order.number, None)
            if found is not None:
                self._roads.tell("order.read_back", order=order.number, found=found.read_back.value)

        until = Instant(now + _LOOKED_FOR)
        self._roads.look(unit.hub, LookBack(f"{order.number}/look", unit.device, unit.fuel, seen, until))

    def _try(self, about: str, act: Callable[[], WorkOrder]) -> WorkOrder | None:
        try:
            return act()
        except StorageError:  # whoever brought the word brings it again
            raise
        except MeterhouseError as error:
            self._roads.tell("order.not_moved", about=about, why=error.sentence())
            return None
