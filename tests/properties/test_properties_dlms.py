"""Any bytes into the DLMS room: a value, an answer, or one documented error; and an association that lives on."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms_meter import NOW, PROFILE, REGISTER, ROWS, TEXT, Meter, Session, fresh, proved
from meterhouse.model import Instant, MalformedError, RemoteError
from meterhouse.protocols.dlms import (
    ApduError,
    ClientSettings,
    CosemData,
    Mechanism,
    Range,
    Tag,
    decode_data,
    decode_date_time,
    encode_data,
    encode_date_time,
    gateway,
    octet_string,
    profile_rows,
    wrapper,
)
from meterhouse.protocols.dlms.acse import decode_aare, decode_aarq, decode_release
from meterhouse.protocols.dlms.initiate import decode_initiate_request, decode_initiate_response
from meterhouse.protocols.dlms.requests import decode_request, encode_request
from meterhouse.protocols.dlms.responses import decode_response, decode_results, encode_response
from reference_data import reference

DECODERS = [
    decode_data,
    decode_date_time,
    profile_rows,
    gateway.unwrap,
    decode_aarq,
    decode_aare,
    decode_release,
    decode_initiate_request,
    decode_initiate_response,
    decode_request,
    decode_response,
    decode_results,
]
LLS = ClientSettings(client_sap=2, mechanism=Mechanism.LLS, secret=b"12345678")
METER = Meter()
WAYS = [LLS, proved(), proved(use_general_glo=True), proved(max_pdu=256)]


def tried(decoder, octets):
    with suppress(ApduError):
        decoder(octets)


def mutations(octets: bytes):
    """Every prefix and every single-bit flip."""
    for end in range(len(octets)):
        yield octets[:end]
    whole = int.from_bytes(octets, "big")
    for bit in range(len(octets) * 8):
        yield (whole ^ (1 << bit)).to_bytes(len(octets), "big")


def work(session: Session):
    """What a client usually does; also what the captured sessions hold."""
    client = session.client
    session.run(client.get(3, REGISTER, 2))
    session.run(client.get_list([(3, REGISTER, 2), (3, REGISTER, 3)]))
    session.run(client.profile(PROFILE, Range(ROWS[0][0], ROWS[3][0])))
    session.run(client.set(1, TEXT, 2, octet_string(b"text")))


def captured(settings) -> tuple[list[bytes], list[bytes]]:
    session = Session(Meter(), fresh(settings))
    answers = []
    exchange = session.exchange
    session.exchange = lambda apdu: answers.append(exchange(apdu)) or answers[-1]
    session.opened()
    work(session)
    session.run(session.client.release())
    return session.sent, answers


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.__name__)
@given(octets=st.binary(max_size=80))
def test_any_bytes_decode_or_are_malformed(decoder, octets):
    tried(decoder, octets)


@given(pieces=st.lists(st.binary(max_size=20), max_size=10))
def test_any_stream_is_framed_or_malformed(pieces):
    decoder = wrapper.Decoder()
    for piece in pieces:
        try:
            decoder.feed(piece)
        except MalformedError:
            break


def vector_apdus():
    for vector in json.loads(reference("reference/vectors/dlms.json").read_text()):
        for key in ("plain", "expected", "frame"):
            if key in vector:
                yield bytes.fromhex(vector[key])


def test_every_prefix_and_flip_of_the_vectors_decodes_or_is_malformed():
    connection = Meter().server.connection()
    for apdu in vector_apdus():
        for octets in mutations(apdu):
            for decoder in DECODERS:
                tried(decoder, octets)
            for client in (16, 1, 99):
                connection.receive(client, 1, octets, NOW)
            connection.audit()


@pytest.mark.parametrize("settings", WAYS, ids=["plain", "glo", "general-glo", "blocks"])
def test_every_prefix_and_flip_of_a_session_leaves_the_servers_association_whole(settings):
    """The client's own bytes, broken, between its good ones: no exception, and the good ones still work."""
    meter = Meter()
    session = Session(meter, fresh(settings)).opened()
    good = session.exchange
    pair = (settings.client_sap, 1)

    def attacked(apdu):
        protected = bool(settings.policy)
        for octets in mutations(apdu):
            if protected:
                answer = good(octets)
                assert answer is None or answer[0] in {0xD8, 0x61}
            elif octets[:1] not in {b"\xc0", b"\xc1", b"\xc3", b"\x62"}:
                good(octets)
        session.connection.audit()
        assert pair in session.connection.associations
        return good(apdu)

    session.exchange = attacked
    work(session)
    assert meter.text == b"text"


@pytest.mark.parametrize("settings", WAYS, ids=["plain", "glo", "general-glo", "blocks"])
def test_no_broken_request_makes_the_server_raise(settings):
    sent, _answers = captured(settings)
    for number, apdu in enumerate(sent):
        session = Session(Meter(), fresh(settings))
        for earlier in sent[:number] if not settings.policy else ():
            session.exchange(earlier)
        for octets in mutations(apdu):
            session.exchange(octets)
            session.connection.audit()


@pytest.mark.parametrize("settings", WAYS, ids=["plain", "glo", "general-glo", "blocks"])
def test_every_broken_answer_ends_in_a_value_or_a_documented_error(settings):
    _sent, answers = captured(settings)
    for number, answer in enumerate(answers):
        for octets in mutations(answer):
            session = Session(Meter(), fresh(settings))
            good, asked = session.exchange, iter(range(len(answers)))

            def exchange(apdu, good=good, asked=asked, octets=octets, number=number):
                true = good(apdu)
                return octets if next(asked, None) == number else true

            session.exchange = exchange
            try:
                session.opened()
                work(session)
                session.run(session.client.release())
            except RemoteError:
                continue
            # Only what carries no tag may change unseen: the AARE's frame, and everything of a plain association.
            assert not settings.policy or number in {0, len(answers) - 1}


def test_a_captured_session_decodes_and_encodes_to_the_same_bytes():
    sent, answers = captured(LLS)
    for apdu in sent[1:-1]:
        assert encode_request(decode_request(apdu)) == apdu
    for apdu in answers[1:-1]:
        assert encode_response(decode_response(apdu)) == apdu


WHOLE = {
    Tag.INTEGER: (-(2**7), 2**7 - 1),
    Tag.LONG: (-(2**15), 2**15 - 1),
    Tag.DOUBLE_LONG: (-(2**31), 2**31 - 1),
    Tag.LONG64: (-(2**63), 2**63 - 1),
    Tag.UNSIGNED: (0, 2**8 - 1),
    Tag.LONG_UNSIGNED: (0, 2**16 - 1),
    Tag.DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
    Tag.LONG64_UNSIGNED: (0, 2**64 - 1),
    Tag.ENUM: (0, 255),
    Tag.BCD: (0, 255),
}


def of(tag, values):
    return values.map(lambda value: CosemData(tag, value))


SIMPLE = st.one_of(
    *(of(tag, st.integers(low, high)) for tag, (low, high) in WHOLE.items()),
    of(Tag.NULL, st.none()),
    of(Tag.DONT_CARE, st.none()),
    of(Tag.BOOLEAN, st.booleans()),
    of(Tag.OCTET_STRING, st.binary(max_size=300)),
    of(Tag.VISIBLE_STRING, st.text(st.characters(max_codepoint=127), max_size=20)),
    of(Tag.UTF8_STRING, st.text(max_size=20)),
    of(Tag.BIT_STRING, st.text("01", max_size=40)),
    of(Tag.DATE_TIME, st.binary(min_size=12, max_size=12)),
    of(Tag.DATE, st.binary(min_size=5, max_size=5)),
    of(Tag.TIME, st.binary(min_size=4, max_size=4)),
    of(Tag.FLOAT64, st.floats(allow_nan=False)),
)
DATA = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(*(of(tag, st.lists(inner, max_size=5).map(tuple)) for tag in (Tag.ARRAY, Tag.STRUCTURE))),
    max_leaves=20,
)


@given(data=DATA)
def test_all_data_comes_back_as_it_was(data):
    assert decode_data(encode_data(data)) == data


@given(at=st.integers(-62_135_596_800_000, 253_402_300_799_990).map(lambda ms: Instant(ms // 10 * 10)))
def test_every_instant_of_the_calendar_comes_back(at):
    assert decode_date_time(encode_date_time(at)) == at


@given(first=st.integers(0, len(ROWS) - 1), length=st.integers(-3, 60), pdu=st.sampled_from([64, 200, 65535]))
def test_any_range_in_any_pdu_is_exactly_the_stored_rows(first, length, pdu):
    last = min(first + length, len(ROWS) - 1)
    wanted = ROWS[first : last + 1] if length >= 0 else []
    end = ROWS[last][0] if last >= 0 else Instant(0)
    session = Session(METER, ClientSettings(max_pdu=pdu)).opened()
    assert session.run(session.client.profile(PROFILE, Range(ROWS[first][0], end))) == wanted
