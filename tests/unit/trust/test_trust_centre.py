"""The security centre: approved products only, no state skipped, keys of one's own, and a hand-over that locks out."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from importlib.resources import files

import pytest
from tests.trust_office import TEN, Office, device_of, key

from meterhouse.app.centre_watch import LAPSED, watch_devices
from meterhouse.companion.certificate import DOMAIN_OF, CertifiedRole, Domain, identity_on_chain
from meterhouse.companion.sealed import Agreement, Mandate, Refused, Signer, Verifier, VolatileCounters, seal
from meterhouse.crypto import Purpose
from meterhouse.model import (
    DAY,
    HOUR,
    AuthenticationError,
    ConfigurationError,
    Eui64,
    Fuel,
    Instant,
    NotFoundError,
    PolicyError,
    StateError,
)
from meterhouse.store import Database, SqlCentreRecords, SqlEvents
from meterhouse.supplier.trust import (
    FREEZE,
    CertificateStatus,
    Credentials,
    DataKind,
    HandOver,
    HandOverOffice,
    Issuer,
    LifeState,
    NoReason,
    Right,
    Scheme,
    SecurityCentre,
    Viewer,
    ask_rotation,
    attest,
    found_hierarchy,
    issue,
    parse_access,
    parties_of,
    sign_hand_over,
    sign_recovery,
    standing_scheme,
    supply_content,
)
from meterhouse.supplier.trust.scheme import NEEDED

MODEL, FIRMWARE = "Acme E1", "1.0.3"
EVIDENCE = ("certificate 2026-17, cabinet 4", sha256(b"report").hexdigest())
UNIT = device_of(1)
NONCE = b"\5" * 16
_SERIALS = iter(range(1, 1 << 30))


def entropy(size: int) -> bytes:
    return sha256(next(_SERIALS).to_bytes(8, "big")).digest()[:size]


ISSUERS = found_hierarchy(key("root"), {each: key(f"issuer {each}") for each in Issuer}, TEN, entropy)


def identity(eui: Eui64, role: CertifiedRole, purpose: Purpose, named: str = "", *, life: int | None = None):
    der = issue(ISSUERS, eui, role, purpose, key(named or f"{eui} {purpose}").public, TEN, entropy, life)
    return identity_on_chain(der, ISSUERS.chain, [ISSUERS.root], purpose, TEN)


def papers(eui: Eui64 = UNIT, role: CertifiedRole = CertifiedRole.ELECTRICITY_METER):
    return identity(eui, role, Purpose.SIGN), identity(eui, role, Purpose.AGREE)


@pytest.fixture
def records():
    with Database("sqlite://") as database:
        held: list[object] = []
        database.run(lambda tx: held.append(SqlCentreRecords(tx)))
        # In memory there is one connection, which outlives the job.
        yield held[0]


@pytest.fixture
def centre(records):
    made = SecurityCentre(records)
    made.design(MODEL, FIRMWARE, "maker", TEN)
    made.type_test(MODEL, FIRMWARE, *EVIDENCE, "laboratory", TEN)
    return made


WHOLE = Scheme(NEEDED, lambda _home: None)
"""A scheme that stands; what is refused without one: the last test."""


def in_service(centre, eui: Eui64 = UNIT, home: str = "home-1", at: Instant = TEN):
    signing, agreement = papers(eui)
    centre.manufacture(signing, agreement, MODEL, FIRMWARE, "maker", at)
    centre.install(eui, home, MODEL, FIRMWARE, "installer", at, scheme=WHOLE)
    centre.register(eui, NONCE, attest(key(f"{eui} sign"), eui, NONCE), "centre", at)
    centre.prove(eui, "installer", at)
    return centre.serve(eui, "centre", at)


@pytest.mark.requirement("S3-80", "S3-83")
def test_a_device_goes_through_every_state_of_its_life_and_skips_none(centre, records):
    steps = {
        LifeState.INSTALLED: lambda: centre.install(UNIT, "home-1", MODEL, FIRMWARE, "x", TEN, scheme=WHOLE),
        LifeState.REGISTERED: lambda: centre.register(UNIT, NONCE, attest(key(f"{UNIT} sign"), UNIT, NONCE), "x", TEN),
        LifeState.PROVEN: lambda: centre.prove(UNIT, "x", TEN),
        LifeState.IN_SERVICE: lambda: centre.serve(UNIT, "x", TEN),
    }
    centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)
    for state, step in steps.items():
        for other, skip in steps.items():
            if other is not state:
                with pytest.raises(StateError):
                    skip()
        with pytest.raises(StateError):
            centre.withdraw(UNIT, "x", TEN)
        assert step().state is state
    centre.suspend(UNIT, "seal broken", "x", TEN)
    for step in (steps[LifeState.INSTALLED], steps[LifeState.PROVEN], steps[LifeState.IN_SERVICE]):
        with pytest.raises(StateError):
            step()
    assert centre.withdraw(UNIT, "x", TEN).state is LifeState.WITHDRAWN
    with pytest.raises((StateError, PolicyError)):
        steps[LifeState.REGISTERED]()
    told = [state for _, state, _, _ in records.history(UNIT)]
    assert told == ["manufactured", "installed", "registered", "proven", "in-service", "suspended", "withdrawn"]


@pytest.mark.requirement("S3-80")
def test_a_design_is_not_a_product_before_it_was_tested(records):
    centre = SecurityCentre(records)
    with pytest.raises(NotFoundError):
        centre.type_test(MODEL, FIRMWARE, *EVIDENCE, "x", TEN)
    centre.design(MODEL, FIRMWARE, "maker", TEN)
    with pytest.raises(PolicyError, match="not approved"):
        centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)


@pytest.mark.requirement("S3-80")
def test_a_silence_raises_one_alarm_and_a_new_silence_another():
    with Database("sqlite://") as database:

        def build(tx):
            centre = SecurityCentre(SqlCentreRecords(tx))
            centre.design(MODEL, FIRMWARE, "maker", TEN)
            centre.type_test(MODEL, FIRMWARE, *EVIDENCE, "laboratory", TEN)
            in_service(centre)

        database.run(build)
        assert watch_devices(database, Instant(TEN + 3 * DAY)) == ()
        silent = Instant(TEN + 3 * DAY + 1)
        assert [lapse.device for lapse in watch_devices(database, silent)] == [UNIT]
        assert watch_devices(database, silent) == ()
        database.run(lambda tx: SecurityCentre(SqlCentreRecords(tx)).hear(UNIT, silent))
        assert watch_devices(database, silent) == ()
        assert len(watch_devices(database, Instant(TEN + 9 * DAY))) == 1
        told = database.read(lambda tx: SqlEvents(tx).newest(9))
        assert [event.kind for event in told] == [LAPSED, LAPSED]
        assert {event.fields["home"] for event in told} == {"home-1"}


def test_a_device_in_the_field_that_nobody_hears_of_is_a_lapse(centre):
    in_service(centre)
    in_service(centre, device_of(2), "home-2")
    later = Instant(TEN + 2 * DAY)
    centre.hear(UNIT, later)
    assert centre.lapses(Instant(TEN + 3 * DAY)) == []
    (lapse,) = centre.lapses(Instant(TEN + 3 * DAY + 1))
    assert (lapse.device, lapse.home, lapse.heard) == (device_of(2), "home-2", TEN)


@pytest.mark.requirement("S0-84", "S0-87", "S3-83")
def test_a_product_is_approved_by_evidence_and_nothing_else_is_made_or_installed(centre, records):
    centre.design(MODEL, "2.0", "maker", TEN)
    for evidence in (("", EVIDENCE[1]), (EVIDENCE[0], "")):
        with pytest.raises(PolicyError, match="evidence"):
            centre.type_test(MODEL, "2.0", *evidence, "x", TEN)
    for model, firmware in ((MODEL, "2.0"), (MODEL, "9"), ("Other", FIRMWARE)):
        with pytest.raises(PolicyError, match="not approved"):
            centre.manufacture(*papers(), model, firmware, "maker", TEN)
    centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)
    for model, firmware in ((MODEL, "2.0"), ("Other", FIRMWARE)):
        with pytest.raises(PolicyError, match="not approved") as caught:
            centre.install(UNIT, "home-1", model, firmware, "installer", TEN, scheme=WHOLE)
        assert caught.value.remedy
    kept = records.product(MODEL, FIRMWARE)
    assert (kept.evidence, kept.digest) == EVIDENCE


@pytest.mark.requirement("S0-84")
def test_a_device_without_two_good_certificates_is_not_let_in(centre, records):
    signing, agreement = papers()
    wrong = {
        "one key for both": (signing, identity(UNIT, CertifiedRole.ELECTRICITY_METER, Purpose.AGREE, f"{UNIT} sign")),
        "twice for signing": (signing, signing),
        "of two units": (signing, papers(device_of(2))[1]),
        "of two roles": (signing, papers(UNIT, CertifiedRole.GAS_METER)[1]),
    }
    for pair in wrong.values():
        with pytest.raises(PolicyError):
            centre.manufacture(*pair, MODEL, FIRMWARE, "maker", TEN)
    credentials = Credentials(records, {})
    credentials.issued(signing, "x", TEN)
    credentials.revoke(signing.certified.serial.hex(), "key leaked", "x", TEN)
    with pytest.raises(PolicyError, match="revoked"):
        centre.manufacture(signing, agreement, MODEL, FIRMWARE, "maker", TEN)
    assert records.device(UNIT) is None
    with pytest.raises(NotFoundError):
        centre.register(UNIT, NONCE, b"", "x", TEN)


@pytest.mark.requirement("S0-85")
def test_a_withdrawn_firmware_is_found_in_every_home_quarantined_and_replaced_to_the_last(centre, records):
    for number in range(1, 6):
        in_service(centre, device_of(number), f"home-{number}")
    centre.design(MODEL, "1.0.4", "maker", TEN)
    centre.type_test(MODEL, "1.0.4", *EVIDENCE, "x", TEN)
    spared = device_of(9)
    centre.manufacture(*papers(spared), MODEL, "1.0.4", "maker", TEN)
    jobs = centre.revoke_product(MODEL, FIRMWARE, "leaks keys", "officer", TEN)
    assert sorted(job.home for job in jobs) == [f"home-{number}" for number in range(1, 6)]
    assert {centre.device(device_of(number)).state for number in range(1, 6)} == {LifeState.SUSPENDED}
    assert centre.device(spared).state is LifeState.MANUFACTURED
    for number in range(1, 6):
        unit = device_of(number)
        with pytest.raises(PolicyError):
            centre.register(unit, NONCE, attest(key(f"{unit} sign"), unit, NONCE), "x", TEN)
        assert len(centre.open_jobs()) == 6 - number
        centre.withdraw(unit, "installer", Instant(TEN + number * DAY))
    assert centre.open_jobs() == []
    with pytest.raises(PolicyError, match="not approved"):
        centre.manufacture(*papers(device_of(7)), MODEL, FIRMWARE, "maker", TEN)


@pytest.mark.requirement("S3-11")
def test_a_radio_identity_in_other_hardware_fails_attestation(centre):
    centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)
    centre.install(UNIT, "home-1", MODEL, FIRMWARE, "installer", TEN, scheme=WHOLE)
    clone = key("other hardware")
    right = key(f"{UNIT} sign")
    for answer in (
        attest(clone, UNIT, NONCE),
        attest(right, device_of(2), NONCE),
        attest(right, UNIT, b"\6" * 16),
        b"",
        bytes(64),
    ):
        with pytest.raises(AuthenticationError):
            centre.register(UNIT, NONCE, answer, "centre", TEN)
    with pytest.raises(PolicyError):
        centre.register(UNIT, b"short", attest(right, UNIT, b"short"), "centre", TEN)
    assert centre.register(UNIT, NONCE, attest(right, UNIT, NONCE), "centre", TEN).state is LifeState.REGISTERED
    with pytest.raises(StateError):
        centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)


@pytest.mark.requirement("S3-17")
def test_no_two_devices_share_a_key_and_an_old_one_never_returns(centre, records):
    in_service(centre)
    twin = device_of(2)
    for purposes in ((f"{UNIT} sign", f"{twin} agree"), (f"{twin} sign", f"{UNIT} agree"), (f"{UNIT} agree", "x")):
        signing = identity(twin, CertifiedRole.ELECTRICITY_METER, Purpose.SIGN, purposes[0])
        agreement = identity(twin, CertifiedRole.ELECTRICITY_METER, Purpose.AGREE, purposes[1])
        with pytest.raises(PolicyError, match="has a key of"):
            centre.manufacture(signing, agreement, MODEL, FIRMWARE, "maker", TEN)
    credentials = Credentials(records, {})
    old, new = key(f"{UNIT} sign"), key("new")
    word = ask_rotation(old, UNIT, Purpose.SIGN, new.public)
    credentials.rotate(UNIT, Purpose.SIGN, new.public, word, "centre", TEN)
    back = ask_rotation(new, UNIT, Purpose.SIGN, old.public)
    with pytest.raises(PolicyError, match="or had"):
        credentials.rotate(UNIT, Purpose.SIGN, old.public, back, "centre", TEN)


@pytest.mark.requirement("S3-81")
def test_what_belongs_to_the_consumers_domain_is_not_let_onto_the_utilities_network(centre):
    for role in (CertifiedRole.CONSUMER_DEVICE, CertifiedRole.THIRD_PARTY_DEVICE):
        with pytest.raises(PolicyError, match="not let onto"):
            centre.manufacture(*papers(device_of(3), role), MODEL, FIRMWARE, "maker", TEN)
    device = in_service(centre)
    centre.admit(device)
    for domain in set(Domain) - {Domain.UTILITY}:
        with pytest.raises(PolicyError, match="not let onto"):
            centre.admit(replace(device, domain=domain))


# credentials ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-17")
def test_a_new_key_is_taken_on_the_old_ones_word_and_freezes_cuts(centre, records):
    in_service(centre)
    credentials = Credentials(records, {})
    new = key("new agreement")
    with pytest.raises(AuthenticationError):
        credentials.rotate(
            UNIT, Purpose.AGREE, new.public, ask_rotation(new, UNIT, Purpose.AGREE, new.public), "x", TEN
        )
    word = ask_rotation(key(f"{UNIT} sign"), UNIT, Purpose.AGREE, new.public)
    with pytest.raises(AuthenticationError):
        credentials.rotate(UNIT, Purpose.SIGN, new.public, word, "x", TEN)
    changed = credentials.rotate(UNIT, Purpose.AGREE, new.public, word, "x", TEN)
    assert changed.agreement == new.public
    assert changed.signing == key(f"{UNIT} sign").public
    assert changed.frozen_until == TEN + FREEZE == TEN + 72 * HOUR


@pytest.mark.requirement("S3-17")
def test_a_lost_key_is_recovered_by_two_officers_and_never_by_one(centre, records):
    in_service(centre)
    credentials = Credentials(records, Office().staff)
    new = key("recovered")
    words = {name: sign_recovery(key(name), UNIT, Purpose.SIGN, new.public) for name in ("Uma", "Vic", "Bob")}
    for names in (["Uma"], ["Uma", "Bob"], []):
        with pytest.raises(PolicyError):
            credentials.recover(UNIT, Purpose.SIGN, new.public, {name: words[name] for name in names}, TEN)
    with pytest.raises(AuthenticationError):
        credentials.recover(UNIT, Purpose.SIGN, new.public, {"Uma": words["Uma"], "Vic": words["Uma"]}, TEN)
    got = credentials.recover(UNIT, Purpose.SIGN, new.public, {"Uma": words["Uma"], "Vic": words["Vic"]}, TEN)
    assert got.signing == new.public


@pytest.mark.requirement("S3-17")
def test_a_certificate_is_gone_by_until_it_is_replaced_revoked_or_over_and_warns_before(records):
    credentials = Credentials(records, {})
    supplier = device_of(100)
    first = identity(supplier, CertifiedRole.SUPPLIER, Purpose.SIGN, "one", life=20 * DAY)
    with pytest.raises(PolicyError, match="not issued here"):
        credentials.believe(first, TEN)
    credentials.issued(first, "x", TEN)
    credentials.believe(first, TEN)
    assert [each.eui for each in credentials.ending(TEN)] == [supplier]
    with pytest.raises(PolicyError, match="over"):
        credentials.believe(first, Instant(TEN + 21 * DAY))
    second = identity(supplier, CertifiedRole.SUPPLIER, Purpose.SIGN, "two")
    credentials.issued(second, "x", TEN)
    with pytest.raises(PolicyError, match="replaced"):
        credentials.believe(first, TEN)
    assert credentials.ending(TEN) == []
    assert credentials.revoke(second.certified.serial.hex(), "lost", "x", TEN).status is CertificateStatus.REVOKED
    with pytest.raises(PolicyError, match="revoked"):
        credentials.believe(second, TEN)


# change of supplier ---------------------------------------------------------------------------------------------------

OFFICE, LOSER, GAINER = device_of(200), device_of(201), device_of(202)


@pytest.fixture
def market(centre, records):
    device = in_service(centre)
    records.put_device(replace(device, supplier=str(LOSER)), TEN, "x", "supplied")
    credentials = Credentials(records, {})
    people = {
        "office": identity(OFFICE, CertifiedRole.CHANGE_OF_SUPPLIER, Purpose.SIGN),
        "loser": identity(LOSER, CertifiedRole.SUPPLIER, Purpose.SIGN),
        "gainer": identity(GAINER, CertifiedRole.SUPPLIER, Purpose.SIGN),
    }
    for each in people.values():
        credentials.issued(each, "x", TEN)
    return HandOverOffice(records, credentials), credentials, people


def signatures(change: HandOver, *parties: Eui64) -> dict[Eui64, bytes]:
    return {eui: sign_hand_over(key(f"{eui} sign"), change) for eui in parties}


@pytest.mark.requirement("S3-17")
def test_neither_party_can_take_a_home_alone_and_nobody_with_old_or_other_words(market):
    office, credentials, people = market
    change = HandOver(UNIT, LOSER, GAINER, TEN)
    both = signatures(change, OFFICE, GAINER)
    args = people["office"], people["gainer"]
    for wrong in (signatures(change, GAINER), signatures(change, OFFICE)):
        with pytest.raises(PolicyError, match="not signed"):
            office.hand_over(change, *args, wrong, TEN)
    with pytest.raises(AuthenticationError):
        office.hand_over(replace(change, at=Instant(TEN - 1)), *args, both, TEN)
    with pytest.raises(PolicyError, match="not of today"):
        office.hand_over(change, *args, both, Instant(TEN + 2 * DAY))
    with pytest.raises(PolicyError):
        office.hand_over(change, people["gainer"], people["gainer"], both, TEN)
    with pytest.raises(PolicyError):
        office.hand_over(change, people["office"], people["loser"], signatures(change, OFFICE, LOSER), TEN)
    stolen = HandOver(UNIT, GAINER, LOSER, TEN)
    with pytest.raises(PolicyError, match="to lose"):
        office.hand_over(stolen, people["office"], people["loser"], signatures(stolen, OFFICE, LOSER), TEN)
    credentials.revoke(people["gainer"].certified.serial.hex(), "insolvent", "x", TEN)
    with pytest.raises(PolicyError, match="revoked"):
        office.hand_over(change, *args, both, TEN)


@pytest.mark.requirement("S3-17")
def test_after_the_hand_over_the_losers_orders_are_refused_and_nobody_cuts_for_72_hours(market):
    office, _, people = market
    change = HandOver(UNIT, LOSER, GAINER, TEN)
    done = office.hand_over(change, people["office"], people["gainer"], signatures(change, OFFICE, GAINER), TEN)
    assert done.device.supplier == str(GAINER)
    assert done.device.frozen_until == TEN + 72 * HOUR
    assert str(UNIT) in done.alert
    parties = parties_of(done.device, {LOSER: people["loser"], GAINER: people["gainer"]})
    assert set(parties) == {GAINER}
    seat = Office()
    premises = seat.premises(UNIT)
    broker = Agreement.between(key("carrier"), key(f"{UNIT} agree").public)
    device = Verifier(UNIT, premises, parties, broker, seat.catalogue, VolatileCounters())
    content, mandate = supply_content(Fuel.ELECTRICITY, arm=True), Mandate(premises, TEN, Instant(TEN + HOUR))
    for who, accepted in ((LOSER, False), (GAINER, True)):
        order = Signer(who, key(f"{who} sign"), seat.catalogue).order(UNIT, 0x0051, content, 1, mandate)
        verdict = device.verify(seal(order, broker).encode(), TEN)
        assert isinstance(verdict, Refused) is not accepted
    with pytest.raises(PolicyError, match="to lose"):
        office.hand_over(change, people["office"], people["gainer"], signatures(change, OFFICE, GAINER), TEN)


def test_the_confirm_service_says_no_for_72_hours_and_to_every_other_supplier():
    seat = Office()
    order, envelope = seat.sent()
    plain = seat.homes.plain(order.home, order.device)
    for standing, reason in (
        (replace(plain, frozen_until=Instant(order.not_before + 1)), NoReason.FREEZE),
        (replace(plain, supplier=str(GAINER)), NoReason.OTHER_SUPPLIER),
    ):
        seat.homes.changes[order.home] = standing
        answer = seat.confirms(order, envelope, order.not_before)
        assert answer is not None
        assert (answer.yes, answer.reason) == (False, reason)
    seat.homes.changes.clear()
    assert seat.confirms(order, envelope, order.not_before).yes


def test_a_frozen_home_is_not_signed_for():
    seat = Office()
    order = seat.approved()
    plain = seat.homes.plain(order.home, order.device)
    seat.homes.changes[order.home] = replace(plain, frozen_until=Instant(order.not_before + 1))
    assert seat.desk.due(order.not_before) == []
    assert "72 hours" in seat.records.orders[order.number].why


# matrices -------------------------------------------------------------------------------------------------------------

ACCESS_TEXT = files("meterhouse.supplier.trust").joinpath("access.toml").read_text(encoding="utf-8")
ACCESS = parse_access(ACCESS_TEXT)


@pytest.mark.parametrize("role", CertifiedRole)
def test_each_role_has_one_domain_and_joins_only_that_domains_network(role, centre):
    utility = ACCESS.allows(role, Right.JOIN_UTILITY_NETWORK)
    consumer = ACCESS.allows(role, Right.JOIN_CONSUMER_NETWORK)
    assert not (utility and consumer)
    assert utility == (DOMAIN_OF[role] is Domain.UTILITY)
    assert consumer == (DOMAIN_OF[role] in {Domain.CONSUMER, Domain.THIRD_PARTY})
    signing, agreement = papers(device_of(50), role)
    if utility:
        assert centre.manufacture(signing, agreement, MODEL, FIRMWARE, "x", TEN).domain is Domain.UTILITY
    else:
        with pytest.raises(PolicyError):
            centre.manufacture(signing, agreement, MODEL, FIRMWARE, "x", TEN)


@pytest.mark.parametrize("role", CertifiedRole)
@pytest.mark.parametrize("right", Right)
def test_every_cell_of_the_role_matrix_is_what_the_file_says(role, right):
    told = right.value in _told("roles", role.value)
    assert ACCESS.allows(role, right) is told
    if told:
        ACCESS.require(role, right)
    else:
        with pytest.raises(PolicyError):
            ACCESS.require(role, right)


@pytest.mark.parametrize("domain", Domain)
@pytest.mark.parametrize("right", Right)
def test_every_cell_of_the_domain_matrix_is_what_the_file_says(domain, right):
    assert ACCESS.domain_allows(domain, right) is (right.value in _told("domains", domain.value))


@pytest.mark.requirement("S3-17")
@pytest.mark.parametrize("viewer", Viewer)
@pytest.mark.parametrize("kind", DataKind)
def test_every_cell_of_the_privacy_matrix_is_what_the_file_says(viewer, kind):
    always = kind.value in _told("privacy.all", viewer.value)
    asked = kind.value in _told("privacy.consent", viewer.value)
    for consent in (False, True):
        seen = always or (consent and asked)
        assert ACCESS.shows(viewer, kind, consent=consent) is seen
        if not seen:
            with pytest.raises(PolicyError):
                ACCESS.require_sight(viewer, kind, consent=consent)


def test_nobody_but_the_customer_sees_half_hours_without_consent():
    assert {each for each in Viewer if ACCESS.shows(each, DataKind.HALF_HOURS, consent=False)} == {Viewer.CUSTOMER}


def _told(table: str, row: str) -> list[str]:
    import tomllib

    rows = tomllib.loads(ACCESS_TEXT)
    for part in table.split("."):
        rows = rows[part]
    return rows.get(row, [])


def test_an_access_file_that_gives_too_much_is_refused():
    for before, after in (
        ('consumer = ["join-consumer-network"', 'consumer = ["join-utility-network", "join-consumer-network"'),
        ("display = [", 'display = ["join-consumer-network", '),
        ("vend = []", 'vend = ["everything"]'),
        ("vend = []", "vent = []"),
        ("[domains]", "[domain]"),
    ):
        assert before in ACCESS_TEXT
        with pytest.raises(ConfigurationError):
            parse_access(ACCESS_TEXT.replace(before, after))


PARTIES = {
    CertifiedRole.SUPPLIER: (Purpose.SIGN, Purpose.AGREE),
    CertifiedRole.CONFIRM: (Purpose.SIGN,),
    CertifiedRole.CARRIER: (Purpose.SIGN, Purpose.AGREE),
    CertifiedRole.RECOVERY: (Purpose.SIGN,),
}


def test_no_device_is_installed_before_every_role_has_its_key_and_the_counter_can_sell(centre, records):
    sold = []

    def sell(home: str) -> None:
        sold.append(home)
        if len(sold) == 1:
            raise ConfigurationError("no vending key")

    def install():
        scheme = standing_scheme(records, sell)
        return centre.install(UNIT, "home-1", MODEL, FIRMWARE, "installer", TEN, scheme=scheme)

    centre.manufacture(*papers(), MODEL, FIRMWARE, "maker", TEN)
    credentials, number = Credentials(records, {}), 100
    for role, purposes in PARTIES.items():
        number += 1
        for purpose in purposes:
            with pytest.raises(PolicyError, match="no device is installed"):
                install()
            credentials.issued(identity(device_of(number), role, purpose), "x", TEN)
    confirm = identity(device_of(102), CertifiedRole.CONFIRM, Purpose.SIGN, "stolen")
    credentials.issued(confirm, "x", TEN)
    credentials.revoke(confirm.certified.serial.hex(), "key stolen", "x", TEN)
    with pytest.raises(PolicyError, match="no device is installed"):
        install()
    credentials.issued(identity(device_of(102), CertifiedRole.CONFIRM, Purpose.SIGN, "new"), "x", TEN)
    assert sold == []
    with pytest.raises(ConfigurationError, match="no vending key"):
        install()
    assert centre.device(UNIT).state is LifeState.MANUFACTURED
    assert install().state is LifeState.INSTALLED
