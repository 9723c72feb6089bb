"""What the client makes of a server that does not keep to the standard, or is not the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlms_meter import NOW, PLAIN, REGISTER, ROWS, SERVER_TITLE, TEXT, Meter, Session, fresh, proved
from meterhouse.model import AuthenticationError, ProtocolError, UsageError
from meterhouse.protocols.dlms import (
    ACCOUNT,
    IMPLEMENTED,
    ApduError,
    Client,
    ClientSettings,
    Conformance,
    ExceptionError,
    Keys,
    Mechanism,
    Quirks,
    ServiceError,
    octet_string,
)
from meterhouse.protocols.dlms.acse import Aare, decode_aare, encode_aare
from meterhouse.protocols.dlms.initiate import InitiateResponse, encode_initiate_response

AGREED = encode_initiate_response(InitiateResponse(IMPLEMENTED, 2048))


def answered(settings, answer):
    procedure = Client(settings).associate()
    next(procedure)
    return procedure.send(answer)


@pytest.mark.parametrize(
    ("settings", "answer", "error"),
    [
        (PLAIN, b"\xd8\x01\x03", ExceptionError),
        (PLAIN, b"\x0e\x01\x06\x03", ServiceError),
        (PLAIN, bytes.fromhex("c401c100 1101"), ProtocolError),
        (PLAIN, encode_aare(Aare(1, 0, 1, 0, user_information=b"\x0e\x01\x06\x03")), ServiceError),
        (PLAIN, encode_aare(Aare(1, 0, 1, 14, user_information=AGREED)), ProtocolError),
        (PLAIN, encode_aare(Aare(1, 0, 1, 0, user_information=AGREED[:2] + b"\x05" + AGREED[3:])), ProtocolError),
        (PLAIN, encode_aare(Aare(1, 0, 1, 0, user_information=b"\x28" + AGREED)), ProtocolError),
        (PLAIN, encode_aare(Aare(1, 0, 1, 0)), ApduError),
        (proved(), encode_aare(Aare(3, 0, 1, 0, user_information=AGREED)), ProtocolError),
        (proved(), encode_aare(Aare(3, 0, 1, 0, title=b"MTHCLI01", user_information=AGREED)), ProtocolError),
        (proved(), encode_aare(Aare(3, 0, 1, 14, title=b"MTH00001", user_information=AGREED)), ProtocolError),
        (
            proved(server_title=b"MTH00002"),
            encode_aare(Aare(3, 0, 1, 14, title=b"MTH00001", user_information=AGREED)),
            AuthenticationError,
        ),
        (
            proved(client_sap=4, policy=0),
            encode_aare(Aare(1, 0, 1, 0, title=b"MTH00001", user_information=AGREED)),
            AuthenticationError,
        ),
        (
            proved(client_sap=4, policy=0),
            encode_aare(Aare(1, 0, 1, 14, 5, b"MTH00001", b"\xc1" * 16, AGREED)),
            AuthenticationError,
        ),
    ],
)
def test_an_association_with_a_server_that_does_not_keep_the_rules_never_opens(settings, answer, error):
    with pytest.raises(error):
        answered(settings, answer)


@pytest.mark.parametrize("reply", ["c701c100 00", "c701c1fa 00", "c701c100 01 01 0b", "c501c100"])
def test_a_server_that_gives_no_proof_of_itself_is_not_believed(reply):
    procedure = Client(proved(client_sap=4, policy=0)).associate()
    next(procedure)
    procedure.send(encode_aare(Aare(1, 0, 1, 14, 5, b"MTH00001", b"\x01" * 16, AGREED)))
    with pytest.raises(AuthenticationError, match="authentication failed"):
        procedure.send(bytes.fromhex(reply))


def test_a_release_that_is_refused_still_counts_as_closed():
    for answer, error in ((b"\xd8\x01\x01", ExceptionError), (b"\x62\x00", ApduError)):
        session = Session(Meter()).opened()
        procedure = session.client.release()
        next(procedure)
        with pytest.raises(error):
            procedure.send(answer)
        assert not session.client.associated


def test_a_server_that_knows_no_release_is_not_asked():
    session = Session(Meter(), replace(PLAIN, quirks=Quirks(no_release=True))).opened()
    count = len(session.sent)
    session.run(session.client.release())
    assert (len(session.sent), session.client.associated) == (count, False)


GET_ANSWER, SET_ANSWER, ACTION_ANSWER = "c401{}01fa", "c501{}00", "c701{}0000"


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda client: client.get(3, REGISTER, 2), SET_ANSWER),
        (lambda client: client.get_list([(3, REGISTER, 2)]), GET_ANSWER),
        (lambda client: client.set(1, TEXT, 2, octet_string(b"")), ACTION_ANSWER),
        (lambda client: client.act(70, REGISTER, 1), GET_ANSWER),
    ],
)
def test_an_answer_of_another_service_is_refused(ask, answer):
    procedure = ask(Session(Meter()).opened().client)
    invoke = next(procedure)[2]
    with pytest.raises(ProtocolError, match="answered with"):
        procedure.send(bytes.fromhex(answer.format(f"{invoke:02x}")))


def test_a_text_longer_than_the_server_takes_needs_blocks():
    settings = ClientSettings(
        client_sap=2,
        mechanism=Mechanism.LLS,
        secret=b"12345678",
        conformance=IMPLEMENTED & ~Conformance.BLOCK_TRANSFER_WITH_SET & ~Conformance.GENERAL_BLOCK_TRANSFER,
    )
    session = Session(Meter(), settings).opened()
    with pytest.raises(UsageError, match="more than the server takes"):
        session.run(session.client.set(1, TEXT, 2, octet_string(bytes(5000))))


def test_a_client_without_blocks_of_any_kind_is_told_that_the_answer_is_too_long():
    conformance = IMPLEMENTED & ~Conformance.BLOCK_TRANSFER_WITH_GET & ~Conformance.GENERAL_BLOCK_TRANSFER
    session = Session(Meter(), ClientSettings(max_pdu=64, conformance=conformance)).opened()
    answer = session.exchange(bytes.fromhex("c001c1 000f 0000280000ff 02 00"))
    assert answer == bytes.fromhex("c401c1010e")
    listed = session.exchange(bytes.fromhex("c003c1 01 000f 0000280000ff 02 00"))
    assert listed == bytes.fromhex("c403c101010e")


def test_settings_that_cannot_work_together_are_refused():
    for wrong in (
        {"mechanism": Mechanism.GMAC},
        {"max_pdu": 10},
        {"max_pdu": 70_000},
    ):
        with pytest.raises(UsageError):
            ClientSettings(**wrong)
    with pytest.raises(UsageError, match="entropy"):
        proved(entropy=None)
    with pytest.raises(UsageError, match="16 bytes"):
        Keys(bytes(15), bytes(16))


def test_classes_are_asked_by_the_standards_names():
    assert ACCOUNT.attribute("available_credit") == 5
    assert ACCOUNT.method("reset_account") == 3
    for wrong in (ACCOUNT.attribute, ACCOUNT.method):
        with pytest.raises(UsageError):
            wrong("colour")


def test_blocks_of_a_set_must_come_in_order():
    settings = ClientSettings(client_sap=2, mechanism=Mechanism.LLS, secret=b"12345678")
    meter = Meter()
    first = bytes.fromhex("c102c1 0001 0000600d00ff 02 00 00 00000001 02 0903")
    later = bytes.fromhex("c103c1 01 00000003 02 6162")
    connection = Session(meter, settings).opened().connection
    assert connection.receive(2, 1, later, NOW) == bytes.fromhex("c503c11200000003")
    assert connection.receive(2, 1, first, NOW) == bytes.fromhex("c502c100000001")
    assert connection.receive(2, 1, later, NOW) == bytes.fromhex("c503c11300000003")
    assert meter.text == b""


def without_title(answer):
    """What a meter says that leaves its title out of its AARE and of general-glo-ciphering."""
    if answer[:1] == b"\xdb":
        return b"\xdb\x00" + answer[2 + answer[1] :]
    return encode_aare(replace(decode_aare(answer), title=b"")) if answer[:1] == b"\x61" else answer


@pytest.mark.parametrize("dedicated", [False, True])
def test_a_meter_that_omits_titles_is_read_and_hears_none(dedicated):
    quirks = Quirks(title_omitted=True)
    settings = proved(server_title=SERVER_TITLE, use_general_glo=True, dedicated=dedicated, quirks=quirks)
    session = Session(Meter(), fresh(settings))
    exchange = session.exchange
    session.exchange = lambda apdu: without_title(exchange(apdu))
    session.opened()
    assert session.run(session.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]
    general = [apdu for apdu in session.sent if apdu[:1] in {b"\xdb", b"\xdc"}]
    assert general
    assert all(apdu[1] == 0 for apdu in general)


def test_a_meter_that_omits_its_title_without_our_knowing_it_is_not_believed():
    session = Session(Meter(), fresh(proved(use_general_glo=True)))
    exchange = session.exchange
    session.exchange = lambda apdu: without_title(exchange(apdu))
    with pytest.raises(ProtocolError, match="system title"):
        session.opened()
