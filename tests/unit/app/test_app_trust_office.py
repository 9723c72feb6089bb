"""The trust office on a real folder: nobody has the supplier's key but the daemon, and what is kept can be checked."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.counter_street import build, meter_of

from meterhouse.app.confirm_process import open_confirming, release_confirm_brake
from meterhouse.app.kept_limits import kept_limits, tighten
from meterhouse.app.sign_client import SigningClient, SigningTalk
from meterhouse.app.sign_daemon import LONGEST_LINE, SignDaemon, serve_signing
from meterhouse.app.trust_folder import DESK, STAFF, certificates_in, found_trust, share_staff
from meterhouse.app.trust_settings import POLICY
from meterhouse.app.trust_stores import BlockCounters, database_of, keeper, raise_after_restore
from meterhouse.app.work_orders import open_work_orders
from meterhouse.companion.certificate import CertifiedRole, identity_on_chain
from meterhouse.companion.limits import FieldRange
from meterhouse.companion.relay import Frame, FrameReader, Kind, Note
from meterhouse.companion.sealed import (
    CONFIRM_QUERY,
    AlertBuilder,
    ConfirmAnswer,
    ConfirmQuery,
    OrderResult,
    Outcome,
    decode_envelope,
)
from meterhouse.crypto import P256, KeyPair, PublicPoint, Purpose
from meterhouse.model import (
    DAY,
    HOUR,
    MINUTE,
    AuthenticationError,
    ConfigurationError,
    Eui64,
    Fuel,
    Instant,
    LinkError,
    NotFoundError,
    PolicyError,
    StateError,
    parse_instant,
)
from meterhouse.store import Database, LedgerView, PartyKeys, SqlAuditChain, SqlTrustRecords, StaffKeys
from meterhouse.supplier.trust import CUT_SUPPLY, Duty, OrderRequest, WorkState, supply_content

NOW = parse_instant("2026-11-23T10:00:00Z")
PASSPHRASE = "correct horse battery"
METER, HOME = meter_of(0), "00"


class Standing:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Instant:
        return self.at


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust") / "trust"
    found_trust(folder, PASSPHRASE, NOW, root=folder.parent / "safe", fleet=100, officers=("Uma", "Vic", "Wim"))
    staff = StaffKeys(folder / "signing" / STAFF)
    for name, duty in (("Ann", Duty.OPERATOR), ("Bob", Duty.APPROVER), ("Uma", Duty.OFFICER), ("Vic", Duty.OFFICER)):
        staff.add(name, [duty], f"{name} says so")
    share_staff(folder)
    return folder


@pytest.fixture
def trust(founded, tmp_path):
    """A copy of the folder, so that no test sees another's counters."""
    import shutil

    shutil.copytree(founded, tmp_path / "trust")
    return tmp_path / "trust"


class House:
    def __init__(self, stack: ExitStack, trust, tmp_path) -> None:
        self.clock = Standing()
        self.url = f"sqlite:///{tmp_path / 'meterhouse.db'}"
        self.database = stack.enter_context(Database(self.url))
        self.database.run(build)
        self.device = KeyPair(P256, b"\7" * 32)
        body = {"state": "in-service", "signing": self.device.public.octets.hex()}
        self.database.run(lambda tx: SqlTrustRecords(tx).put("device", str(METER), "in-service", body, NOW))
        self.daemon = stack.enter_context(SignDaemon(trust / "signing", self.clock))
        self.orders = open_work_orders(self.database, trust, self.daemon)
        self.confirming = open_confirming(trust / "confirm", self.url, NOW)
        stack.callback(self.confirming.close)
        self.confirming.service.elapse(NOW)
        list(self.confirming.service.outgoing())

    def request(self, **changes) -> OrderRequest:
        told = {"reason": "unpaid for 90 days", "evidence": "case 4711/26", **changes}
        content = supply_content(Fuel.GAS, arm=False)
        return OrderRequest(METER, HOME, CUT_SUPPLY[Fuel.GAS], content, told["reason"], told["evidence"])

    def raised(self, who: str = "Ann"):
        return self.orders.raise_order(self.request(), who, f"{who} says so", self.clock.at)

    def approved(self):
        return self.orders.approve(self.raised().number, "Bob", "Bob says so", self.clock.at)

    def ask(self, order_hash: bytes) -> ConfirmAnswer | None:
        at = self.clock.at
        query = ConfirmQuery(at, at.to_bytes(16, "big"), order_hash, 1, None, 0, None, bytes(8))
        own = self.confirming.settings.confirm
        octets = AlertBuilder(METER, self.device).words(own, CONFIRM_QUERY, query.encode(), at)
        self.confirming.service.receive("carrier", Note(Eui64(bytes(8)), octets).frame(1).encode(), at)
        frames = FrameReader().feed(b"".join(data for _, data in self.confirming.service.outgoing()))
        assert frames[0] == Frame(Kind.NOTED, 1)
        if len(frames) == 1:
            return None
        return ConfirmAnswer.decode(decode_envelope(Note.parse(frames[1].payload).octets).content)


@pytest.fixture
def house(trust, tmp_path):
    with ExitStack() as stack:
        yield House(stack, trust, tmp_path)


def test_one_command_makes_every_place_with_certificates_that_the_root_vouches_for(founded):
    root = certificates_in(founded / "root.pem")
    seen = {}
    for path in founded.glob("*/*-*.pem"):
        leaf, *issuers = certificates_in(path)
        identity = identity_on_chain(leaf, issuers, root, Purpose(path.stem.rsplit("-", 1)[1]), NOW)
        assert path.stem.startswith(identity.role)
        seen.setdefault(identity.role, set()).add(identity.certified.purpose)
    for role in (CertifiedRole.SUPPLIER, CertifiedRole.CONFIRM, CertifiedRole.CARRIER):
        assert {Purpose.SIGN, Purpose.AGREE} <= seen[role]
    assert Purpose.TLS in seen[CertifiedRole.HEAD_END]
    assert not (founded / "root").exists(), "the root's key was to be kept apart"
    with pytest.raises(ConfigurationError):
        PartyKeys(founded.parent / "safe" / "root.keys", "a wrong passphrase")
    assert PartyKeys(founded.parent / "safe" / "root.keys", PASSPHRASE).names() == ("root",)
    with pytest.raises(ConfigurationError, match="not empty"):
        found_trust(founded, PASSPHRASE, NOW)


def test_no_private_key_lies_open_and_no_key_is_in_two_places(founded):
    files = [path for path in founded.rglob("*") if path.is_file()]
    private = [path for path in files if path.suffix in {".key", ".keys"} or path.name in {"keys", STAFF}]
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)
    scalars = [
        PartyKeys(founded / place / "keys").pair(name).private
        for place in ("signing", "confirm", "carrier", "issuers", "recovery")
        for name in PartyKeys(founded / place / "keys").names()
    ]
    assert len(set(scalars)) == len(scalars)
    whole = b"".join(path.read_bytes() for path in files)
    assert not [scalar for scalar in scalars if scalar in whole or scalar.hex().encode() in whole]


def test_a_cut_goes_from_the_desk_through_daemon_and_confirm_service(house):
    order = house.approved()
    assert order.state is WorkState.APPROVED
    house.clock.at = Instant(NOW + 14 * MINUTE)
    assert house.orders.work(house.clock.at) == ()
    house.clock.at = order.not_before
    (signed,) = house.orders.work(house.clock.at)
    envelope = decode_envelope(signed.envelope)
    assert (envelope.target, envelope.identity) == (METER, signed.order_hash)
    house.orders.sent(signed.number, house.clock.at)
    answer = house.ask(signed.order_hash)
    assert answer is not None
    assert answer.yes
    house.orders.result(OrderResult(house.clock.at, signed.order_hash, Outcome.OPENED, 0), METER, house.clock.at)
    view = house.orders.show(signed.number)
    assert (view.order.state, view.order.why) == (WorkState.DONE, "opened")
    assert [step.who for step in view.history] == ["Ann", "Bob", "meterhouse", "meterhouse", str(METER)]


def test_wrong_passphrases_are_told_alike_and_soon_wait(house):
    told = set()
    for name, passphrase in (("Ann", "no"), ("Nobody", "no")):
        with pytest.raises(PolicyError) as caught:
            house.orders.raise_order(house.request(), name, passphrase, NOW)
        told.add(caught.value.what)
    assert len(told) == 1
    for _ in range(4):
        with pytest.raises(PolicyError):
            house.orders.raise_order(house.request(), "Ann", "no", NOW)
    with pytest.raises(PolicyError, match="too many"):
        house.raised()
    house.clock.at = Instant(NOW + MINUTE)
    assert house.raised().state is WorkState.RAISED


def test_an_order_that_was_cancelled_between_signing_and_sending_is_confirmed_by_nobody(house):
    order = house.approved()
    house.clock.at = order.not_before
    (signed,) = house.orders.work(house.clock.at)
    assert house.orders.cancel(signed.number, "Ann", "Ann says so", house.clock.at).state is WorkState.CANCELLING
    answer = house.ask(signed.order_hash)
    assert answer is not None
    assert not answer.yes
    (cancelled,) = house.orders.cancelling()
    word = house.orders.cancel_of(cancelled)
    assert (cancelled.number, word.target, word.code) == (signed.number, METER, 0xF013)
    assert house.orders.work(house.clock.at) == ()


def test_a_home_that_is_protected_is_cut_by_nobody_until_one_who_may_approve_says_otherwise(house):
    with pytest.raises(PolicyError):
        house.orders.protect_home(HOME, "dialysis at home", "Ann", "not her words", NOW)
    assert house.raised().state is WorkState.RAISED, "a word that is not believed marks nothing"
    house.orders.protect_home(HOME, " dialysis at home ", "Ann", "Ann says so", NOW)
    with pytest.raises(PolicyError, match="not to be cut"):
        house.raised()
    with pytest.raises(PolicyError, match="may not unprotect homes"):
        house.orders.protect_home(HOME, "", "Ann", "Ann says so", NOW)
    with pytest.raises(PolicyError, match="not to be cut"):
        house.raised()
    house.orders.protect_home(HOME, "", "Bob", "Bob says so", NOW)
    assert house.raised().state is WorkState.RAISED


def test_a_home_is_placed_on_a_feeder_that_the_brakes_know_and_nowhere_else(house, trust):
    with pytest.raises(NotFoundError, match="there is no home 99"):
        house.orders.protect_home("99", "nobody lives there", "Ann", "Ann says so", NOW)
    with pytest.raises(NotFoundError, match="no feeder 'F1'"):
        house.orders.place_home(HOME, "F1", "Bob", "Bob says so", NOW)
    with (trust / DESK / POLICY).open("a") as policy:
        policy.write("F1 = 200\n")
    orders = open_work_orders(house.database, trust, house.daemon)
    with pytest.raises(PolicyError, match="may not place homes"):
        orders.place_home(HOME, "F1", "Ann", "Ann says so", NOW)
    orders.place_home(HOME, "F1", "Bob", "Bob says so", NOW)
    assert orders.raise_order(house.request(), "Ann", "Ann says so", NOW).feeder == "F1"
    orders.place_home(HOME, "", "Bob", "Bob says so", NOW)
    assert orders.raise_order(house.request(), "Ann", "Ann says so", NOW).feeder == ""


def test_without_the_daemon_nothing_is_signed_and_later_it_is(house, trust):
    order = house.approved()
    away = open_work_orders(house.database, trust)
    house.clock.at = order.not_before
    assert away.work(house.clock.at) == ()
    with pytest.raises(LinkError):
        away.raise_order(house.request(), "Ann", "Ann says so", house.clock.at)
    assert len(house.orders.work(house.clock.at)) == 1


@pytest.mark.requirement("S0-54")
def test_a_tripped_desk_brake_stays_tripped_across_refusal_and_restart_and_two_officers_release_it(house, trust):
    numbers = []
    for minute in range(4):
        house.clock.at = Instant(NOW + minute * MINUTE)
        numbers.append(house.raised().number)
    for minute, number in enumerate(numbers[:3]):
        house.clock.at = Instant(NOW + (10 + minute) * MINUTE)
        house.orders.approve(number, "Bob", "Bob says so", house.clock.at)
    with pytest.raises(PolicyError, match="brake B1"):
        house.orders.approve(numbers[3], "Bob", "Bob says so", house.clock.at)
    told = house.database.read(lambda tx: [line.deed for line in SqlAuditChain(tx).lines()])
    assert told.count("brake.tripped") == 1
    again = open_work_orders(house.database, trust, house.daemon)
    assert again.brakes(house.clock.at)[0].latched
    with pytest.raises(PolicyError):
        again.release_brake("B1", "Bob", "Bob says so", house.clock.at)
    assert again.release_brake("B1", "Uma", "Uma says so", house.clock.at) is False
    assert again.release_brake("B1", "Uma", "Uma says so", house.clock.at) is False
    assert again.release_brake("B1", "Vic", "Vic says so", house.clock.at) is True
    house.clock.at = Instant(house.clock.at + MINUTE)
    assert again.approve(numbers[3], "Bob", "Bob says so", house.clock.at).state is WorkState.APPROVED
    with pytest.raises(StateError):
        again.release_brake("B2", "Uma", "Uma says so", house.clock.at)


def test_bad_requests_get_one_clear_refusal_each(house):
    order = house.raised().to_json()
    for line in (
        b"",
        b"{",
        b"[" * 100_000,
        b"null",
        b"{}",
        b'{"do": "sign"}',
        b'{"do": "sign", "order": {}}',
        json.dumps({"do": "sign", "order": {**order, "code": 1 << 40}}).encode(),
        json.dumps({"do": "sign", "order": {**order, "reason": "\ud800"}}).encode(),
        json.dumps({"do": "sign", "order": {**order, "not_before": 1 << 62}}).encode(),
        json.dumps({"do": "cancel", "order": {**order, "premises": ""}}).encode(),
        b'{"do": "write", "person": "\\ud800", "passphrase": "x", "deed": "raise", "digest": "00"}',
        b'{"do": "head", "number": -1, "digest": ""}',
        b'{"do": "private key"}',
        b"\xff\xfe",
    ):
        told = json.loads(house.daemon.answer_line(line))
        assert set(told) == {"error"}
        assert told["error"]["what"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda each: st.lists(each, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["do", "order", "person", "passphrase", "deed", "digest", "trip"]), _JSON))
def test_whatever_is_asked_the_daemon_answers_and_signs_nothing(house, request_):
    told = house.daemon.answer(request_)
    assert set(told) == {"error"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["code", "content", "premises", "raised", "approvals", "not_before", "not_after", "device"]), _JSON
)
def test_whatever_is_written_into_an_order_by_hand_it_is_not_signed(house, field, value):
    order = {**house.orders.list()[0].to_json(), field: value} if house.orders.list() else house.raised().to_json()
    assert set(house.daemon.answer({"do": "sign", "order": order})) == {"error"}


def test_counters_rise_across_crashes_and_a_restore_lifts_them_by_two_to_the_32(tmp_path):
    with database_of(tmp_path, "own.db") as database:
        first = BlockCounters(database)
        given_out = [first.next("critical") for _ in range(3)]
    with database_of(tmp_path, "own.db") as database:
        after = BlockCounters(database).next("critical")
        assert given_out == [1, 2, 3]
        assert after > 3
        assert raise_after_restore(database) == 1
        assert BlockCounters(database).next("critical") >= (1 << 32) + after


def test_the_daemon_answers_on_its_socket_and_nobody_else_may_open_it(house, trust):
    path = trust / "signing" / "signing.sock"
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        server = await serve_signing(house.daemon, path)
        ready.set()
        await stop.wait()
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}  # talks that are just ending
        if others:
            await asyncio.wait(others, timeout=5)

    stop = asyncio.Event()

    def live() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:  # ends what still talks, too
            runner.run(serve())

    thread = threading.Thread(target=live)
    thread.start()
    try:
        assert ready.wait(5)
        talk = SigningTalk(SigningClient(path))
        assert path.stat().st_mode & 0o007 == 0
        assert talk.status()["supplier"] == str(house.confirming.settings.supplier)
        with pytest.raises(LinkError):
            SigningClient(path).answer({"do": "x" * LONGEST_LINE})
        assert talk.status()["brake"]["latched"] is False
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


def test_the_confirm_service_believes_no_supplier_certificate_of_another_root(trust, tmp_path):
    other = tmp_path / "other"
    found_trust(other, PASSPHRASE, NOW)
    (trust / "confirm" / "supplier-sign.pem").write_bytes((other / "confirm" / "supplier-sign.pem").read_bytes())
    with pytest.raises(ConfigurationError, match="not to be believed"):
        open_confirming(trust / "confirm", f"sqlite:///{tmp_path / 'x.db'}", NOW)


def test_the_confirm_services_brake_is_released_by_two_officers_while_it_is_stopped(house, trust):
    house.confirming.brake.trip("test")
    keeper(house.confirming._own)(house.confirming.brake)
    talk = SigningTalk(house.daemon)
    assert release_confirm_brake(trust / "confirm", talk, "Uma", "Uma says so") is False
    assert release_confirm_brake(trust / "confirm", talk, "Vic", "Vic says so") is True
    assert not open_confirming(trust / "confirm", house.url, NOW).brake.latched


def test_who_may_only_look_cannot_write(house):
    view = LedgerView(house.url)
    from meterhouse.model import StorageError

    with pytest.raises(StorageError):
        view.read(lambda tx: tx.connection.execute(text("DELETE FROM trust_records")))
    view.close()


def test_a_tightened_limit_is_kept_with_its_signature_and_one_written_by_hand_is_not_believed(house, trust):
    talk, staff = SigningTalk(house.daemon), StaffKeys(trust / "desk" / STAFF).staff()
    narrower = FieldRange(350, 420)
    tighten(house.database, talk, staff, "calorific-value", narrower, "Uma", "Uma says so", NOW)
    assert house.database.read(lambda tx: kept_limits(tx, staff)).of("calorific-value") == narrower
    with pytest.raises(PolicyError, match="not loosened"):
        tighten(house.database, talk, staff, "calorific-value", FieldRange(300, 450), "Uma", "Uma says so", NOW)
    with pytest.raises(PolicyError):
        tighten(house.database, talk, staff, "calorific-value", FieldRange(360, 410), "Ann", "Ann says so", NOW)
    open_work_orders(house.database, trust, house.daemon)
    body = {"name": "load-limit", "least": 1000, "most": 2000, "officer": "Uma", "signature": "00" * 64}
    house.database.run(lambda tx: SqlTrustRecords(tx).put("limit", "load-limit", "tightened", body, NOW))
    with pytest.raises(AuthenticationError):
        open_work_orders(house.database, trust, house.daemon)


# the audit chain ------------------------------------------------------------------------------------------------------

EDITS = {
    "a field changed": "UPDATE audit_lines SET who = 'Eve' WHERE number = 2",
    "a time changed": "UPDATE audit_lines SET at = at + 1 WHERE number = 3",
    "a line cut out": "DELETE FROM audit_lines WHERE number = 2",
    "the first cut off": "DELETE FROM audit_lines WHERE number = 1",
    "the end cut off": "DELETE FROM audit_lines WHERE number > 2",
    "all cut off": "DELETE FROM audit_lines",
    "two lines swapped": "UPDATE audit_lines SET number = CASE number WHEN 2 THEN -3 WHEN 3 THEN -2 END "
    "WHERE number IN (2, 3); UPDATE audit_lines SET number = -number WHERE number < 0",
    "a hash changed": "UPDATE audit_lines SET digest = 'zz' WHERE number = 2",
    "a head's signature changed": "UPDATE audit_heads SET signature = digest",
    "a head moved": "UPDATE audit_heads SET number = number - 1",
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_cut_and_reordering_of_the_audit_chain_is_found(house, edit):
    order = house.approved()
    house.clock.at = order.not_before
    house.orders.work(house.clock.at)
    public = PublicPoint(P256, bytes.fromhex(house.daemon.answer({"do": "status"})["audit"]))
    witness = SigningTalk(house.daemon).witness()
    assert witness is not None
    assert house.database.read(lambda tx: SqlAuditChain(tx).verify(public, witness)) == []

    def tamper(tx):
        for statement in EDITS[edit].split(";"):
            tx.connection.execute(text(statement))

    house.database.run(tamper)
    view = LedgerView(house.url)
    assert view.read(lambda tx: SqlAuditChain(tx).verify(public, witness))
    view.close()


def test_a_chain_that_was_written_anew_by_its_rules_is_found_by_its_heads_and_gets_no_new_one(house):
    house.approved()
    house.orders.work(NOW)
    public = PublicPoint(P256, bytes.fromhex(house.daemon.answer({"do": "status"})["audit"]))
    witness = SigningTalk(house.daemon).witness()

    def forge(tx):
        tx.connection.execute(text("DELETE FROM audit_lines"))
        tx.connection.execute(text("DELETE FROM audit_heads"))
        for number in range(9):
            SqlAuditChain(tx).write(Instant(NOW + number), "Ann", "nothing.happened", "", {})

    house.database.run(forge)
    breaches = house.database.read(lambda tx: SqlAuditChain(tx).verify(public, witness))
    assert [each.what for each in breaches] == ["the lines up to here are not those that were signed"]


def test_a_head_is_signed_each_hour_and_only_where_there_is_something_new(house):
    house.raised()
    for hours in (0, 0.5, 1, 2, 5):
        house.orders.work(Instant(NOW + int(hours * HOUR)))
    assert house.database.read(lambda tx: tx.connection.execute(text("SELECT count(*) FROM audit_heads")).scalar()) == 1
    house.clock.at = Instant(NOW + DAY)
    house.raised()
    house.orders.work(house.clock.at)
    heads = house.database.read(
        lambda tx: tx.connection.execute(text("SELECT number FROM audit_heads")).scalars().all()
    )
    assert heads == sorted(heads)
    assert len(heads) == 2
