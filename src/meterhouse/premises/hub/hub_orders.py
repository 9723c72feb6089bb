"""Sealed orders in a hub: its own gate for the gas, and the post of all devices behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from meterhouse.companion.sealed import SealedError, decode_envelope
from meterhouse.model import Duration, Eui64, Instant, StorageError
from meterhouse.premises.hub.gas_works import GasWorks
from meterhouse.premises.hub.meter_mail import MeterMail
from meterhouse.premises.hub.note_post import NotePost
from meterhouse.premises.orders import DeviceTrust, OrderGate, RunOutHold, port_objects
from meterhouse.protocols import dlms

__all__ = ["HubOrders"]

_GAS: Final = "gas"
_METER: Final = "electricity"
_GAS_CHANNEL: Final = 1
_CHANGES: Final = frozenset({"tariff.set", "limits.set", "calendar.set", "delay.set", "clock.set"})
"""What was changed by the head end's plain association holds the run-out of credit, too."""


class HubOrders:
    """What of sealed orders a hub has.

    Args:
        trust: slots of the gas; None where its orders come by plain DLMS, or there is none.
        works: the gas; None where there is none.
        meter: the electricity meter, where that takes sealed orders.
        clock: the hub's clock.
        entropy: for nonces.
        keep: see `OrderGate`.
        send: puts bytes on the line to the carrier.
        tell: notes an event.
        now: when the hub is switched on.
    """

    def __init__(
        self,
        trust: DeviceTrust | None,
        works: GasWorks | None,
        meter: Eui64 | None,
        clock: Callable[[Instant], Instant],
        entropy: Callable[[int], bytes],
        keep: Callable[[dict[str, Any]], None] | None,
        send: Callable[[bytes], None],
        tell: Callable[..., None],
        *,
        now: Instant,
    ) -> None:
        self._meter = meter
        self._tell = tell
        self.post = NotePost(lambda frame: send(frame.encode()), self._deliver, tell)
        self.gate: OrderGate | None = None
        self.works = works
        self.mail: MeterMail | None = None
        if trust is not None and works is not None:
            self.gate = OrderGate(trust, works, clock, entropy, keep, tell, now)
            self.post.source(_GAS, self.gate.uplink.after)
        # Without gas there is no gate here; yet in a home of sealed orders a price holds the run-out of credit.
        self._hold = RunOutHold(now) if self.gate is None and meter is not None else None
        if meter is not None:
            self.mail = MeterMail(
                lambda: self.post.passed(_METER), lambda: self.post.begin_anew(_METER), self.post.taken, tell
            )
            self.post.source(_METER, self.mail.after)

    def objects(self) -> list[dlms.ServerObject]:
        """The port of the gas, 0-1:30.128.x.255."""
        return [] if self.gate is None else port_objects(_GAS_CHANNEL, self.gate)

    def _deliver(self, octets: bytes, now: Instant) -> bytes | None:
        try:
            envelope = decode_envelope(octets)
        except SealedError as error:
            self._tell(now, "note.refused", why=error.sentence())
            return b""
        if self.gate is not None and envelope.target == self.gate.trust.identity:
            before = self.gate.receipt
            try:
                self.gate.take(octets, now)
            except StorageError:
                return None  # not safely taken: whoever sent it sends it again
            return self.gate.receipt if self.gate.receipt != before else b""
        if self.mail is not None and envelope.target == self._meter:
            self.mail.put(octets)
            return None
        self._tell(now, "note.refused", why=f"{envelope.target} is not in this home")
        return b""

    def happened(self, kind: str, now: Instant, *, to_gas: bool = True) -> None:
        """Something has happened in the hub; where not to the gas, then to the account of electricity."""
        holds = self._hold if self.gate is None else self.gate
        if holds is not None and kind in _CHANGES:
            holds.changed(now)
        if not to_gas:
            return
        if self.works is not None and kind == "token.accepted":
            self.works.vended(now)
        if self.gate is not None and kind == "valve.opened":
            self.gate.closed_by_hand()

    def held(self, now: Instant) -> Duration:
        """How long from now on no credit of this hub may run out; 0 or below for not at all."""
        if self.gate is not None:
            return self.gate.brake.held_until - self.gate.run.at(now)
        return 0 if self._hold is None else self._hold.left(now)

    def cutoff_l(self, cutoff_l: int, now: Instant) -> int:
        """The cut-off that the gas meter may be given."""
        if self.gate is None or self.works is None:
            return cutoff_l
        return self.works.held_cutoff_l(cutoff_l, self.held(now))

    @property
    def gas_disabled(self) -> bool:
        """Whether an order has closed the gas."""
        return self.works is not None and self.works.disabled

    def deadline(self) -> Instant | None:
        """When something is due."""
        gate = None if self.gate is None else self.gate.deadline()
        post = self.post.deadline()
        return post if gate is None or (post is not None and post < gate) else gate

    def elapse(self, now: Instant, *, online: bool) -> None:
        """Do what is due, and send what has come up."""
        if self.gate is not None:
            self.gate.elapse(now)
        self.post.line(online=online)
        self.post.elapse(now)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        hold = {} if self._hold is None else {"hold": self._hold.state()}
        return {"gate": None if self.gate is None else self.gate.state(), "post": self.post.state()} | hold

    def restore(self, state: dict[str, Any], now: Instant) -> None:
        """Go on from a snapshot."""
        self.post.restore({name: one for name, one in state["post"].items() if name in {_GAS, _METER}})
        if self._hold is not None and "hold" in state:
            self._hold.restore(state["hold"])
        if self.gate is not None and state["gate"] is not None:
            self.gate.restore(state["gate"], now)
