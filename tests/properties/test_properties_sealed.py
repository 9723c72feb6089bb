"""Sealed orders under attack: nothing altered, repeated, misdirected or out of turn is taken, and the next genuine one is."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.companion.sealed import (
    Accepted,
    CounterClass,
    Envelope,
    Kind,
    Mandate,
    Reason,
    Refused,
    Role,
    SealedError,
    VolatileCounters,
    ZclFrame,
    decode_alert_content,
    decode_components,
    decode_envelope,
    decode_steps,
    decode_zcl,
    encode_components,
    explain,
    is_low,
    seal,
    signed,
)
from meterhouse.companion.sealed.gbz import Component
from meterhouse.crypto import P256
from meterhouse.model import Eui64, Instant
from sealed_parties import (
    CATALOGUE,
    DEVICE,
    MANDATE,
    NETWORK_KEY,
    NOW,
    SEALING,
    SUPPLIER,
    SUPPLIER_KEY,
    change_supply,
    device,
    order,
    read_status,
)

MUTATIONS = 100_000
CRITICAL = (Role.SUPPLIER, CounterClass.CRITICAL)
COSEM_READ = bytes.fromhex("D9200003E80001010046000060030AFF030100")


def take_genuine(verifier, counters, counter: int = 1_000_000) -> None:
    """Every attack ends so: a genuine order is taken, and its counter stored."""
    verdict = verifier.verify(order(counter).encode(), NOW)
    assert isinstance(verdict, Accepted)
    assert counters.rows[CRITICAL].counter == counter


@pytest.mark.parametrize("kind", ["critical", "read"])
def test_every_single_bit_flip_is_refused_with_a_reason_and_changes_no_counter(kind):
    counters = VolatileCounters()
    verifier = device(counters)
    sealed = order(7) if kind == "critical" else order(7, 0x0082, read_status(), mandate=None)
    octets = sealed.encode()
    reasons = set()
    for bit in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        verdict = verifier.verify(bytes(changed), NOW)
        assert isinstance(verdict, Refused), f"bit {bit} was taken"
        assert verdict.why
        reasons.add(verdict.reason)
    assert {Reason.FORM, Reason.TARGET, Reason.ORIGINATOR, Reason.CODE, Reason.MAC} <= reasons
    assert counters.rows == {}
    assert isinstance(verifier.verify(octets, NOW), Accepted)
    take_genuine(verifier, counters)


def test_every_cut_and_every_extra_byte_is_refused_for_its_form():
    counters = VolatileCounters()
    verifier = device(counters)
    octets = order(7).encode()
    for short in [octets[:length] for length in range(len(octets))] + [octets + b"\x00"]:
        verdict = verifier.verify(short, NOW)
        assert isinstance(verdict, Refused)
        assert verdict.reason in {Reason.FORM, Reason.MAC}
    assert counters.rows == {}
    take_genuine(verifier, counters)


def mutated(octets: bytes, other: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled, or taken from another genuine order."""
    changed = bytearray(octets)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed))
        match dice.randrange(4):
            case 0:
                changed[at] = dice.randrange(256)
            case 1:
                del changed[at : at + dice.randint(1, 8)]
            case 2:
                changed[at:at] = changed[at : at + dice.randint(1, 8)]
            case _:
                end = at + dice.randint(1, 32)
                changed[at:end] = other[at:end]
        if not changed:
            break
    return bytes(changed)


def test_none_of_many_mutations_and_splices_is_taken():
    dice = random.Random(20261121)
    counters = VolatileCounters()
    verifier = device(counters)
    octets, other = order(7).encode(), order(8, 0x0081, change_supply(0)).encode()
    tried = 0
    while tried < MUTATIONS:
        attempt = mutated(octets, other, dice)
        if attempt in {octets, other}:
            continue
        tried += 1
        assert isinstance(verifier.verify(attempt, NOW), Refused)
    assert counters.rows == {}
    take_genuine(verifier, counters)


def test_a_carrier_that_changes_a_bit_and_makes_the_mac_anew_is_refused():
    counters = VolatileCounters()
    verifier = device(counters)
    signed_part = order(7).signed_part()
    reasons = set()
    for bit in range(8 * len(signed_part)):
        changed = bytearray(signed_part)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            envelope = seal(decode_envelope(bytes(changed)), SEALING)
        except SealedError:
            continue
        verdict = verifier.verify(envelope.encode(), NOW)
        assert isinstance(verdict, Refused), f"bit {bit} was taken"
        reasons.add(verdict.reason)
    assert Reason.SIGNATURE in reasons
    assert Reason.MAC not in reasons
    assert counters.rows == {}
    take_genuine(verifier, counters)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=15))
def test_an_order_is_taken_once_and_only_when_its_counter_rises(numbers):
    counters = VolatileCounters()
    verifier = device(counters)
    newest = -1
    for number in numbers:
        taken = isinstance(verifier.verify(order(number).encode(), NOW), Accepted)
        assert taken == (number > newest)
        newest = max(newest, number)
        assert counters.rows[CRITICAL].counter == newest
    take_genuine(verifier, counters)


def refused(envelope: Envelope, reason: Reason, now: Instant = NOW) -> None:
    counters = VolatileCounters()
    verifier = device(counters)
    verdict = verifier.verify(envelope.encode(), now)
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason
    assert counters.rows == {}
    take_genuine(verifier, counters)


@given(st.binary(min_size=8, max_size=8).filter(lambda octets: octets != DEVICE.octets))
@settings(max_examples=30, deadline=None)
def test_an_order_for_any_other_device_is_refused_even_when_it_is_genuine_there(octets):
    refused(order(1, target=Eui64(octets)), Reason.TARGET)


def test_a_role_that_the_code_is_not_for_is_refused_although_signature_and_mac_are_right():
    made = Envelope(
        Kind.COMMAND, 1, Eui64.parse("90B3D51F30020000"), DEVICE, 0x0085, change_supply(1), MANDATE.encode()
    )
    refused(seal(signed(made, NETWORK_KEY), SEALING), Reason.ROLE)


def test_the_carriers_mac_alone_moves_nothing():
    for code, use_case in CATALOGUE.items():
        if use_case.critical:
            forged = Envelope(Kind.COMMAND, 1, SUPPLIER, DEVICE, code, change_supply(1), MANDATE.encode())
            refused(seal(forged, SEALING), Reason.SIGNATURE)
            refused(seal(signed(forged, NETWORK_KEY), SEALING), Reason.SIGNATURE)


def test_a_signature_written_with_the_other_s_is_refused_although_it_verifies():
    genuine = order(1)
    s = P256.order - int.from_bytes(genuine.signature[32:], "big")
    high = genuine.with_signature(genuine.signature[:32] + s.to_bytes(32, "big"))
    assert not is_low(high.signature)
    assert high.identity == genuine.identity
    refused(seal(high, SEALING), Reason.HIGH_S)


@given(st.integers(-(1 << 40), 1 << 40))
@settings(max_examples=40, deadline=None)
def test_an_order_is_taken_from_its_first_to_its_last_millisecond_and_never_outside(shift):
    now = Instant(NOW + shift)
    if now < MANDATE.not_before:
        refused(order(1), Reason.EARLY, now)
    elif now > MANDATE.not_after:
        refused(order(1), Reason.LATE, now)
    else:
        assert isinstance(device(VolatileCounters()).verify(order(1).encode(), now), Accepted)
    refused(order(1), Reason.EARLY, Instant(MANDATE.not_before - 1))
    refused(order(1), Reason.LATE, Instant(MANDATE.not_after + 1))


def test_an_order_for_the_tenant_before_or_without_a_sound_mandate_is_refused():
    refused(order(1, mandate=Mandate(bytes(8), MANDATE.not_before, MANDATE.not_after)), Reason.PREMISES)
    bare = Envelope(Kind.COMMAND, 1, SUPPLIER, DEVICE, 0x0085, change_supply(1))
    long = MANDATE.encode()[:16] + ((1 << 63) - 1).to_bytes(8, "big")
    for supplement in (b"", bytes(16), long):
        refused(seal(signed(replace(bare, supplement=supplement), SUPPLIER_KEY), SEALING), Reason.MANDATE)


@pytest.mark.parametrize("content", [change_supply(2), change_supply(0), b"", read_status(), COSEM_READ])
def test_an_authentic_order_that_its_use_case_does_not_hold_is_refused(content):
    made = Envelope(Kind.COMMAND, 1, SUPPLIER, DEVICE, 0x0085, content, MANDATE.encode())
    refused(seal(signed(made, SUPPLIER_KEY), SEALING), Reason.CONTENT)


DECODERS = [decode_envelope, decode_components, decode_zcl, decode_steps, decode_alert_content]


@given(
    st.binary(max_size=120), st.sampled_from([b"", bytes.fromhex("0109"), b"\xd9\x20", b"\xdd" + bytes(6), b"\xdf\x09"])
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_decode_or_raise_exactly_one_class(octets, head):
    for decode in DECODERS:
        try:
            value = decode(head + octets)
        except SealedError:
            continue
        if isinstance(value, Envelope):
            assert value.encode() == head + octets
            assert explain(head + octets, CATALOGUE)


@given(
    st.lists(
        st.builds(
            Component,
            st.integers(0, 0xFFFF),
            st.builds(
                ZclFrame,
                st.booleans(),
                st.booleans(),
                st.integers(0, 255),
                st.integers(0, 255),
                st.binary(max_size=40),
                st.booleans(),
                st.none() | st.integers(0, 0xFFFF),
            ),
            st.none() | st.integers(0, (1 << 32) - 1),
        ),
        min_size=1,
        max_size=32,
    ).map(tuple)
)
@settings(max_examples=60, deadline=None)
def test_components_come_back_as_they_were(components):
    assert decode_components(encode_components(components)) == components
