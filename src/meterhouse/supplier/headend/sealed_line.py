"""Sealed orders on the head end's line: asks the carrier for its MAC, has the order carried, hears what devices sign.

The head end is the supplier's counter for signed words: an order is composed and signed elsewhere (the signing
daemon), the carrier adds its MAC, a device's answer, result or alert counts only by the device's own signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from meterhouse.companion.relay import Frame, Kind, Note, Refusal, Sealed
from meterhouse.companion.sealed import (
    AlertContent,
    Envelope,
    SealedError,
    decode_envelope,
    read_alert,
    read_answer,
)
from meterhouse.companion.sealed import Kind as SealedKind
from meterhouse.crypto import PublicPoint
from meterhouse.model import (
    MINUTE,
    Duration,
    Eui64,
    Instant,
    MalformedError,
    MeterhouseError,
    ReplayError,
    StorageError,
)
from meterhouse.supplier.headend.carry_order import CarryOrder, OrderPort
from meterhouse.supplier.headend.jobs import Job
from meterhouse.supplier.headend.ports import OrderBook

__all__ = ["SealedBook", "SealedLine", "SealedOrder"]

_NEVER: Final = Instant(0)
_ASK_AGAIN: Final[Duration] = 2 * MINUTE
_HELD_BACK: Final = frozenset({Refusal.BRAKE, Refusal.QUARANTINE, Refusal.FULL, Refusal.NOT_CONNECTED})
"""What may be otherwise a little later; any other refusal is the order's end."""


@dataclass(frozen=True, slots=True)
class SealedOrder:
    """An order to send.

    Attributes:
        order: its id.
        hub: behind which the device hangs.
        device: with which the association is made: the hub for what the hub keeps, or the meter itself.
        port: of that device.
        octets: the signed envelope, without a MAC.
        expires: its not-after.
    """

    order: str
    hub: Eui64
    device: Eui64
    port: OrderPort
    octets: bytes
    expires: Instant


class SealedBook(OrderBook, Protocol):
    """The order book that also keeps signed words. What a method was given is durable when it returns."""

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """The signature key in the device's certificate; None for a device that is not known."""

    def newest_alert(self, device: Eui64) -> int:
        """The highest counter of the device's alerts so far; -1 before the first."""

    def keep_alert(self, alert: Envelope, content: AlertContent, octets: bytes, now: Instant) -> None:
        """Keep a device's alert or result, verified; its counter is the newest from now on."""

    def keep_answer(self, order: str, answer: Envelope, octets: bytes, now: Instant) -> None:
        """Keep a device's answer to an order, verified; sets the order's stage by what it says."""

    def keep_receipt(self, order: str, octets: bytes, now: Instant) -> None:
        """Keep the carrier's or a hub's receipt, as it came."""


@dataclass(slots=True)
class _Waiting:
    """An order that is not on its way yet.

    Attributes:
        order: it.
        number: of the question that the carrier has not answered; 0 for none.
        ask_at: when it is asked for again.
        sealed: what the carrier gave, while its receipt could not be kept.
        over: how it ended and why, while that could not be written down.
    """

    order: SealedOrder
    number: int = 0
    ask_at: Instant = _NEVER
    sealed: Sealed | None = None
    over: tuple[str, str] | None = None


class SealedLine:
    """See the module.

    Args:
        own: the supplier, as devices name it.
        book: keeps orders, words and receipts.
        carry: takes a job for a hub.
        number: gives the next number on the carrier's line.
        send: sends a frame on it.
        tell: notes an event.
    """

    def __init__(
        self,
        own: Eui64,
        book: SealedBook,
        carry: Callable[[Eui64, Job, Instant], None],
        number: Callable[[], int],
        send: Callable[[Frame], None],
        tell: Callable[..., None],
    ) -> None:
        self._own = own
        self._book = book
        self._carry = carry
        self._number = number
        self._send = send
        self._tell = tell
        self._waiting: list[_Waiting] = []
        self._up = False

    def submit(self, order: SealedOrder, now: Instant) -> None:
        """Take an order; it ends as done, refused or expired in the book."""
        self._waiting.append(_Waiting(order, ask_at=now))
        self.elapse(now)

    def welcomed(self, now: Instant) -> None:
        """The line to the carrier is up."""
        self._up = True
        for one in self._waiting:
            one.number, one.ask_at = 0, now
        self.elapse(now)

    def down(self) -> None:
        """The line is down."""
        self._up = False

    def deadline(self) -> Instant | None:
        """When to ask again, or an order expires."""
        due = [one.order.expires for one in self._waiting if one.over is None]
        due += [one.ask_at for one in self._waiting if self._up or one.over or one.sealed is not None]
        return min(due, default=None)

    def elapse(self, now: Instant) -> None:
        """Ask for the MACs that are due, and end what has expired."""
        for one in list(self._waiting):
            if one.over is not None:
                if now >= one.ask_at:
                    self._end(one, *one.over, now)
            elif now > one.order.expires:
                self._end(one, "expired", "the carrier did not seal it in time", now)
            elif now >= one.ask_at and one.sealed is not None:
                self._go(one, one.sealed, now)
            elif self._up and now >= one.ask_at:
                one.number, one.ask_at = self._number(), Instant(now + _ASK_AGAIN)
                self._send(Frame(Kind.SEAL, one.number, one.order.octets))

    def take(self, frame: Frame, now: Instant) -> bool:
        """A frame that belongs to no call; whether it was for here."""
        if frame.kind is Kind.NOTE:
            self._note(frame, now)
            return True
        one = next((one for one in self._waiting if one.number == frame.session and one.number), None)
        if one is None or frame.kind not in {Kind.SEALED, Kind.REFUSED}:
            return False
        if frame.kind is Kind.SEALED:
            self._sealed(one, Sealed.parse(frame.payload), now)
        else:
            self._refused(one, frame.payload, now)
        return True

    # inside ------------------------------------------------------------------------------------------------------

    def _sealed(self, one: _Waiting, sealed: Sealed, now: Instant) -> None:
        order = one.order
        try:
            back = decode_envelope(sealed.order)
        except SealedError as error:
            self._altered(one, error.sentence(), now)
            return
        if not back.mac or back.with_mac(b"").encode() != order.octets:
            self._altered(one, "what came back is not what was handed over", now)
            return
        one.sealed = sealed
        self._go(one, sealed, now)

    def _go(self, one: _Waiting, sealed: Sealed, now: Instant) -> None:
        """Keep the carrier's receipt, then have the order carried; where it cannot be kept, both wait."""
        order, back = one.order, decode_envelope(sealed.order)
        try:
            self._book.keep_receipt(order.order, sealed.receipt, now)
        except StorageError as error:
            one.ask_at = Instant(now + _ASK_AGAIN)
            self._tell(now, "order.held", order=order.order, why=error.sentence())
            return
        self._waiting.remove(one)

        def taken(answer: bytes, receipt: bytes, at: Instant) -> None:
            if receipt:
                self._book.keep_receipt(order.order, receipt, at)
            self._answered(order, back, answer, at)

        job = CarryOrder(order.order, order.device, order.port, sealed.order, taken, self._book, order.expires)
        self._carry(order.hub, job, now)

    def _altered(self, one: _Waiting, why: str, now: Instant) -> None:
        one.ask_at = Instant(now + _ASK_AGAIN)
        self._tell(now, "carrier.altered", order=one.order.order, why=why)
        self._book.stage(one.order.order, "altered", now, why)

    def _end(self, one: _Waiting, stage: str, why: str, now: Instant) -> None:
        """How an order ended is written down before it is forgotten here."""
        try:
            self._book.stage(one.order.order, stage, now, why)
        except StorageError as error:
            one.over, one.number, one.ask_at = (stage, why), 0, Instant(now + _ASK_AGAIN)
            self._tell(now, "order.held", order=one.order.order, why=error.sentence())
            return
        self._waiting.remove(one)

    def _refused(self, one: _Waiting, payload: bytes, now: Instant) -> None:
        code = payload[0] if payload else 0
        reason = Refusal(code) if code in tuple(Refusal) else None
        why = f"reason {code}" if reason is None else reason.sentence
        self._tell(now, "order.held" if reason in _HELD_BACK else "order.refused", order=one.order.order, why=why)
        if reason in _HELD_BACK:
            one.number, one.ask_at = 0, Instant(now + _ASK_AGAIN)
            return
        self._end(one, "refused", why, now)

    def _answered(self, order: SealedOrder, asked: Envelope, octets: bytes, now: Instant) -> None:
        key = self._book.signing_key(asked.target)
        if not octets or key is None:
            self._tell(now, "order.unanswered", order=order.order, device=str(asked.target))
            return
        try:
            answer = read_answer(octets, asked, key)
        except MeterhouseError as error:
            self._tell(now, "answer.refused", order=order.order, why=error.sentence())
            return
        self._book.keep_answer(order.order, answer, octets, now)

    def _note(self, frame: Frame, now: Instant) -> None:
        """A device's own words. They are taken, believed or not: the hub is not to bring them for ever.

        Only what cannot be kept is not taken: the hub brings it again.
        """
        try:
            note = Note.parse(frame.payload)
            self._alert(note, now)
        except ReplayError:
            pass  # brought twice: the first time it was kept
        except StorageError as error:
            self._tell(now, "note.unkept", why=error.sentence())
            return
        except (MalformedError, MeterhouseError) as error:
            self._tell(now, "note.refused", why=error.sentence())
        self._send(Frame(Kind.NOTED, frame.session))

    def _alert(self, note: Note, now: Instant) -> None:
        said = decode_envelope(note.octets)
        if said.kind is not SealedKind.ALERT:
            raise SealedError("a note to a supplier is an alert or a result")
        key = self._book.signing_key(said.originator)
        if key is None:
            raise SealedError(f"{said.originator} is no device that is known here")
        newest = self._book.newest_alert(said.originator)
        alert, content = read_alert(note.octets, self._own, said.originator, key, newest)
        self._book.keep_alert(alert, content, note.octets, now)
