"""A home's devices with slots, and the parties whose keys they know: orders sealed, notes read."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any

from home_bench import METER_ID, START, make_meter
from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    CONFIRM_ANSWER,
    CONFIRM_QUERY,
    ORDER_RESULT,
    Agreement,
    ConfirmAnswer,
    ConfirmQuery,
    Envelope,
    Mandate,
    OrderCode,
    OrderReply,
    OrderResult,
    Party,
    Role,
    Signer,
    decode_envelope,
    encode_cancel,
    premises_binding,
    read_alert,
    read_answer,
    seal,
)
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import HOUR, MINUTE, Eui64, Instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.orders import DeviceTrust, OrderGate
from meterhouse.protocols import dlms
from meterhouse.protocols.dlms.requests import Access, SetRequest, Target, encode_request

__all__ = [
    "ARM",
    "CATALOGUE",
    "GAS_ID",
    "OPEN",
    "READ",
    "Parties",
    "ask",
    "clock_set",
    "load_limit",
    "script",
    "sealed_meter",
    "sealed_settings",
    "setting",
]

CATALOGUE = own_catalogue()
GAS_ID = Eui64(b"\x02GAS\x00\x00\x00\x01")


def script(number: int) -> bytes:
    """The COSEM content of ECS43 (52) and ECS44 (54)."""
    return bytes.fromhex("D9200003E8000103000900000A006AFF0101120034")[:-1] + bytes((number,))


OPEN, ARM = script(52), script(54)
READ = bytes.fromhex("D9200003E80001010046000060030AFF030100")


class Parties:
    """All who may speak to one device, and its own keys: from seeded entropy, so that a failure comes again."""

    def __init__(self, device: Eui64 = METER_ID, seed: str = "1") -> None:
        draws = count()

        def entropy(size: int) -> bytes:
            return hashlib.shake_256(f"{seed} {device} {next(draws)}".encode()).digest(size)

        self.entropy = entropy
        self.device = device
        self.keys = {role: KeyPair.generate(P256, entropy) for role in Role}
        self.ids = {role: Eui64(b"\x02PAR\x00\x00\x00" + bytes((number,))) for number, role in enumerate(Role, 1)}
        self.signing, self.agreement, self.broker = (KeyPair.generate(P256, entropy) for _ in range(3))
        self.premises = premises_binding("1234567890", device, 1)
        self.sealing = Agreement.between(self.broker, self.agreement.public)
        self.alerts = -1
        self._counter = count(1)

    def trust(self, *roles: Role) -> DeviceTrust:
        chosen = roles or tuple(Role)
        parties = {self.ids[role]: Party(self.ids[role], role, self.keys[role].public) for role in chosen}
        return DeviceTrust(
            self.device, self.signing, self.agreement, self.broker.public, parties, self.premises, CATALOGUE
        )

    def order(self, code: int, content: bytes, now: int, **changes: Any) -> Envelope:
        """Signed and sealed; by the supplier unless told otherwise."""
        role = changes.get("role", Role.SUPPLIER)
        window = changes.get("window", (now - MINUTE, now + HOUR))
        signer = Signer(self.ids[role], changes.get("key", self.keys[role]), CATALOGUE)
        mandate = Mandate(changes.get("premises", self.premises), Instant(window[0]), Instant(window[1]))
        counter = changes.get("counter") or next(self._counter)
        made = signer.order(changes.get("target", self.device), code, content, counter, mandate)
        return seal(made, self.sealing)

    def open(self, now: int, **changes: Any) -> Envelope:
        return self.order(OrderCode.OPEN_SWITCH, OPEN, now, **changes)

    def arm(self, now: int, **changes: Any) -> Envelope:
        return self.order(OrderCode.ARM_SWITCH, ARM, now, **changes)

    def answer(self, query: ConfirmQuery, now: int, *, yes: bool = True, **changes: Any) -> Envelope:
        content = ConfirmAnswer(changes.pop("nonce", query.nonce), changes.pop("order", query.order), yes).encode()
        window = changes.pop("window", (now - MINUTE, now + 4 * MINUTE))
        return self.order(
            CONFIRM_ANSWER, content, now, role=changes.pop("role", Role.CONFIRM), window=window, **changes
        )

    def cancel(self, order: Envelope, now: int, **changes: Any) -> Envelope:
        return self.order(CANCEL_ORDER, encode_cancel(order.identity), now, **changes)

    # what the device says ------------------------------------------------------------------------------------------

    def reply(self, gate: OrderGate, order: Envelope) -> OrderReply:
        return OrderReply.decode(read_answer(gate.last, order, self.signing.public).content)

    def words(self, gate: OrderGate, code: int) -> list[bytes]:
        """Contents of all alerts of that code that wait in the queue, each believed."""
        contents = []
        for note in gate.uplink.notes:
            envelope = decode_envelope(note.octets)
            alert, head = read_alert(note.octets, note.target, self.device, self.signing.public, -1)
            assert envelope.target == note.target
            if head.code == code:
                contents.append(alert.content)
        return contents

    def query(self, gate: OrderGate) -> ConfirmQuery:
        return [ConfirmQuery.decode(content) for content in self.words(gate, CONFIRM_QUERY)][-1]

    def results(self, gate: OrderGate) -> list[OrderResult]:
        return [OrderResult.decode(content) for content in self.words(gate, ORDER_RESULT)]


def sealed_settings(parties: Parties, **changes: Any) -> ElectricityMeterSettings:
    plain = make_meter().settings
    return ElectricityMeterSettings(
        plain.name,
        plain.identity,
        plain.serial,
        plain.head_end_keys,
        plain.hub_keys,
        **({"trust": parties.trust()} | changes),
    )


def sealed_meter(parties: Parties, *, now: Instant = START, **changes: Any) -> ElectricityMeter:
    keep = changes.pop("keep", None)
    return ElectricityMeter(sealed_settings(parties, **changes), parties.entropy, now, keep)


def ask(device: ElectricityMeter) -> OrderGate:
    assert device.gate is not None
    return device.gate


def setting(class_id: int, obis: str, index: int, value: dlms.CosemData) -> bytes:
    """COSEM content that sets one attribute."""
    return encode_request(SetRequest(0xC1, Access(Target(class_id, dlms.Obis.parse(obis), index)), value))


def clock_set(shown: Instant) -> bytes:
    return setting(8, "0-0:1.0.0.255", 2, dlms.octet_string(dlms.encode_date_time(shown)))


def load_limit(watts: int) -> bytes:
    return setting(71, "0-0:17.0.0.255", 4, dlms.double_long_unsigned(watts))
