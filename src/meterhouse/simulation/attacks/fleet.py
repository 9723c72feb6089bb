"""Electricity meters with slots, and whoever may speak to them, as a thief or a carrier finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from meterhouse.app.keys import StreetKeys
from meterhouse.app.street_trust import CONFIRM, SUPPLIER, StreetTrust, Unit, derived_parties
from meterhouse.companion.arm_code import arm_code
from meterhouse.companion.sealed import (
    CONFIRM_ANSWER,
    CONFIRM_QUERY,
    Agreement,
    ConfirmAnswer,
    ConfirmQuery,
    Envelope,
    Mandate,
    OrderCode,
    Signer,
    decode_envelope,
    seal,
)
from meterhouse.crypto import KeyPair, sha256
from meterhouse.links import Dice
from meterhouse.model import HOUR, MINUTE, Eui64, Fuel, Instant, parse_instant
from meterhouse.premises.electricity_meter import ControlState, ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.orders import DeviceTrust, OrderGate
from meterhouse.supplier.trust import supply_content

__all__ = ["NOON", "Fleet", "Mark", "hub_of"]

NOON: Final = parse_instant("2026-11-23T12:00:00Z")


def hub_of(number: int) -> Eui64:
    """The hub of the n-th home."""
    return Eui64(b"\x02MH\x01" + number.to_bytes(4, "big"))


class Mark:
    """One meter under attack."""

    def __init__(self, fleet: Fleet, number: int, **settings: Any) -> None:
        self.fleet = fleet
        self.device = Eui64(b"\x02MH\x02" + number.to_bytes(4, "big"))
        self.unit = Unit(self.device, hub_of(number), f"{number}", Fuel.ELECTRICITY, f"{number + 1:013d}")
        fleet.trust.enter([self.unit])
        keys = fleet.keys
        self._settings = ElectricityMeterSettings(
            name=f"meter/{number}",
            identity=self.device,
            serial=f"MTHE{number:08d}",
            head_end_keys=keys.association("head end", self.device),
            hub_keys=keys.association("hub", self.device),
            trust=fleet.trust.slots(self.unit),
            arm_key=keys.arm_codes(self.device),
            **settings,
        )
        self._entropy = Dice.of(fleet.seed, "meter", str(number)).octets
        self.meter = self.fresh(NOON)

    def fresh(self, now: Instant) -> ElectricityMeter:
        """Such a meter as it comes from the factory."""
        return ElectricityMeter(self._settings, self._entropy, now)

    @property
    def gate(self) -> OrderGate:
        """Where orders enter it."""
        assert self.meter.gate is not None
        return self.meter.gate

    @property
    def on(self) -> bool:
        """Whether the supply is on."""
        return self.meter.switch.state is ControlState.CONNECTED

    def adopt(self, trust: DeviceTrust, now: Instant) -> None:
        """New slots, which it has from now on, whatever becomes of its power."""
        self.gate.adopt(trust, now)
        self._settings = replace(self._settings, trust=trust)

    def power_cut(self, now: Instant) -> None:
        """Off and on again: it goes on from its last record."""
        state = self.meter.state()
        self.meter = self.fresh(now)
        self.meter.restore(state)

    # orders about it -------------------------------------------------------------------------------------------------

    def order(
        self,
        code: int,
        content: bytes,
        now: Instant,
        *,
        window: tuple[int, int] = (-MINUTE, HOUR),
        who: Eui64 = SUPPLIER,
    ) -> Envelope:
        """A genuine order, with the carrier's MAC."""
        fleet = self.fleet
        mandate = Mandate(self.unit.premises, Instant(now + window[0]), Instant(now + window[1]))
        signed = fleet.signer(who).order(self.device, code, content, next(fleet.counters), mandate)
        return seal(signed, fleet.trust.agreement(self.device))

    def cut(self, now: Instant, window: tuple[int, int] = (-MINUTE, HOUR)) -> Envelope:
        """A genuine order to cut it."""
        content = supply_content(Fuel.ELECTRICITY, arm=False)
        return self.order(OrderCode.OPEN_SWITCH, content, now, window=window)

    def arm(self, now: Instant) -> Envelope:
        """A genuine order to arm it."""
        return self.order(OrderCode.ARM_SWITCH, supply_content(Fuel.ELECTRICITY, arm=True), now)

    def take(self, order: Envelope | bytes, now: Instant) -> None:
        """Bytes at its port."""
        self.gate.take(order if isinstance(order, bytes) else order.encode(), now)

    def code(self) -> str:
        """What the supplier's office tells by telephone whoever reads the number on the meter."""
        return arm_code(self.fleet.keys.arm_codes(self.device), self.device, self.meter.keypad.number)

    def queries(self) -> list[ConfirmQuery]:
        """What it asks the confirm service, oldest first."""
        asked = (decode_envelope(note.octets) for note in self.gate.uplink.notes)
        return [ConfirmQuery.decode(one.content) for one in asked if one.code == CONFIRM_QUERY]

    def answer(self, query: ConfirmQuery, now: Instant, *, yes: bool = True) -> Envelope:
        """The confirm service's genuine word."""
        content = ConfirmAnswer(query.nonce, query.order, yes).encode()
        return self.order(CONFIRM_ANSWER, content, now, window=(-MINUTE, 4 * MINUTE), who=CONFIRM)

    def genuine_cut(self, now: Instant) -> bool:
        """A whole cut by everybody who must agree; whether the supply is off."""
        order = self.cut(now)
        self.take(order, now)
        for query in self.queries():
            if query.order == order.identity:
                self.take(self.answer(query, now), now)
        return self.meter.switch.state is ControlState.DISCONNECTED

    def genuine_return(self, now: Instant) -> bool:
        """Armed from afar and closed by a hand; whether the supply is on."""
        self.take(self.arm(now), now)
        return self.meter.press_button(now) and self.on


class Fleet:
    """Some homes, one supplier, one confirm service, one carrier.

    Args:
        seed: of all keys.
        homes: how many.
        settings: of every meter (`ElectricityMeterSettings`).
    """

    def __init__(self, seed: int, homes: int, **settings: Any) -> None:
        self.seed = seed
        self.keys = StreetKeys(sha256(f"attacked street {seed}".encode()))
        self.trust = StreetTrust(self.keys, derived_parties(self.keys))
        self.counters = count(1)
        self._signers: dict[Eui64, Signer] = {}
        self.marks = [Mark(self, number, **settings) for number in range(homes)]

    def __iter__(self) -> Iterator[Mark]:
        """Every home."""
        return iter(self.marks)

    def signer(self, who: Eui64) -> Signer:
        """Composes orders of a party under its own key."""
        if who not in self._signers:
            self._signers[who] = Signer(who, self.keys.pair("sign", who), self.trust.catalogue)
        return self._signers[who]

    def carrier_keys(self) -> KeyPair:
        """What a thief of the carrier has."""
        return self.trust.parties.carrier_agreeing

    def forged(self, pair: KeyPair, mark: Mark, code: int, content: bytes, now: Instant) -> Envelope:
        """An order in the supplier's name, signed by another key, unsealed."""
        mandate = Mandate(mark.unit.premises, Instant(now - MINUTE), Instant(now + HOUR))
        signer = Signer(SUPPLIER, pair, self.trust.catalogue)
        return signer.order(mark.device, code, content, next(self.counters), mandate)

    def sealed_with(self, own: KeyPair, mark: Mark, order: Envelope) -> Envelope:
        """An order with a MAC made by whoever has a key-agreement key."""
        return seal(order, Agreement.between(own, self.trust.agreeing(mark.device).public))
