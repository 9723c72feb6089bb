"""A device's answers and alerts, identical repeats, and the durable counter before the act."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterhouse.companion.sealed import (
    REFUSAL_ALERTS,
    Accepted,
    AlertBuilder,
    AlertContent,
    Component,
    CounterClass,
    Kind,
    Mandate,
    Reason,
    Repeated,
    Responder,
    Role,
    SealedError,
    Signer,
    VolatileCounters,
    ZclFrame,
    decode_components,
    decode_envelope,
    encode_components,
    explain,
    premises_binding,
    read_alert,
    read_answer,
    seal,
    zigbee_time,
)
from meterhouse.model import (
    DAY,
    AuthenticationError,
    Eui64,
    Instant,
    PolicyError,
    ProtocolError,
    ReplayError,
    StorageError,
    UsageError,
)
from sealed_parties import (
    CATALOGUE,
    DEVICE,
    DEVICE_KEY,
    MANDATE,
    NOW,
    OTHER_DEVICE,
    PREMISES,
    SEALING,
    SUPPLIER,
    SUPPLIER_KEY,
    change_supply,
    device,
    order,
    read_status,
)


def test_an_identical_repeat_gets_the_stored_answer_and_is_not_taken_again():
    counters = VolatileCounters()
    verifier, responder = device(counters), Responder(DEVICE, DEVICE_KEY, counters)
    sealed = order(5)
    taken = verifier.verify(sealed.encode(), NOW)
    assert isinstance(taken, Accepted)
    assert verifier.verify(sealed.encode(), NOW) == Repeated(sealed, b"")
    answer = responder.answer(taken, change_supply(1))
    assert verifier.verify(sealed.encode(), Instant(NOW + 9 * DAY)) == Repeated(sealed, answer)
    later = order(6)
    assert isinstance(verifier.verify(later.encode(), NOW), Accepted)
    assert verifier.verify(sealed.encode(), NOW).reason is Reason.COUNTER


def test_the_same_counter_with_other_bytes_is_refused():
    verifier = device(VolatileCounters())
    assert isinstance(verifier.verify(order(5).encode(), NOW), Accepted)
    assert verifier.verify(order(5, 0x0081, change_supply(0)).encode(), NOW).reason is Reason.COUNTER


def test_a_counter_above_half_its_range_is_refused_so_that_none_is_the_last():
    verifier = device(VolatileCounters())
    assert verifier.verify(order(1 << 63).encode(), NOW).reason is Reason.COUNTER
    assert isinstance(verifier.verify(order((1 << 63) - 1).encode(), NOW), Accepted)


def test_a_read_raises_its_own_counter_and_never_the_one_of_critical_orders():
    counters = VolatileCounters()
    verifier = device(counters)
    assert isinstance(verifier.verify(order(900, 0x0082, read_status(), mandate=None).encode(), NOW), Accepted)
    assert isinstance(verifier.verify(order(1).encode(), NOW), Accepted)
    assert {row: newest.counter for row, newest in counters.rows.items()} == {
        (Role.SUPPLIER, CounterClass.READ): 900,
        (Role.SUPPLIER, CounterClass.CRITICAL): 1,
    }


def test_an_order_whose_counter_cannot_be_stored_is_not_taken():
    class FullDisk(VolatileCounters):
        __slots__ = ()

        def advance(self, role, counter_class, newest):
            raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        device(FullDisk()).verify(order(1).encode(), NOW)


def test_an_answer_echoes_counter_and_code_and_is_believed_only_for_its_order():
    counters = VolatileCounters()
    sealed = order(5)
    taken = device(counters).verify(sealed.encode(), NOW)
    octets = Responder(DEVICE, DEVICE_KEY, counters).answer(taken, change_supply(1))
    answer = read_answer(octets, sealed, DEVICE_KEY.public)
    assert (answer.kind, answer.counter, answer.code) == (Kind.RESPONSE, 5, 0x0085)
    assert (answer.originator, answer.target, answer.content) == (DEVICE, SUPPLIER, change_supply(1))
    with pytest.raises(ProtocolError):
        read_answer(octets, order(6), DEVICE_KEY.public)
    with pytest.raises(AuthenticationError):
        read_answer(octets, sealed, SUPPLIER_KEY.public)
    with pytest.raises(AuthenticationError):
        read_answer(replace(answer, content=change_supply(0)).encode(), sealed, DEVICE_KEY.public)
    with pytest.raises(SealedError, match="no MAC"):
        read_answer(seal(answer, SEALING).encode(), sealed, DEVICE_KEY.public)


def test_an_alert_tells_the_reason_of_a_refusal_and_is_heard_once():
    octets = AlertBuilder(DEVICE, DEVICE_KEY).refusal(SUPPLIER, 0x0085, Reason.TARGET, 41, NOW)
    envelope, content = read_alert(octets, SUPPLIER, DEVICE, DEVICE_KEY.public, 40)
    assert (envelope.kind, envelope.counter, content.code) == (Kind.ALERT, 41, REFUSAL_ALERTS + Reason.TARGET)
    assert content.at == zigbee_time(NOW)
    with pytest.raises(ReplayError):
        read_alert(octets, SUPPLIER, DEVICE, DEVICE_KEY.public, 41)
    with pytest.raises(ProtocolError):
        read_alert(octets, SUPPLIER, OTHER_DEVICE, DEVICE_KEY.public, 40)
    with pytest.raises(AuthenticationError):
        read_alert(octets, SUPPLIER, DEVICE, SUPPLIER_KEY.public, 40)
    with pytest.raises(UsageError):
        zigbee_time(Instant(0))


def test_a_device_takes_neither_its_own_words_nor_unknown_parties():
    alert = AlertBuilder(DEVICE, DEVICE_KEY).alert(DEVICE, 0x0085, 1, 1, NOW)
    assert device(VolatileCounters()).verify(alert, NOW).reason is Reason.NOT_A_COMMAND
    stranger = Signer(OTHER_DEVICE, DEVICE_KEY, CATALOGUE)
    assert device(VolatileCounters()).verify(order(1, signer=stranger).encode(), NOW).reason is Reason.ORIGINATOR


def test_a_signer_refuses_what_no_device_would_take():
    signer = Signer(SUPPLIER, SUPPLIER_KEY, CATALOGUE)
    with pytest.raises(PolicyError, match="catalogue"):
        signer.order(DEVICE, 0x004F, change_supply(2), 1, MANDATE)
    with pytest.raises(PolicyError, match="mandate"):
        signer.order(DEVICE, 0x0085, change_supply(1), 1)
    with pytest.raises(SealedError, match="supply status"):
        signer.order(DEVICE, 0x0085, change_supply(2), 1, MANDATE)
    for start, end in ((NOW, NOW - 1), (NOW, NOW + DAY + 1)):
        with pytest.raises(UsageError):
            Mandate(PREMISES, Instant(start), Instant(end)).encode()


def test_the_binding_changes_with_supply_point_device_and_tenancy():
    bindings = {
        premises_binding(number, unit, tenancy)
        for number in ("1234567890", "1234567891")
        for unit in (DEVICE, OTHER_DEVICE)
        for tenancy in (0, 1)
    }
    assert len(bindings) == 8
    with pytest.raises(UsageError):
        premises_binding("12a", DEVICE, 0)


def test_the_identity_of_an_order_does_not_depend_on_signature_or_mac():
    sealed = order(5)
    assert sealed.identity == sealed.with_signature(b"").with_mac(b"").identity
    assert sealed.identity != order(6).identity
    assert sealed.identity != replace(sealed, target=Eui64(bytes(8))).identity
    assert decode_envelope(sealed.encode()) == sealed


def test_an_order_is_explained_line_by_line_and_without_belief():
    lines = explain(order(5).encode(), CATALOGUE)
    assert lines[0] == "sealed command, code 0x0085: GCS39 Arm valve in GSME"
    assert "from 2026-11-21T04:30:00Z to 2026-11-21T06:30:00Z" in lines[2]
    assert lines[3].startswith("cluster 0x0702 command 0x0b to server")
    assert lines[-1] == "nothing of this was verified"


@pytest.mark.parametrize("instant", [0, 253_402_300_800_000, (1 << 63) - 1, (1 << 64) - 1])
def test_an_order_with_an_impossible_time_is_explained_all_the_same(instant):
    strange = replace(order(5), supplement=PREMISES + bytes(8) + instant.to_bytes(8, "big"))
    assert explain(strange.encode(), CATALOGUE)[2].startswith(f"premises {PREMISES.hex()}, from ")


@pytest.mark.parametrize(
    "component",
    [
        Component(0x10000, ZclFrame(True, False, 0, 0)),
        Component(0x0702, ZclFrame(True, False, 0, 0), 1 << 32),
        Component(0x0702, ZclFrame(True, False, 0, 0, bytes(0x10000))),
        Component(0x0702, ZclFrame(True, False, 256, 0)),
        Component(0x0702, ZclFrame(True, False, 0, 256)),
        Component(0x0702, ZclFrame(True, False, 0, 0, manufacturer=0x10000)),
    ],
)
def test_a_number_outside_its_field_is_the_callers_fault(component):
    with pytest.raises(UsageError):
        encode_components((component,))
    with pytest.raises(UsageError):
        AlertContent(0x10000, 0).encode()
    with pytest.raises(UsageError):
        encode_components(())


def test_an_encrypted_component_is_refused_by_name():
    content = bytearray(change_supply(1))
    content[3] |= 0x02
    with pytest.raises(SealedError, match="encrypted"):
        decode_components(bytes(content))
