"""Sealed orders: made, verified, refused; beside the machine's own ECDSA in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from cryptography import __version__ as cryptography_version
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.sealed import (
    Accepted,
    Agreement,
    Component,
    Mandate,
    Party,
    Refused,
    Role,
    Signer,
    Verifier,
    VolatileCounters,
    ZclFrame,
    encode_components,
    premises_binding,
    seal,
)
from meterhouse.crypto import P256, KeyPair, sha256
from meterhouse.model import DAY, Eui64, Instant, parse_instant

__all__: list[str] = []

RAW = f"raw ECDSA P-256 of cryptography {cryptography_version}"
NOW = parse_instant("2026-11-21T05:30:00Z")
SUPPLIER, DEVICE = Eui64(bytes(range(8))), Eui64(bytes(range(8, 16)))
PREMISES = premises_binding("1234567890", DEVICE, 0)
ARM = 0x0085
VERIFY_SHARE = 0.6
"""Of the raw rate, what verifying a whole order must reach."""


class Street:
    """A signer, a broker and a device."""

    def __init__(self) -> None:
        signing, broker, device = (KeyPair(P256, sha256(name)) for name in (b"signing", b"broker", b"device"))
        self.catalogue = own_catalogue()
        self.signing = signing
        self.signer = Signer(SUPPLIER, signing, self.catalogue)
        self.broker = Agreement.between(broker, device.public)
        self.meter = Agreement.between(device, broker.public)
        payload = bytes(16) + b"\x01\x01"
        self.content = encode_components((Component(0x0702, ZclFrame(True, False, 0, 0x0B, payload)),))
        self.mandate = Mandate(PREMISES, Instant(NOW - 1), Instant(NOW + DAY - 1))
        self.counter = 0

    def seal(self) -> bytes:
        self.counter += 1
        order = self.signer.order(DEVICE, ARM, self.content, self.counter, self.mandate)
        return seal(order, self.broker).encode()

    def verifier(self) -> tuple[Verifier, VolatileCounters]:
        counters = VolatileCounters()
        parties = {SUPPLIER: Party(SUPPLIER, Role.SUPPLIER, self.signing.public)}
        return Verifier(DEVICE, PREMISES, parties, self.meter, self.catalogue, counters), counters


@bench
def sealed() -> Iterator[Figure]:
    """An order to arm a gas valve, 178 bytes, counters in memory."""
    street = Street()
    message = bytes(150)
    algorithm = ECDSA(SHA256(), deterministic_signing=True)
    signature = street.signing.key.sign(message, algorithm)
    public = street.signing.public.key
    assert signature.startswith(b"0")
    raw_sign = per_second(lambda: street.signing.key.sign(message, algorithm))
    made = per_second(street.seal)
    yield Figure("sealed order made", "1/s", made, raw_sign, RAW, note="checked, signed, low s, MAC, encoded")

    verifier, counters = street.verifier()
    octets = street.seal()

    def take() -> None:
        counters.rows.clear()
        assert isinstance(verifier.verify(octets, NOW), Accepted)

    raw_before = per_second(lambda: public.verify(signature, message, algorithm))
    taken = per_second(take)
    raw = (raw_before + per_second(lambda: public.verify(signature, message, algorithm))) / 2
    note = "all nine questions, counter kept in memory; limit: 0.6 of raw"
    yield Figure("sealed order verified", "1/s", taken, raw, RAW, limit=VERIFY_SHARE * raw, note=note)

    attempts = cycle(_flips(octets))

    def refuse() -> None:
        assert isinstance(verifier.verify(next(attempts), NOW), Refused)

    counters.rows.clear()
    refused = per_second(refuse)
    assert counters.rows == {}
    yield Figure("altered order refused", "1/s", refused, raw, RAW, note="every single-bit flip in turn, 0 taken")


def _flips(octets: bytes) -> list[bytes]:
    flips = []
    for bit in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        flips.append(bytes(changed))
    return flips
