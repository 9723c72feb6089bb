"""Two gateways under the same rules: the street's carrier, and one that a small supplier runs itself, outside of it.

A gateway is a carrier machine with an operator, an identity and keys of its own, and the meters behind it. Opting out
shares nothing with the central one: no key, no register, no party; it only runs the same machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from meterhouse.app.street_trust import CONFIRM, SUPPLIER
from meterhouse.carrier import AccessBroker, Carrier, CarrierSettings, Quarantine
from meterhouse.companion.receipt import Scribe
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Refusal, Role, Sealed
from meterhouse.companion.sealed import Envelope
from meterhouse.crypto import P256, KeyPair, sha256
from meterhouse.model import DAY, HOUR, Eui64
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark

__all__ = ["GATEWAYS", "STRANGER", "Gateway"]

GATEWAYS = {"central": 1, "opted out": 2}
"""Name, and seed of every key."""
STRANGER = Eui64.parse("02FFFFFFFFFFFFFF")


class Gateway:
    """One of them, with its supplier, its confirm service and its hubs on the line."""

    def __init__(self, name: str) -> None:
        self.fleet = Fleet(GATEWAYS[name], 2)
        trust = self.fleet.trust
        self.identity = Eui64(b"\x02GW" + sha256(name.encode())[:5])
        quarantine = Quarantine((), DAY, frozenset(trust.catalogue), lambda hub: self.carrier.online(hub))  # noqa: PLW0108 -- it is made below
        broker = AccessBroker(trust, trust.catalogue, quarantine)
        settings = CarrierSettings(name, trust.may_reach, HOUR, attested=True)
        self.carrier = Carrier(settings, broker, Scribe(self.identity, KeyPair(P256, sha256(name.encode()))))
        for port, who in self._parties():
            role = Role.HUB if port.startswith("hub") else Role.HEAD_END
            self.carrier.vouch(port, Hello(role, who))
            self.say(port, Hello(role, who).frame())

    def _parties(self) -> Iterator[tuple[str, Eui64]]:
        yield from (("supplier", SUPPLIER), ("confirm", CONFIRM))
        for number, mark in enumerate(self.fleet):
            yield f"hub{number}", mark.unit.hub

    def say(self, port: str, *frames: Frame) -> list[tuple[str, Frame]]:
        self.carrier.receive(port, b"".join(frame.encode() for frame in frames), NOON)
        return [(to, one) for to, data in self.carrier.outgoing() for one in FrameReader().feed(data)]

    def seal(self, order: Envelope | bytes, port: str = "supplier") -> bytes | Refusal:
        """The order with this gateway's MAC, or why it has none."""
        octets = order if isinstance(order, bytes) else order.encode()
        [(to, frame)] = self.say(port, Frame(Kind.SEAL, 9, octets))
        assert to == port
        return Sealed.parse(frame.payload).order if frame.kind is Kind.SEALED else Refusal(frame.payload[0])

    @property
    def mark(self) -> Mark:
        """The meter that is attacked."""
        return self.fleet.marks[0]

    def signed(self, order: Envelope) -> Envelope:
        """An order as its supplier sends it: without the carrier's MAC."""
        return order.with_mac(b"")

    def cut(self, mark: Mark) -> bool:
        """A genuine cut by way of this gateway, with its question and answer; whether the supply is off."""
        sealed = self.seal(self.signed(mark.cut(NOON)))
        assert isinstance(sealed, bytes), sealed
        mark.take(sealed, NOON)
        for query in mark.queries():
            answer = self.seal(self.signed(mark.answer(query, NOON)), "confirm")
            assert isinstance(answer, bytes), answer
            mark.take(answer, NOON)
        return not mark.on
