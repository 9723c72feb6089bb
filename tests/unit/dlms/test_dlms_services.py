from __future__ import annotations

import pytest

from dlms_meter import BROKEN, HIDDEN, NOW, PROFILE, REGISTER, ROWS, STATUS, SWITCH, TEXT, Meter, Session, fresh, proved
from meterhouse.model import HALF_HOUR, SECOND, Instant, ProtocolError
from meterhouse.protocols.dlms import (
    ASSOCIATION_OBIS,
    CLOCK,
    CLOCK_OBIS,
    AccessRefusedError,
    ActionResult,
    CaptureObject,
    ClientSettings,
    DataAccessResult,
    Entries,
    ExceptionError,
    Mechanism,
    Range,
    instant_from,
    octet_string,
    sap_assignment,
    unsigned,
)
from meterhouse.protocols.dlms.datetimes import date_time

ALL = ClientSettings(client_sap=2, mechanism=Mechanism.LLS, secret=b"12345678")
DAY = Range(ROWS[100][0], ROWS[147][0])


def refused(session, procedure):
    with pytest.raises(AccessRefusedError) as caught:
        session.run(procedure)
    return caught.value.result


def test_the_clock_is_read_and_set():
    meter = Meter()
    session = Session(meter, ALL).opened()
    assert instant_from(session.run(session.client.get(8, CLOCK_OBIS, 2))) == Instant(NOW // 10 * 10)
    session.run(session.client.set(8, CLOCK_OBIS, 2, date_time(Instant(NOW + 1000))))
    assert meter.set_to == NOW + 1000


@pytest.mark.parametrize("settings", [ALL, proved(), proved(max_pdu=256), proved(max_pdu=128, use_general_glo=True)])
def test_a_range_of_a_long_profile_is_read_without_touching_the_rest(settings):
    meter = Meter()
    session = Session(meter, fresh(settings)).opened()
    assert session.run(session.client.profile(PROFILE, DAY)) == ROWS[100:148]
    assert meter.rows.given == 48


def test_a_range_takes_both_ends_and_knows_empty():
    session = Session(Meter(), ALL).opened()
    one = Range(ROWS[5][0], ROWS[5][0])
    assert session.run(session.client.profile(PROFILE, one)) == ROWS[5:6]
    nothing = Range(Instant(ROWS[5][0] + SECOND), Instant(ROWS[6][0] - SECOND))
    assert session.run(session.client.profile(PROFILE, nothing)) == []
    assert session.run(session.client.profile(PROFILE, Range(ROWS[6][0], ROWS[5][0]))) == []
    assert session.run(session.client.profile(PROFILE, Range(Instant(0), Instant(ROWS[0][0] - HALF_HOUR)))) == []


def test_a_range_can_select_columns():
    session = Session(Meter(), ALL).opened()
    wanted = (CaptureObject(3, REGISTER, 2), CLOCK)
    data = session.run(session.client.get(7, PROFILE, 2, Range(DAY.start, DAY.end, wanted)))
    rows = [(instant_from(row.items(2)[0]), row.items()[1].whole()) for row in data.items(48)]
    assert rows == [(time, register) for time, _status, register in ROWS[100:148]]


def test_entries_select_rows_and_columns_by_place():
    session = Session(Meter(), ALL).opened()
    data = session.run(session.client.get(7, PROFILE, 2, Entries(2, 4, 2, 3)))
    assert data.native() == [(status, register) for _time, status, register in ROWS[1:4]]
    last = session.run(session.client.get(7, PROFILE, 2, Entries(len(ROWS), 0, 3, 3)))
    assert last.native() == [(ROWS[-1][2],)]
    assert session.run(session.client.get(7, PROFILE, 2, Entries(len(ROWS) + 1))).native() == []


def test_a_profile_says_what_it_holds():
    session = Session(Meter(), ALL).opened()
    values = session.run(session.client.get_list([(7, PROFILE, index) for index in (4, 5, 7, 8)]))
    assert [value.whole() for value in values] == [1800, 1, 19_000, 19_000]
    captures = session.run(session.client.get(7, PROFILE, 3)).items(3)
    assert [CaptureObject.decode(item) for item in captures] == [CLOCK, STATUS, CaptureObject(3, REGISTER, 2)]


def test_a_range_by_another_column_or_of_unknown_columns_is_refused():
    session = Session(Meter(), ALL).opened()
    by_register = Range(DAY.start, DAY.end, by=CaptureObject(3, REGISTER, 2))
    unknown = Range(DAY.start, DAY.end, (CaptureObject(3, TEXT, 2),))
    for selection in (by_register, unknown):
        result = refused(session, session.client.get(7, PROFILE, 2, selection))
        assert result is DataAccessResult.SCOPE_OF_ACCESS_VIOLATED


@pytest.mark.parametrize("size", [1, 1900, 2100, 30_000])
@pytest.mark.parametrize("settings", [ALL, proved(), proved(max_pdu=200)])
def test_a_text_of_any_length_is_written_and_read_back(size, settings):
    meter = Meter()
    session = Session(meter, fresh(settings)).opened()
    text = bytes(number % 251 for number in range(size))
    session.run(session.client.set(1, TEXT, 2, octet_string(text)))
    assert meter.text == text
    assert session.run(session.client.get(1, TEXT, 2)).octets() == text
    assert all(len(apdu) <= 2048 for apdu in session.sent)


def test_a_set_that_never_ends_is_aborted():
    meter = Meter()
    session = Session(meter, ALL).opened()
    result = refused(session, session.client.set(1, TEXT, 2, octet_string(bytes(70_000))))
    assert result is DataAccessResult.LONG_SET_ABORTED
    assert meter.text == b""


def test_a_list_keeps_refusals_in_their_place_in_one_answer_or_in_blocks():
    for settings in (ALL, proved(max_pdu=128)):
        session = Session(Meter(), settings).opened()
        asked = [(3, REGISTER, 2), (3, REGISTER, 9), (15, ASSOCIATION_OBIS, 2), (8, CLOCK_OBIS, 2)]
        first, second, third, last = session.run(session.client.get_list(asked))
        assert first.whole() == ROWS[-1][2]
        assert isinstance(second, AccessRefusedError)
        assert len(third.items()) == 7
        assert instant_from(last) == NOW // 10 * 10


def test_rights_are_denied_by_default_and_checked_before_the_store_is_asked():
    meter = Meter()
    session = Session(meter).opened()
    client = session.client
    assert refused(session, client.get(1, TEXT, 2)) is DataAccessResult.READ_WRITE_DENIED
    assert refused(session, client.set(1, TEXT, 2, octet_string(b"x"))) is DataAccessResult.READ_WRITE_DENIED
    assert refused(session, client.act(70, SWITCH, 1)) is ActionResult.READ_WRITE_DENIED
    assert refused(session, client.act(1, TEXT, 1)) is ActionResult.READ_WRITE_DENIED
    assert refused(session, client.get(1, HIDDEN, 2)) is DataAccessResult.OBJECT_UNDEFINED
    assert (meter.asked, meter.text, meter.on) == (0, b"", True)
    assert [record.kind for record in session.connection.audit()] == ["get", "set", "action", "action", "get"]


def test_a_store_refuses_in_its_own_words():
    session = Session(Meter(), ALL).opened()
    client = session.client
    assert refused(session, client.get(1, BROKEN, 2)) is DataAccessResult.HARDWARE_FAULT
    assert refused(session, client.get(4, REGISTER, 2)) is DataAccessResult.OBJECT_CLASS_INCONSISTENT
    assert refused(session, client.set(8, CLOCK_OBIS, 2, unsigned(1))) is DataAccessResult.TYPE_UNMATCHED
    assert refused(session, client.set(8, CLOCK_OBIS, 2, octet_string(b"1"))) is DataAccessResult.TYPE_UNMATCHED
    assert refused(session, client.set(3, REGISTER, 2, unsigned(1))) is DataAccessResult.READ_WRITE_DENIED


def test_a_switch_is_opened_once_and_says_so():
    meter = Meter()
    session = Session(meter, ALL).opened()
    assert session.run(session.client.act(70, SWITCH, 1)) is None
    assert not meter.on
    assert session.run(session.client.get(70, SWITCH, 3)).whole() == 0
    assert refused(session, session.client.act(70, SWITCH, 1)) is ActionResult.TEMPORARY_FAILURE


def test_the_association_lists_only_what_this_client_may_see():
    session = Session(Meter()).opened()
    listed = session.run(session.client.get(15, ASSOCIATION_OBIS, 2))
    rights = {item.items()[2].octets(): item.items()[3].items()[0] for item in listed.items()}
    assert HIDDEN.octets not in rights
    modes = [entry.items()[1].whole() for entry in rights[REGISTER.octets].items()]
    assert modes == [1, 1, 1]
    assert session.run(session.client.get(15, ASSOCIATION_OBIS, 4)).native() == (2, 16, 756, 5, 8, 1, 1)
    assert refused(session, session.client.get(15, ASSOCIATION_OBIS, 7)) is DataAccessResult.READ_WRITE_DENIED


def test_the_sap_assignment_names_the_logical_devices():
    declared = sap_assignment([(1, "MTH0000000000001")])
    assert declared.read[2](None, NOW).native() == [(1, b"MTH0000000000001")]


@pytest.mark.parametrize("number", [0, 2, 7])
def test_a_wrong_block_number_ends_the_long_get(number):
    session = Session(Meter(), ClientSettings(max_pdu=64)).opened()
    first = session.exchange(bytes.fromhex("c001c1 000f 0000280000ff 02 00"))
    assert first[:8].hex() == "c402c10000000001"
    wrong = session.exchange(bytes.fromhex("c002c1") + number.to_bytes(4, "big"))
    assert wrong[3] == 1
    assert wrong[-2:] == bytes((1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID))
    ended = session.exchange(bytes.fromhex("c002c100000001"))
    assert ended[-1] == DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_the_client_refuses_blocks_out_of_order():
    session = Session(Meter(), ClientSettings(max_pdu=64)).opened()
    procedure = session.client.get(15, ASSOCIATION_OBIS, 2)
    answer = session.exchange(next(procedure))
    session.exchange(procedure.send(answer))
    with pytest.raises(ProtocolError, match="block 1"):
        procedure.send(answer)


def test_the_client_refuses_an_answer_to_another_question():
    session = Session(Meter()).opened()
    procedure = session.client.get(3, REGISTER, 2)
    invoke = next(procedure)[2]
    with pytest.raises(ProtocolError, match="invoke id"):
        procedure.send(bytes((0xC4, 1, invoke ^ 1, 0, 0x11, 1)))


def test_a_request_longer_than_the_server_takes_is_told_so():
    session = Session(Meter(max_pdu=128)).opened()
    assert session.exchange(b"\xc1" + bytes(500)) == b"\xd8\x01\x04"


def test_a_service_that_is_not_done_is_refused_by_name():
    session = Session(Meter()).opened()
    assert session.exchange(b"\x05\x01\x02\x03") == b"\xd8\x02\x02"
    procedure = session.client.get(3, REGISTER, 2)
    next(procedure)
    with pytest.raises(ExceptionError, match="service-not-supported"):
        procedure.send(b"\xd8\x02\x02")
