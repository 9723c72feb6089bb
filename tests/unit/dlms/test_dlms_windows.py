"""General block transfer within whole associations: windows both ways, lost blocks, and nothing done twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlms_meter import NOW, PLAIN, PROFILE, TEXT, Meter, proved
from meterhouse.model import LinkError, ProtocolError
from meterhouse.protocols.dlms import Client, Conformance, Entries, Mechanism, Server, converse, loopback, octet_string
from meterhouse.protocols.dlms.block_transfer import BlockTransfer, decode_block, encode_block
from meterhouse.protocols.dlms.client_transfers import MAX_SILENCES, Streamed
from meterhouse.protocols.dlms.initiate import IMPLEMENTED
from meterhouse.protocols.dlms.requests import Access, SetRequest, Target, encode_request

BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET | Conformance.BLOCK_TRANSFER_WITH_SET | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
ONLY_GENERAL = int(IMPLEMENTED) & ~int(BLOCKS)
LONG = bytes(range(256)) * 4


def meter_with(window):
    meter = Meter(max_pdu=128)
    server = meter.server
    meter.server = Server(
        server.system_title, server.logical_devices, server.clients, server.entropy, 128, block_window=window
    )
    return meter


def client_with(window, settings=PLAIN):
    return replace(settings, max_pdu=128, block_window=window, conformance=ONLY_GENERAL)


class Link:
    """Between a client and a meter; loses the APDUs whose numbers, counted from the association on, it is told."""

    def __init__(self, meter, settings, lost=()):
        self.client = Client(settings)
        self._exchange = loopback(meter.server.connection(), settings, NOW)
        self._lost = frozenset()
        self.count, self.streamed = 0, 0
        self.run(self.client.associate())
        self._lost = frozenset(lost)
        self.count = 0

    def run(self, procedure):
        return converse(procedure, self._through)

    def _gone(self):
        self.count += 1
        return self.count in self._lost

    def _through(self, apdu):
        self.streamed += isinstance(apdu, Streamed)
        if apdu and self._gone():
            return None
        answer = self._exchange(apdu)
        while answer is not None and self._gone():
            answer = self._exchange(b"")
        return answer


WRITER = replace(PLAIN, client_sap=2, mechanism=Mechanism.LLS, secret=b"12345678")
ROWS = (7, PROFILE, 2, Entries(1, 40))


@pytest.mark.parametrize("window", [1, 2, 5, 63])
@pytest.mark.parametrize("ciphered", [False, True])
def test_a_long_answer_and_a_long_request_pass_in_windows(ciphered, window):
    meter = meter_with(window)
    link = Link(meter, client_with(window, proved() if ciphered else WRITER))
    whole = Link(Meter(), WRITER)
    assert link.run(link.client.get_encoded(*ROWS)) == whole.run(whole.client.get_encoded(*ROWS))
    link.run(link.client.set(1, TEXT, 2, octet_string(LONG)))
    assert meter.text == LONG
    assert link.run(link.client.get(1, TEXT, 2)).octets() == LONG
    assert (link.streamed > 0) == (window > 1)


def test_blocks_in_a_row_spare_answers():
    asked = {}
    for window in (1, 8):
        link = Link(meter_with(window), client_with(window))
        link.run(link.client.get_encoded(*ROWS))
        asked[window] = sum(1 for _ in range(link.count))
    assert asked[8] < asked[1]


def test_a_server_with_a_window_of_one_streams_nothing_whatever_the_client_takes():
    meter = meter_with(1)
    link = Link(meter, client_with(8))
    rows = link.run(link.client.get_encoded(*ROWS))
    assert len(rows) > 500
    assert link._exchange(b"") is None


@settings(deadline=None, max_examples=60)
@given(window=st.integers(1, 6), lost=st.sets(st.integers(3, 60), max_size=MAX_SILENCES))
def test_whatever_blocks_are_lost_the_answer_is_whole(window, lost):
    link = Link(meter_with(window), client_with(window), lost)
    sound = Link(meter_with(window), client_with(window))
    # The first request and answer, 1 and 2, are no transfer yet: what is lost of them is the driver's to ask again.
    assert link.run(link.client.get_encoded(*ROWS)) == sound.run(sound.client.get_encoded(*ROWS))


@settings(deadline=None, max_examples=60)
@given(window=st.integers(1, 6), lost=st.sets(st.integers(1, 40), max_size=MAX_SILENCES))
def test_whatever_blocks_are_lost_a_long_request_is_done_once(window, lost):
    meter = meter_with(window)
    done = []
    item = meter.server.logical_devices[1].objects[TEXT]
    writing = dict(item.write)
    object.__setattr__(item, "write", {2: lambda data, now: (done.append(data.octets()), writing[2](data, now))})
    link = Link(meter, client_with(window, WRITER), lost)
    link.run(link.client.set(1, TEXT, 2, octet_string(LONG)))
    assert done == [LONG]


def test_a_server_that_falls_silent_within_a_transfer_is_given_up():
    meter = meter_with(4)
    link = Link(meter, client_with(4), range(5, 1000))
    with pytest.raises(LinkError, match="silent within"):
        link.run(link.client.get_encoded(*ROWS))


def test_each_block_says_how_many_its_sender_takes():
    meter = meter_with(3)
    connection = meter.server.connection()
    own = client_with(5)
    exchange, client = loopback(connection, own, NOW), Client(own)
    converse(client.associate(), exchange)
    procedure = client.get_encoded(*ROWS)
    first = exchange(next(procedure))
    assert decode_block(first).window == 3
    assert decode_block(procedure.send(first)).window == 5


def test_a_whole_window_that_comes_twice_is_obeyed_once():
    meter, done = meter_with(4), []
    item = meter.server.logical_devices[1].objects[TEXT]
    object.__setattr__(item, "write", {2: lambda data, _now: done.append(data.octets())})
    link = Link(meter, client_with(4, WRITER))
    apdu = encode_request(SetRequest(0xC1, Access(Target(1, TEXT, 2)), octet_string(LONG[:250])))
    blocks = BlockTransfer(100, 4, 4).send(apdu)
    assert len(blocks) == 3
    answers = [[link._exchange(block) for block in blocks] for _ in range(2)]
    assert answers[0][:2] == answers[1][:2] == [None, None]
    assert answers[0][2] is not None
    assert answers[1][2] == answers[0][2]
    assert done == [LONG[:250]]


def test_a_server_that_streams_to_a_client_that_takes_one_block_is_given_up():
    own = client_with(1)
    exchange, client = loopback(meter_with(1).server.connection(), own, NOW), Client(own)
    converse(client.associate(), exchange)
    procedure = client.get_encoded(*ROWS)
    first = decode_block(exchange(next(procedure)))
    with pytest.raises(ProtocolError, match="streams"):
        procedure.send(encode_block(replace(first, streaming=True)))
