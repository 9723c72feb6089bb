"""Receipts: one hop's signed statements, in a chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterhouse.companion.receipt import Deed, Receipt, Scribe, read_receipt
from meterhouse.crypto import P256, KeyPair, sha256
from meterhouse.model import AuthenticationError, Eui64, Instant, MalformedError

CARRIER = Eui64.parse("90B3D51F30020000")
HEAD_END = Eui64.parse("90B3D51F30010000")
HUB = Eui64.parse("00DB1234567890A0")
T0 = Instant(1_700_000_000_000)
PAIR = KeyPair(P256, (7).to_bytes(32, "big"))
OTHER = KeyPair(P256, (8).to_bytes(32, "big"))


def written(scribe: Scribe, subject: bytes = sha256(b"order")) -> bytes:
    return scribe.write(Deed.SEALED, subject, HEAD_END, HUB, T0)


def test_a_receipt_says_who_did_what_with_which_order_from_whom_to_whom_and_when():
    receipt = read_receipt(written(Scribe(CARRIER, PAIR)), PAIR.public)
    assert receipt == Receipt(CARRIER, 1, Deed.SEALED, sha256(b"order"), HEAD_END, HUB, T0, bytes(32))


def test_each_receipt_names_the_one_before_so_none_can_be_taken_back():
    scribe = Scribe(CARRIER, PAIR)
    first, second, third = (read_receipt(written(scribe), PAIR.public) for _ in range(3))
    assert [second.previous, third.previous] == [first.digest, second.digest]
    assert third.previous != replace(second, at=Instant(T0 + 1)).digest
    resumed = Scribe(CARRIER, PAIR, scribe.number, scribe.previous)
    assert read_receipt(written(resumed), PAIR.public).previous == third.digest


def test_no_bit_of_a_receipt_can_be_changed():
    octets = written(Scribe(CARRIER, PAIR))
    for place in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((AuthenticationError, MalformedError)):
            read_receipt(bytes(changed), PAIR.public)
    with pytest.raises(AuthenticationError):
        read_receipt(octets, OTHER.public)


@pytest.mark.parametrize("cut", [0, 1, 104, 168, 170])
def test_another_length_is_malformed(cut):
    with pytest.raises(MalformedError, match="169 bytes"):
        read_receipt((written(Scribe(CARRIER, PAIR)) + b"\0" * 9)[:cut], PAIR.public)
