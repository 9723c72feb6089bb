"""Lists, blocks both ways, ACCESS, general block transfer, push and image transfer, between our two sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlms_meter import NOW, PLAIN, REGISTER, SWITCH, TEXT, Meter, Session, fresh, proved
from meterhouse.model import ProtocolError, StateError
from meterhouse.protocols.dlms import (
    DATA,
    AccessRefusedError,
    ApduError,
    ClientAccess,
    Conformance,
    LogicalDevice,
    Obis,
    Server,
    ServerObject,
    data_object,
    null,
    octet_string,
    rights_to_all,
    unsigned,
)
from meterhouse.protocols.dlms.accessing import AccessKind, AccessStep
from meterhouse.protocols.dlms.block_transfer import Block, BlockTransfer, decode_block, encode_block
from meterhouse.protocols.dlms.images import IMAGE_OBIS, ImageReceiver, ImageStatus, send_image
from meterhouse.protocols.dlms.interfaces import INTERFACES
from meterhouse.protocols.dlms.notifications import DataNotification, EventNotification, encode_notification
from meterhouse.protocols.dlms.push import PushListener, match_push, push_data
from meterhouse.protocols.dlms.requests import Access, Target
from meterhouse.protocols.dlms.selection import CaptureObject

ECHO = Obis.parse("0-0:96.99.0.255")
SMALL = replace(PLAIN, max_pdu=128)


class Echo:
    """A meter whose method gives back what it was given, and whose text can be set."""

    def __init__(self, max_pdu=128):
        self.kept = octet_string(b"")
        self.calls = 0
        self.image = ImageReceiver(16, self.verified, lambda _name, _whole, _now: True)
        text = replace(data_object(TEXT, lambda: self.kept), write={2: self.keep})
        echo = ServerObject(DATA, ECHO, read={2: lambda _s, _n: unsigned(1)}, invoke={1: self.echo})
        objects = [text, echo, self.image.declare()]
        rights = rights_to_all(objects, write=True, invoke=True)
        device = LogicalDevice("MTH0000000000001", objects)
        self.server = Server(b"MTH00001", {1: device}, {16: ClientAccess(16, rights=rights)}, bytes, max_pdu)
        self.good = True

    def verified(self, _name, _whole):
        return b"signed" if self.good else None

    def keep(self, data, _now):
        self.kept = data

    def echo(self, data, _now):
        self.calls += 1
        return data


def opened(meter, settings=SMALL):
    return Session(meter, settings).opened()


@pytest.mark.parametrize("size", [0, 50, 80, 100, 1000, 5000])
def test_a_method_takes_and_returns_any_length_in_blocks(size):
    session = opened(meter := Echo())
    given = octet_string(bytes(place % 251 for place in range(size)))
    assert session.run(session.client.act(DATA, ECHO, 1, given)) == given
    assert meter.calls == 1


def test_several_methods_and_attributes_go_in_one_request_and_each_has_its_own_verdict():
    session = opened(Echo())
    long = octet_string(bytes(300))
    outcomes = session.run(session.client.act_list([(1, ECHO, 1, long), (1, ECHO, 2, null), (1, ECHO, 1, unsigned(1))]))
    assert outcomes[0] == long
    assert isinstance(outcomes[1], AccessRefusedError)
    assert outcomes[2] == unsigned(1)
    written = session.run(session.client.set_list([(1, TEXT, 2, long), (1, ECHO, 2, unsigned(1))]))
    assert written[0] is None
    assert isinstance(written[1], AccessRefusedError)
    assert session.run(session.client.get(1, TEXT, 2)) == long


@pytest.mark.parametrize("settings", [SMALL, PLAIN], ids=["in general blocks", "whole"])
def test_access_reads_writes_and_acts_in_one_request(settings):
    session = opened(meter := Echo(), settings)

    def target(obis, index):
        return Access(Target(1, obis, index))

    long = octet_string(bytes(400))
    steps = [
        AccessStep(AccessKind.SET, target(TEXT, 2), long),
        AccessStep(AccessKind.GET, target(TEXT, 2)),
        AccessStep(AccessKind.ACTION, target(ECHO, 1), unsigned(9)),
        AccessStep(AccessKind.GET, target(ECHO, 9)),
        AccessStep(AccessKind.ACTION, target(ECHO, 1), unsigned(9)),
    ]
    results = session.run(session.client.access(steps))
    assert results[:3] == [null, long, unsigned(9)]
    assert isinstance(results[3], AccessRefusedError)
    assert meter.calls == 2
    session.run(session.client.access(steps, break_on_error=True))
    assert meter.calls == 3  # the step after the one that failed was not tried


def test_access_is_protected_like_any_other_service():
    session = Session(Meter(), fresh(proved())).opened()
    steps = [AccessStep(AccessKind.GET, Access(Target(3, REGISTER, 2)))]
    assert session.run(session.client.access(steps))[0].whole() > 0
    assert session.sent[-1][0] == 0xDB


def test_a_service_that_was_not_agreed_on_is_refused_and_the_association_lives():
    settings = replace(SMALL, conformance=int(Conformance.GET))
    session = opened(meter := Echo(), settings)
    assert session.exchange(b"\xc3\x01\xc1\x00\x01" + ECHO.octets + b"\x01\x01\x11\x01") == b"\xd8\x01\x02"
    assert meter.calls == 0
    assert session.run(session.client.get(1, ECHO, 2)) == unsigned(1)


def test_a_block_under_another_invoke_id_or_number_ends_its_transfer_and_nothing_is_written():
    first = b"\xc1\x02\xc1\x00\x01" + TEXT.octets + b"\x02\x00\x00\x00\x00\x00\x01\x02\x09\x03"
    for second in (b"\xc1\x03\xc2\x01\x00\x00\x00\x02\x03abc", b"\xc1\x03\xc1\x01\x00\x00\x00\x03\x03abc"):
        session = opened(meter := Echo())
        assert session.exchange(first) == b"\xc5\x02\xc1\x00\x00\x00\x01"
        assert session.exchange(second)[3] in {18, 19}
        assert meter.kept == octet_string(b"")
        assert session.run(session.client.get(1, ECHO, 2)) == unsigned(1)


def test_two_long_transfers_do_not_mix():
    session = opened(meter := Echo())
    setting = b"\xc1\x02\xc1\x00\x01" + TEXT.octets + b"\x02\x00\x00\x00\x00\x00\x01\x02\x09\x03"
    acting = b"\xc3\x04\xc2\x00\x01" + ECHO.octets + b"\x01\x00\x00\x00\x00\x01\x02\x09\x03"
    session.exchange(setting)
    assert session.exchange(acting) == b"\xc7\x04\xc2\x00\x00\x00\x01"
    assert session.exchange(b"\xc1\x03\xc1\x01\x00\x00\x00\x02\x03abc") == b"\xc5\x03\xc1\x00\x00\x00\x00\x02"
    assert session.exchange(b"\xc3\x06\xc2\x01\x00\x00\x00\x02\x03xyz") == b"\xc7\x01\xc2\x00\x01\x00\x09\x03xyz"
    assert meter.kept == octet_string(b"abc")


def test_an_unconfirmed_set_is_done_and_not_answered():
    session = opened(meter := Echo())
    assert session.exchange(b"\xc1\x01\x01\x00\x01" + TEXT.octets + b"\x02\x00\x09\x01a") is None
    assert meter.kept == octet_string(b"a")


def exchanged(long, answer, window, lost=()):
    """Both sides of a block transfer over a line that loses the blocks whose place in the row is in `lost`."""
    client, server = BlockTransfer(20, window), BlockTransfer(20, window)
    line = [(server, block) for block in client.send(long)]
    place, got = 0, None
    for _ in range(2000):
        if not line:
            line = [(server, block) for block in client.nudge()]
        receiver, block = line.pop(0)
        place += 1
        if place in lost:
            continue
        back = receiver.receive(block)
        other = client if receiver is server else server
        if receiver is server and server.received is not None:
            got, server.received = server.received, None
            back = server.send(answer)
        if client.received is not None:
            return got, client.received
        line += [(other, one) for one in back]
    raise AssertionError("the transfer did not end")


@pytest.mark.parametrize("window", [1, 3, 63])
@pytest.mark.parametrize("lost", [(), (1,), (2,), (3, 4), (5,), (7, 9, 11), range(4, 12)])
def test_a_block_transfer_ends_whole_whatever_blocks_are_lost(window, lost):
    long, answer = bytes(range(200)), bytes(reversed(range(250)))
    assert exchanged(long, answer, window, lost) == (long, answer)


def test_a_window_streams_and_only_its_last_block_asks_for_an_answer():
    blocks = [decode_block(block) for block in BlockTransfer(10, 5, peer_window=3).send(bytes(45))]
    assert [(block.streaming, block.last, block.number, block.window) for block in blocks] == [
        (True, False, 1, 5),
        (True, False, 2, 5),
        (False, False, 3, 5),
    ]


def test_a_block_that_acknowledges_what_was_never_sent_is_refused():
    with pytest.raises(ProtocolError):
        BlockTransfer(10).receive(encode_block(Block(True, False, 1, 1, 9, b"abc")))


def test_a_general_block_where_none_was_agreed_on_is_refused_and_the_association_lives():
    settings = replace(SMALL, conformance=int(Conformance.GET))
    session = opened(Echo(), settings)
    assert session.exchange(encode_block(Block(True, False, 1, 1, 0, b"\xc0"))) == b"\xd8\x01\x01"
    assert session.run(session.client.get(1, ECHO, 2)) == unsigned(1)


def test_a_push_is_heard_confirmed_and_matched_to_what_it_is_of():
    objects = [CaptureObject(3, REGISTER, 2), CaptureObject(70, SWITCH, 3)]
    heard = PushListener().receive(push_data(7, NOW, [unsigned(1), unsigned(2)], confirmed=True))
    assert heard.answers == (b"\x10\x40\x00\x00\x07\x00",)
    assert heard.notification.time.instant() == NOW - NOW % 10
    assert match_push(heard.notification, objects) == dict(zip(objects, [unsigned(1), unsigned(2)], strict=True))
    with pytest.raises(ApduError):
        match_push(heard.notification, objects[:1])


def test_a_push_in_blocks_is_put_together():
    apdu = push_data(7, NOW, [octet_string(bytes(100))])
    listener, sender = PushListener(window=4), BlockTransfer(30, peer_window=4)
    waiting, heard = sender.send(apdu), None
    while waiting:
        heard = listener.receive(waiting.pop(0))
        waiting += [
            more for answer in heard.answers if sender.sending for more in sender.receive(answer) if sender.sending
        ]
    assert heard.notification.data.items()[0] == octet_string(bytes(100))


def test_a_ciphered_push_is_opened_by_its_keys_and_a_plain_one_refused_where_keys_are_demanded():
    event = EventNotification(None, Target(3, REGISTER, 2), unsigned(1))
    plain = encode_notification(event)
    listener = PushListener(lambda apdu: plain if apdu == b"\xdb\x00\x01" else b"", demand=True)
    heard = listener.receive(b"\xdb\x00\x01")
    assert (heard.notification, heard.ciphered) == (event, True)
    with pytest.raises(ProtocolError):
        listener.receive(plain)
    with pytest.raises(ProtocolError):
        PushListener().receive(b"\xdb\x00\x01")
    with pytest.raises(ApduError):
        PushListener().receive(b"\xc4\x01\xc1\x00\x00")


def test_the_tag_and_layout_of_a_data_notification_are_the_standards():
    assert encode_notification(DataNotification(1, None, unsigned(2))).hex() == "0f00000001001102"


def test_an_image_goes_over_whole_is_verified_and_activated():
    image = bytes(place % 256 for place in range(1000))
    session = opened(meter := Echo())
    assert session.run(send_image(session.client, b"v2", image)) is ImageStatus.ACTIVATION_SUCCESSFUL
    assert meter.image.bitmap() == "1" * 63


def test_an_image_transfer_goes_on_after_a_lost_link_with_the_blocks_that_are_missing():
    image = bytes(place % 256 for place in range(160))
    meter = Echo()
    session = opened(meter)
    procedure = send_image(session.client, b"v2", image)
    apdu = next(procedure)
    while meter.image.bitmap().count("1") < 4:
        apdu = procedure.send(session.exchange(apdu))
    again = opened(meter)
    again.run(send_image(again.client, b"v2", image))
    initiated = [apdu for apdu in again.sent if apdu[:5] == b"\xc3\x01" + apdu[2:3] + b"\x00\x12" and apdu[11] == 1]
    assert initiated == []
    assert meter.image.status is ImageStatus.ACTIVATION_SUCCESSFUL


def test_an_image_that_is_not_good_is_never_activated():
    session = opened(meter := Echo())
    meter.good = False
    with pytest.raises(AccessRefusedError):
        session.run(send_image(session.client, b"v2", bytes(100)))
    with pytest.raises(AccessRefusedError):
        session.run(session.client.act(18, IMAGE_OBIS, 4, unsigned(0)))
    assert meter.image.status is ImageStatus.VERIFICATION_FAILED


def test_an_image_with_a_block_missing_is_not_verified():
    session = opened(meter := Echo())
    meter.image.enabled = False
    with pytest.raises(StateError):
        session.run(send_image(session.client, b"v2", bytes(100)))


LISTED = [
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    11,
    15,
    17,
    18,
    20,
    21,
    22,
    23,
    26,
    27,
    28,
    40,
    41,
    42,
    43,
    45,
    46,
    47,
    48,
    61,
    62,
    64,
]
LISTED += [68, 70, 71, 72, 73, 74, 77, 101, 102, 103, 104, 105, 111, 112, 113, 115]


@pytest.mark.parametrize("class_id", LISTED)
def test_each_class_is_declared_with_its_name_first(class_id):
    interface = INTERFACES[class_id]
    assert interface.class_id == class_id
    assert [attribute.index for attribute in interface.attributes] == list(range(1, len(interface.attributes) + 1))
    assert interface.attributes[0].name == "logical_name"
    assert len({attribute.name for attribute in interface.attributes}) == len(interface.attributes)
    assert len(set(interface.methods)) == len(interface.methods)
