"""A supplier, a network operator, a carrier and two devices with keys of their own, for the tests of sealed messages."""

from __future__ import annotations

from hashlib import sha256

from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.sealed import (
    Agreement,
    Component,
    Envelope,
    Mandate,
    Party,
    Role,
    Signer,
    Verifier,
    VolatileCounters,
    ZclFrame,
    encode_components,
    premises_binding,
    seal,
)
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import HOUR, Eui64, Instant, parse_instant

__all__ = [
    "AGREEING_KEY",
    "BROKER_KEY",
    "CATALOGUE",
    "DEVICE",
    "DEVICE_KEY",
    "MANDATE",
    "NETWORK",
    "NETWORK_KEY",
    "NOW",
    "OTHER_DEVICE",
    "PREMISES",
    "SEALING",
    "SUPPLIER",
    "SUPPLIER_KEY",
    "change_supply",
    "device",
    "key",
    "order",
    "read_status",
]

CATALOGUE = own_catalogue()
NOW = parse_instant("2026-11-21T05:30:00Z")
SUPPLIER, NETWORK = Eui64.parse("90B3D51F30010000"), Eui64.parse("90B3D51F30020000")
DEVICE, OTHER_DEVICE = Eui64.parse("00DB1234567890A1"), Eui64.parse("00DB1234567890A2")
PREMISES = premises_binding("1234567890", DEVICE, 3)
MANDATE = Mandate(PREMISES, Instant(NOW - HOUR), Instant(NOW + HOUR))


def key(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


SUPPLIER_KEY, NETWORK_KEY, DEVICE_KEY = key("supplier signs"), key("network signs"), key("device signs")
BROKER_KEY, AGREEING_KEY = key("broker agrees"), key("device agrees")
SEALING = Agreement.between(BROKER_KEY, AGREEING_KEY.public)
PARTIES = {
    SUPPLIER: Party(SUPPLIER, Role.SUPPLIER, SUPPLIER_KEY.public),
    NETWORK: Party(NETWORK, Role.NETWORK_OPERATOR, NETWORK_KEY.public),
}


def change_supply(status: int, request: int = 0) -> bytes:
    payload = bytes(8) + request.to_bytes(4, "little") + bytes(4) + bytes((status, 1))
    return encode_components((Component(0x0702, ZclFrame(True, False, 0, 0x0B, payload)),))


def read_status(*attributes: int) -> bytes:
    payload = b"".join(attribute.to_bytes(2, "little") for attribute in attributes or (0x0014,))
    return encode_components((Component(0x0702, ZclFrame(False, False, 0, 0x00, payload)),))


def order(counter: int, code: int = 0x0085, content: bytes | None = None, **changes) -> Envelope:
    """An order by the supplier, sealed by the broker; arms the valve unless told otherwise."""
    signer = changes.get("signer") or Signer(SUPPLIER, SUPPLIER_KEY, CATALOGUE)
    mandate = changes.get("mandate", MANDATE)
    made = signer.order(changes.get("target", DEVICE), code, content or change_supply(1), counter, mandate)
    return seal(made, changes.get("sealing", SEALING))


def device(counters: VolatileCounters, own: Eui64 = DEVICE) -> Verifier:
    broker = Agreement.between(AGREEING_KEY, BROKER_KEY.public)
    return Verifier(own, PREMISES, PARTIES, broker, CATALOGUE, counters)
