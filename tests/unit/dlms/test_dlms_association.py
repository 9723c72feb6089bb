from __future__ import annotations

from dataclasses import replace

import pytest

from dlms_meter import CLIENT_TITLE, KEYS, NOW, PLAIN, REGISTER, ROWS, Meter, Session, fresh, proved
from meterhouse.model import AuthenticationError, LinkError, ProtocolError, ReplayError, StateError, UsageError
from meterhouse.protocols.dlms import (
    ASSOCIATION_OBIS,
    ActionResult,
    AssociationRejectedError,
    Channel,
    Client,
    ClientAccess,
    ClientSettings,
    Counter,
    ExceptionError,
    Keys,
    LogicalDevice,
    Mechanism,
    Policy,
    Quirks,
    SeenCounter,
    Server,
    converse,
)
from meterhouse.protocols.dlms.acse import Aarq, decode_aare, encode_aarq
from meterhouse.protocols.dlms.initiate import IMPLEMENTED, InitiateRequest, encode_initiate_request

LLS = ClientSettings(client_sap=2, mechanism=Mechanism.LLS, secret=b"12345678")
OTHER_KEYS = Keys(bytes(16), bytes(16))


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN,
        LLS,
        proved(),
        proved(use_general_glo=True),
        proved(client_sap=3, policy=Policy.AUTHENTICATED),
        proved(client_sap=3, policy=Policy.BOTH),
        proved(client_sap=4, policy=Policy.NONE),
        proved(client_sap=5, policy=Policy.ENCRYPTED),
        proved(quirks=Quirks(plain_release=True)),
    ],
)
def test_every_mechanism_and_protection_opens_reads_and_closes(settings):
    meter = Meter()
    session = Session(meter, fresh(settings)).opened()
    assert session.connection.associations == {(settings.client_sap, 1)}
    assert session.run(session.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]
    session.run(session.client.release())
    assert session.connection.associations == frozenset()
    assert session.connection.audit() == []


@pytest.mark.parametrize(
    ("settings", "diagnostic"),
    [
        (replace(PLAIN, client_sap=99), 1),
        (replace(PLAIN, server_sap=7), 1),
        (replace(LLS, secret=b"87654321"), 13),
        (replace(PLAIN, client_sap=2), 12),
        (replace(LLS, client_sap=16), 13),
        (proved(keys=OTHER_KEYS), 13),
        (proved(policy=Policy.NONE), 2),
        (proved(policy=Policy.AUTHENTICATED), 13),
        (proved(client_sap=16), 2),
    ],
)
def test_an_association_that_is_not_as_the_entry_demands_is_rejected_with_its_diagnostic(settings, diagnostic):
    session = Session(Meter(), settings)
    with pytest.raises(AssociationRejectedError) as caught:
        session.opened()
    assert caught.value.code == diagnostic
    assert session.connection.associations == frozenset()
    assert [record.kind for record in session.connection.audit()] == ["association"]


@pytest.mark.parametrize(
    ("request_", "diagnostic", "error"),
    [
        (Aarq(9, 0, b"", b"", b"\x01"), 2, b""),
        (Aarq(1, 2, b"", b"", b"\x01"), 11, b""),
        (Aarq(1, 0, b"", b"", b"\x99"), 1, b"\x0e\x01\x06\x04"),
        (Aarq(1, 0, b"", b"", encode_initiate_request(InitiateRequest(IMPLEMENTED, 20))), 1, b"\x0e\x01\x06\x03"),
        (Aarq(1, 0, b"", b"", encode_initiate_request(InitiateRequest(0, 1024))), 1, b"\x0e\x01\x06\x02"),
        (
            Aarq(1, 0, b"", b"", encode_initiate_request(InitiateRequest(IMPLEMENTED, 1024, version=5))),
            1,
            b"\x0e\x01\x06\x01",
        ),
    ],
)
def test_what_the_server_cannot_do_is_refused_by_name(request_, diagnostic, error):
    answer = decode_aare(Meter().server.connection().receive(16, 1, encode_aarq(request_), NOW))
    assert (answer.result, answer.diagnostic, answer.user_information) == (1, diagnostic, error)


def test_a_wrong_proof_ends_the_association():
    session = Session(Meter(), proved(client_sap=4, policy=Policy.NONE))
    procedure = session.client.associate()
    answer = session.exchange(next(procedure))
    assert decode_aare(answer).diagnostic == 14
    proof = procedure.send(answer)
    refusal = session.exchange(proof[:-1] + bytes((proof[-1] ^ 1,)))
    assert refusal[3] == ActionResult.OTHER_REASON
    assert session.exchange(proof) == b"\xd8\x01\x01"
    assert session.connection.associations == frozenset()
    with pytest.raises(AuthenticationError):
        procedure.send(refusal)


def test_a_proof_with_a_flipped_bit_under_ciphering_changes_nothing():
    session = Session(Meter(), proved())
    procedure = session.client.associate()
    proof = procedure.send(session.exchange(next(procedure)))
    for bit in range(len(proof) * 8):
        flipped = (int.from_bytes(proof, "big") ^ (1 << bit)).to_bytes(len(proof), "big")
        session.exchange(flipped)
        assert session.connection.associations == frozenset()
    with pytest.raises(StopIteration):
        procedure.send(session.exchange(proof))
    assert session.connection.associations == {(1, 1)}


def test_before_the_proof_nothing_is_served():
    session = Session(Meter(), proved(client_sap=4, policy=Policy.NONE))
    next(procedure := session.client.associate())
    session.exchange(
        encode_aarq(Aarq(1, 5, CLIENT_TITLE, b"12345678", encode_initiate_request(InitiateRequest(IMPLEMENTED, 1024))))
    )
    get = bytes.fromhex("c001c1 0003 0100010800ff 02 00")
    assert session.exchange(get) == b"\xd8\x01\x01"
    procedure.close()


def test_a_server_that_does_not_know_the_keys_is_not_believed():
    meter = Meter()
    session = Session(meter, proved(client_sap=4, policy=Policy.NONE))
    procedure = session.client.associate()
    proof = procedure.send(session.exchange(next(procedure)))
    answer = bytearray(session.exchange(proof))
    answer[-1] ^= 1
    with pytest.raises(AuthenticationError, match="authentication failed"):
        procedure.send(bytes(answer))
    assert not session.client.associated


def test_a_challenge_sent_back_is_refused():
    settings = proved(client_sap=4, policy=Policy.NONE, entropy=lambda size: (1).to_bytes(size, "big"))
    with pytest.raises(AssociationRejectedError):
        Session(Meter(), settings).opened()


def test_a_request_played_again_is_refused_and_the_association_lives():
    meter = Meter()
    session = Session(meter, proved()).opened()
    session.run(session.client.get(3, REGISTER, 2))
    assert session.exchange(session.sent[-1])[:3] == b"\xd8\x01\x06"
    assert session.connection.audit()[0].kind == "replay"
    assert session.run(session.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]


def test_a_whole_session_played_again_on_a_new_connection_is_refused():
    meter = Meter()
    session = Session(meter, proved()).opened()
    session.run(session.client.get(3, REGISTER, 2))
    fresh = meter.server.connection()
    assert decode_aare(fresh.receive(1, 1, session.sent[0], NOW)).result == 1
    for apdu in session.sent[1:]:
        assert fresh.receive(1, 1, apdu, NOW) == b"\xd8\x01\x01"


def test_an_answer_played_again_is_refused():
    session = Session(Meter(), proved()).opened()
    first = session.client.get(3, REGISTER, 2)
    answer = session.exchange(next(first))
    with pytest.raises(StopIteration):
        first.send(answer)
    second = session.client.get(3, REGISTER, 2)
    next(second)
    with pytest.raises(ReplayError):
        second.send(answer)


def test_plain_and_weaker_requests_are_refused_where_protection_is_demanded():
    meter = Meter()
    session = Session(meter, proved()).opened()
    get = bytes.fromhex("c001c1 0003 0100010800ff 02 00")
    channel = Channel(KEYS, CLIENT_TITLE, b"MTH00001", Counter(9000), SeenCounter())
    for apdu in (get, channel.seal(get, Policy.AUTHENTICATED), channel.seal(get, Policy.ENCRYPTED)):
        assert session.exchange(apdu) == b"\xd8\x01\x01"
    assert [record.kind for record in session.connection.audit()] == ["protection"] * 3


def test_a_plain_answer_is_refused_where_protection_is_demanded():
    session = Session(Meter(), proved()).opened()
    procedure = session.client.get(3, REGISTER, 2)
    next(procedure)
    with pytest.raises(ProtocolError):
        procedure.send(bytes.fromhex("c401c2000600000001"))


@pytest.mark.parametrize(("general", "tag"), [(False, 0xCC), (True, 0xDB)])
def test_the_answer_is_packed_as_the_question_was(general, tag):
    session = Session(Meter(), proved(use_general_glo=general)).opened()
    assert session.exchange(next(session.client.get(3, REGISTER, 2)))[0] == tag


def test_several_associations_live_side_by_side_on_one_connection():
    meter = Meter()
    one = Session(meter).opened()
    two = Session(meter, LLS, connection=one.connection).opened()
    assert one.connection.associations == {(16, 1), (2, 1)}
    two.run(two.client.release())
    assert one.run(one.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]


def test_without_association_there_is_no_service():
    session = Session(Meter())
    with pytest.raises(StateError):
        session.run(session.client.get(3, REGISTER, 2))
    session.opened()
    session.connection._sessions.clear()
    with pytest.raises(ExceptionError):
        session.run(session.client.get(3, REGISTER, 2))


def test_one_key_with_two_counters_is_refused_before_a_nonce_can_repeat():
    clients = {sap: ClientAccess(sap, Mechanism.GMAC, keys=KEYS, counter=Counter()) for sap in (1, 2)}
    with pytest.raises(UsageError, match="two counters"):
        Server(b"MTH00001", {1: LogicalDevice("A", [])}, clients, bytes)


def test_the_counter_reserves_before_it_hands_out_and_never_repeats():
    stored = []
    counter = Counter(10, stored.append, block=5)
    taken = [counter.take() for _ in range(7)]
    assert (taken, stored) == (list(range(10, 17)), [15, 20])
    restarted = Counter(stored[-1], stored.append, block=5)
    assert restarted.take() > taken[-1]


def test_keys_without_a_counter_that_outlives_a_restart_are_refused():
    with pytest.raises(UsageError, match="no invocation counter"):
        ClientAccess(1, Mechanism.GMAC, keys=KEYS)
    with pytest.raises(UsageError, match="no invocation counter"):
        ClientSettings(keys=KEYS, system_title=CLIENT_TITLE, policy=Policy.BOTH)


def test_a_counter_without_a_tag_is_never_believed():
    seen = SeenCounter(5)
    receiver = Channel(KEYS, b"MTH00001", CLIENT_TITLE, Counter(), seen)
    sender = Channel(KEYS, CLIENT_TITLE, b"MTH00001", Counter(0xFFFF_FFFE), SeenCounter())
    get = bytes.fromhex("c001c1 0003 0100010800ff 02 00")
    sealed = sender.seal(get, Policy.ENCRYPTED)
    with pytest.raises(ProtocolError, match="without a tag"):
        receiver.open(sealed, Policy.NONE)
    assert receiver.open(sealed, Policy.ENCRYPTED).apdu == get
    assert seen.value == 5
    with pytest.raises(ReplayError):
        receiver.open(sealed, Policy.ENCRYPTED)
    receiver.open(sender.seal(get, Policy.AUTHENTICATED), Policy.NONE)
    assert seen.value == 0xFFFF_FFFF


def test_the_counter_ends_rather_than_wraps():
    counter = Counter(0xFFFF_FFFF)
    assert counter.take() == 0xFFFF_FFFF
    with pytest.raises(StateError, match="used up"):
        counter.take()


def test_no_nonce_is_used_twice_in_a_session():
    meter = Meter()
    session = Session(meter, proved(max_pdu=128)).opened()
    answers = []
    record = session.exchange
    session.exchange = lambda apdu: answers.append(record(apdu)) or answers[-1]
    session.run(session.client.get(15, ASSOCIATION_OBIS, 2))
    counters = [int.from_bytes(apdu[3:7], "big") for apdu in answers]
    assert len(answers) > 3
    assert counters == sorted(set(counters))


def test_keys_and_secrets_are_not_printed():
    shown = repr(proved()) + repr(LLS) + repr(ClientAccess(1, Mechanism.GMAC, keys=KEYS, counter=Counter()))
    assert KEYS.encryption.hex() not in shown
    assert repr(KEYS.encryption) not in shown
    assert "12345678" not in shown


def test_a_new_aarq_replaces_the_association_only_when_it_is_accepted():
    meter = Meter()
    session = Session(meter, LLS).opened()
    with pytest.raises(AssociationRejectedError):
        Session(meter, replace(LLS, secret=b"wrong"), connection=session.connection).opened()
    assert session.run(session.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]
    again = Session(meter, LLS, connection=session.connection).opened()
    assert again.run(again.client.get(3, REGISTER, 2)).whole() == ROWS[-1][2]


def test_silence_is_nobodys_fault():
    with pytest.raises(LinkError):
        converse(Client(PLAIN).associate(), lambda _apdu: None)
