"""tshark, an outsider, decodes every kind of sealed message that we emit, and finds no field malformed."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
from itertools import count

import pytest

from home_bench import START, make_hub
from meterhouse.companion.sealed import (
    CHANGE_SUPPLIER,
    CONFIRM_QUERY,
    ORDER_RESULT,
    Accepted,
    AlertBuilder,
    Component,
    ConfirmAnswer,
    ConfirmQuery,
    HandOver,
    Hindrance,
    OrderCode,
    OrderReply,
    OrderResult,
    Outcome,
    Reason,
    Responder,
    Role,
    Standing,
    SupplierChange,
    VolatileCounters,
    ZclFrame,
    decode_envelope,
    encode_cancel,
    encode_components,
)
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import Eui64
from sealed_home import ARM, GAS_ID, OPEN, READ, Parties, clock_set, load_limit, sealed_meter
from sealed_parties import (
    CATALOGUE,
    DEVICE,
    DEVICE_KEY,
    MANDATE,
    NOW,
    SUPPLIER,
    change_supply,
    device,
    order,
    read_status,
)

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not on this machine: `make debian` installs it")

LINK_TYPE = 147  # USER0, for which the preference below names the dissector
DISSECTOR = 'uat:user_dlts:"User 0 (DLT=147)","gbcs_message","0","","0",""'
COUNTER = count(1)
GAINS = Eui64(b"\x02MH\x09\0\0\0\x7f")
GAINER = KeyPair(P256, bytes(31) + b"\7")


def gbz(cluster: int, command: int, payload: str, *, to_client: bool = False) -> Component:
    return Component(cluster, ZclFrame(True, to_client, 0, command, bytes.fromhex(payload), to_client))


GBZ = {
    0x0081: change_supply(0),
    0x0085: change_supply(1),
    0x0082: read_status(0x0014, 0x0000),
    0x0097: encode_components((gbz(0x0705, 4, "0014" + b"73935500678871051787".hex()),)),
    0x0070: encode_components((gbz(0x0705, 0, "804a371c00"),)),
    0x00A3: encode_components(
        (
            gbz(0x0700, 4, "00000000804A371C01000000FFFFFFFF1000000300D20350C1570000FF010000E80300", to_client=True),
            gbz(
                0x0700,
                5,
                "00000000804A371CFEFFFFFF01000000000100008025000001D827000002FE29000003F82A0000",
                to_client=True,
            ),
        )
    ),
    0x007C: encode_components(
        (
            gbz(0x0700, 2, "804A371C00000000788F010050", to_client=True),
            gbz(0x0700, 3, "804A371C0000000090010000" + "0110", to_client=True),
        )
    ),
    0x006E: encode_components(
        (gbz(0x0705, 2, "804A371C0040420F0000010000000000000150C300000000"),),
    ),
    0xF011: ConfirmAnswer(bytes(range(16)), bytes(range(32)), yes=True).encode(),
    0xF013: encode_cancel(bytes(range(32))),
    CHANGE_SUPPLIER: SupplierChange(
        HandOver(DEVICE, SUPPLIER, GAINS, NOW), GAINER.public, GAINER.public, GAINS, GAINER.public, bytes(40)
    )
    .signed_by(GAINER)
    .encode(),
}
COSEM = {
    0x0050: bytes.fromhex("D9200003E8000103000900000A006AFF0101120034"),
    0x0051: bytes.fromhex("D9200003E8000103000900000A006AFF0101120036"),
    0x0052: bytes.fromhex("D9200003E80001010046000060030AFF030100"),
    0xF020: clock_set(NOW),
    0xF021: load_limit(5_000),
}


def dissected(messages: list[bytes], folder) -> list[dict]:
    """What tshark tells of each message: its protocols, and every field with its value, flat."""
    capture = folder / "sealed.pcap"
    packets = b"".join(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets for octets in messages)
    capture.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, LINK_TYPE) + packets)
    command = [TSHARK, "-r", str(capture), "-o", DISSECTOR, "-T", "json", "--no-duplicate-keys"]
    told = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [flat(packet["_source"]["layers"]) for packet in json.loads(told.stdout)]


def flat(tree: object) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}

    def walk(node: object, name: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                fields.setdefault(key, [])
                walk(value, key)
        elif isinstance(node, list):
            for value in node:
                walk(value, name)
        else:
            fields.setdefault(name, []).append(str(node))

    walk(tree, "")
    return fields


def assert_sound(fields: dict[str, list[str]]) -> None:
    complaints = [name for name in fields if "malformed" in name or "invalid" in name or "expert" in name]
    assert not complaints, fields.get("_ws.expert.message")
    assert "gbcs_message" in fields


def test_every_gas_order_of_the_catalogue_is_decoded_to_its_last_field(tmp_path):
    assert {code for code, use_case in CATALOGUE.items() if use_case.components} == set(GBZ)
    orders = [order(next(COUNTER), code, content) for code, content in GBZ.items()]
    for sealed, fields in zip(orders, dissected([each.encode() for each in orders], tmp_path), strict=True):
        assert_sound(fields)
        assert int(fields["gbcs_message.grouping_header.message_code"][0], 0) == sealed.code
        assert fields["gbcs_message.grouping_header.originator_counter"] == [str(sealed.counter)]
        assert fields["gbcs_message.mac"] == [sealed.mac.hex(":")]
        assert fields["gbcs_gbz.profile_id"] == ["0x0109"]
        assert any(name.startswith("zbee_zcl") for name in fields), sealed
        if sealed.signature:
            assert fields["gbcs_message.krp"] == [sealed.signature.hex(":")]
        assert fields["gbcs_message.grouping_header.supplementary_remote_party_counter"] == [str(MANDATE.not_before)]


def test_the_supply_status_that_tshark_reads_is_the_one_that_was_ordered(tmp_path):
    orders = [order(next(COUNTER), 0x0081, change_supply(0)), order(next(COUNTER), 0x0085, change_supply(1))]
    told = dissected([each.encode() for each in orders], tmp_path)
    named = [name for name in told[0] if name.startswith("zbee_zcl_se.met") and "supply_status" in name]
    assert named
    assert [int(fields[named[0]][0], 0) for fields in told] == [0, 1]


def test_every_electricity_order_of_the_catalogue_is_decoded(tmp_path):
    assert {code for code, use_case in CATALOGUE.items() if use_case.steps} == set(COSEM)
    orders = [order(next(COUNTER), code, content) for code, content in COSEM.items()]
    for sealed, fields in zip(orders, dissected([each.encode() for each in orders], tmp_path), strict=True):
        assert_sound(fields)
        assert int(fields["gbcs_message.grouping_header.message_code"][0], 0) == sealed.code
        assert fields["gbcs_message.mac"] == [sealed.mac.hex(":")]


def test_a_read_without_mandate_an_answer_and_an_alert_are_decoded(tmp_path):
    counters = VolatileCounters()
    taken = device(counters).verify(order(next(COUNTER)).encode(), NOW)
    assert isinstance(taken, Accepted)
    read = order(next(COUNTER), 0x0082, read_status(), mandate=None).encode()
    dated = encode_components((Component(0x0702, ZclFrame(True, False, 0, 6, bytes(13)), 0x32777B80),))
    answers = [Responder(DEVICE, DEVICE_KEY, counters).answer(taken, content) for content in (change_supply(1), dated)]
    alert = AlertBuilder(DEVICE, DEVICE_KEY).refusal(SUPPLIER, 0x0085, Reason.TARGET, 7, NOW)
    told = dissected([read, *answers, alert], tmp_path)
    for fields, kind in zip(told, (1, 2, 2, 3), strict=True):
        assert_sound(fields)
        assert int(fields["gbcs_message.grouping_header.cra_flag"][0], 0) == kind
    assert "gbcs_gbz.from_date_time" in told[2]
    assert int(told[3]["gbcs_gbz.alert_code"][0], 0) == 0xF000 + Reason.TARGET


def test_a_query_a_result_and_a_reply_are_decoded_whatever_the_bytes_in_them(tmp_path):
    builder, counters = AlertBuilder(DEVICE, DEVICE_KEY), VolatileCounters()
    noise = [hashlib.sha512(bytes((number,))).digest() for number in range(8)]
    queries = [ConfirmQuery(NOW, one[:16], one[16:48], 1, None, 400, None, one[48:56]).encode() for one in noise]
    results = [OrderResult(NOW, one[:32], Outcome.OPENED, 0).encode() for one in noise]
    taken = device(counters).verify(order(next(COUNTER)).encode(), NOW)
    replies = [OrderReply(Standing.REFUSED, hindrance).encode() for hindrance in Hindrance]
    told = dissected(
        [
            *(builder.words(SUPPLIER, CONFIRM_QUERY, content, 1) for content in queries),
            *(builder.words(SUPPLIER, ORDER_RESULT, content, 1) for content in results),
            *(Responder(DEVICE, DEVICE_KEY, counters).answer(taken, content) for content in replies),
        ],
        tmp_path,
    )
    for fields in told:
        assert_sound(fields)
    assert [int(fields["gbcs_gbz.alert_code"][0], 0) for fields in told[:16]] == [CONFIRM_QUERY] * 8 + [
        ORDER_RESULT
    ] * 8


def test_every_kind_that_an_electricity_meter_emits_is_decoded(tmp_path):
    parties = Parties()
    meter = sealed_meter(parties)
    gate = meter.gate
    replies = []
    for code, content in (
        (OrderCode.READ_SWITCH, READ),
        (OrderCode.SET_LOAD_LIMIT, load_limit(5_000)),
        (OrderCode.SET_CLOCK, clock_set(START)),
        (OrderCode.OPEN_SWITCH, OPEN),
        (OrderCode.OPEN_SWITCH, OPEN),
        (OrderCode.ARM_SWITCH, ARM),
    ):
        gate.take(parties.order(code, content, START).encode(), START)
        replies.append(gate.last)
    gate.take(parties.open(START, role=Role.NETWORK_OPERATOR).encode(), START)
    spoken = [*replies, *(note.octets for note in gate.uplink.notes)]
    kinds = [decode_envelope(octets).code for octets in spoken]
    assert {OrderCode.READ_SWITCH, OrderCode.OPEN_SWITCH, CONFIRM_QUERY, ORDER_RESULT} <= set(kinds)
    for fields in dissected(spoken, tmp_path):
        assert_sound(fields)


def test_the_state_of_a_valve_is_decoded_from_the_hubs_answer(tmp_path):
    parties = Parties(GAS_ID)
    hub = make_hub(trust=parties.trust())
    gate = hub.orders.gate
    gate.take(parties.order(OrderCode.READ_VALVE, read_status(0x0014, 0x0000), START).encode(), START)
    (fields,) = dissected([gate.last], tmp_path)
    assert_sound(fields)
    assert any("0x0014" in value for values in fields.values() for value in values)


def test_tshark_does_complain_of_a_message_that_is_cut_off(tmp_path):
    with pytest.raises(AssertionError):
        assert_sound(dissected([order(next(COUNTER)).encode()[:100]], tmp_path)[0])
