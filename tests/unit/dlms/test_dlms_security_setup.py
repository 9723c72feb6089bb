"""The security setup, class 64, between our two sides: policy, key transfer, key agreement, certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dlms_suites import CLIENT, NOW, REGISTER, SERVER, VALUE, Dice, Pair, credentials, keys
from dlms_suites import pair as key_pair
from meterhouse.crypto import P256, wrap_key
from meterhouse.model import AuthenticationError, Instant, LinkError, StateError, UsageError
from meterhouse.protocols.dlms import (
    SECURITY_SETUP,
    AccessRefusedError,
    AssociationRejectedError,
    Counter,
    ExceptionError,
    Mechanism,
    Policy,
    SeenCounter,
    array,
    enum,
    octet_string,
    structure,
)
from meterhouse.protocols.dlms.certificates import (
    CertificateEntity,
    CertificateType,
    certificate_from,
    issued_by_one_of,
)
from meterhouse.protocols.dlms.credentials import Offer
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.key_ring import KeyRing, KeySet
from meterhouse.protocols.dlms.rekeying import Rekeying, settings_under
from meterhouse.protocols.dlms.security_setup import (
    SECURITY_SETUP_OBIS,
    Holdings,
    KeyId,
    SecuritySetup,
    policy_bits,
    policy_from,
)

NEW = {KeyId.UNICAST: bytes(range(100, 116)), KeyId.AUTHENTICATION: bytes(range(50, 66))}
TODAY = datetime.fromtimestamp(NOW / 1000, UTC)
AUTHORITY_KEY = key_pair(1, 99)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(public, subject: str, *, by=AUTHORITY_KEY, issuer="Root", kind=None, days=(-1, 365), serial=7) -> bytes:
    usage = {
        "digital_signature": kind is CertificateType.DIGITAL_SIGNATURE,
        "key_agreement": kind is CertificateType.KEY_AGREEMENT,
        "key_cert_sign": kind is None,
        "content_commitment": False,
        "key_encipherment": False,
        "data_encipherment": False,
        "crl_sign": False,
        "encipher_only": False,
        "decipher_only": False,
    }
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(TODAY + timedelta(days=days[0]))
        .not_valid_after(TODAY + timedelta(days=days[1]))
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.BasicConstraints(ca=kind is None, path_length=None), critical=True)
    )
    return builder.sign(by.key, SHA256()).public_bytes(Encoding.DER)


ROOT = certificate_from(certificate(AUTHORITY_KEY.public.key, "Root"), P256)


class Site:
    """A meter with a security setup, a client, and the client's own ring."""

    def __init__(self, suite: int = 1, policy: Policy = Policy.BOTH) -> None:
        self.stored = []
        self.kept = []
        own = credentials(suite, 20, 10, 7) if suite else None
        self.server_ring = KeyRing(
            KeySet(keys(suite), Counter(), SeenCounter()), keep=lambda *sets: self.stored.append(sets), credentials=own
        )
        self.setup = SecuritySetup(
            self.server_ring,
            CLIENT,
            SERVER,
            Dice(21),
            Holdings((ROOT,)),
            lambda holdings, pairs: self.kept.append((holdings, pairs)),
        )
        self.pair = Pair(suite, Mechanism.GMAC, policy, extra=[self.setup.server_object()], ring=self.server_ring)
        settings = self.pair.settings
        self.ring = KeyRing(KeySet(settings.keys, settings.counter, settings.seen))
        self.open()

    def open(self, key_set: KeySet | None = None) -> None:
        settings = self.pair.settings if key_set is None else settings_under(self.pair.settings, key_set)
        self.pair.connect(settings)
        self.pair.run(self.pair.client.associate())
        self.orders = Rekeying(self.pair.client, self.ring)

    def run(self, procedure):
        return self.pair.run(procedure)

    def reads(self) -> bool:
        return self.run(self.pair.client.get(3, REGISTER, 2)).whole() == VALUE

    def attribute(self, index: int):
        return self.run(self.pair.client.get(SECURITY_SETUP, SECURITY_SETUP_OBIS, index))


@pytest.mark.parametrize("suite", [0, 1, 2])
def test_transferred_keys_take_over_with_the_next_association_and_all_at_once(suite):
    site = Site(suite)
    old = site.ring.current
    new = {which: bytes(range(100 + which, 100 + which + len(old.keys.encryption))) for which in NEW}
    site.run(site.orders.transfer(new))
    assert site.reads(), "the open association goes on under its old keys"
    assert site.server_ring.current.keys == old.keys
    site.open(site.ring.pending)
    site.ring.confirm(site.ring.pending)
    assert site.reads()
    assert site.server_ring.current.keys.encryption == new[KeyId.UNICAST]
    assert site.server_ring.current.keys.authentication == new[KeyId.AUTHENTICATION]
    assert site.server_ring.pending is None
    assert site.ring.current.keys == site.server_ring.current.keys
    with pytest.raises(AssociationRejectedError):
        site.open(old)
    assert [len([each for each in sets if each]) for sets in site.stored] == [2, 1]


def test_until_the_new_keys_are_used_the_old_ones_still_open_so_that_a_lost_answer_locks_nobody_out():
    site = Site()
    answer = site.pair.exchange

    def deaf(apdu):
        answer(apdu)

    site.pair.exchange = deaf
    with pytest.raises(LinkError):
        site.run(site.orders.transfer(NEW))
    assert site.ring.pending is not None
    site.open(site.ring.current)
    assert site.reads()
    site.open(site.ring.pending)
    assert site.reads()


def test_there_are_never_two_key_replacements_at_once():
    site = Site()
    site.run(site.orders.transfer(NEW))
    with pytest.raises(StateError, match="under way"):
        site.run(site.orders.transfer({KeyId.UNICAST: bytes(16)}))
    stranger = Rekeying(site.pair.client, KeyRing(site.ring.current))
    with pytest.raises(AccessRefusedError) as caught:
        site.run(stranger.transfer({KeyId.UNICAST: bytes(16)}))
    assert caught.value.code == 2
    assert stranger._ring.pending is None
    assert site.server_ring.pending.keys.encryption == NEW[KeyId.UNICAST]
    # The very same order again, because its answer was lost, changes nothing.
    site.run(Rekeying(site.pair.client, KeyRing(site.ring.current)).transfer(NEW))


def test_one_bad_key_among_several_leaves_all_as_they_were():
    site = Site()
    master = site.ring.current.keys.master
    good, bad = wrap_key(master, bytes(16)), bytearray(wrap_key(master, bytes(16)))
    bad[3] ^= 1
    longer = wrap_key(master, bytes(24))
    for octets in (bytes(bad), b"", good[:-1], longer):
        items = array([structure(enum(0), octet_string(good)), structure(enum(2), octet_string(octets))])
        with pytest.raises(AccessRefusedError):
            site.run(site.pair.client.act(SECURITY_SETUP, SECURITY_SETUP_OBIS, 2, items))
    for items in (
        array([]),
        array([structure(enum(1), octet_string(good))]),
        array([structure(enum(0), octet_string(good)), structure(enum(0), octet_string(good))]),
    ):
        with pytest.raises(AccessRefusedError):
            site.run(site.pair.client.act(SECURITY_SETUP, SECURITY_SETUP_OBIS, 2, items))
    assert (site.server_ring.pending, site.stored) == (None, [])
    assert site.server_ring.current.keys == keys(1)


def test_a_new_authentication_key_alone_goes_on_with_the_counters_of_its_encryption_key():
    site = Site()
    site.run(site.orders.transfer({KeyId.AUTHENTICATION: bytes(16)}))
    assert site.server_ring.pending.seen is site.server_ring.current.seen
    assert site.server_ring.pending.counter is site.server_ring.current.counter
    site.open(site.ring.pending)
    assert site.reads()


@pytest.mark.parametrize("suite", [1, 2])
def test_agreed_keys_are_the_same_on_both_sides_and_take_over(suite):
    site = Site(suite)
    which = [KeyId.UNICAST, KeyId.AUTHENTICATION, KeyId.MASTER]
    site.run(site.orders.agree(which, site.pair.settings.credentials, SERVER))
    staged = site.ring.pending.keys
    assert staged == site.server_ring.pending.keys
    assert len({staged.encryption, staged.authentication, staged.master, keys(suite).encryption}) == 4
    site.open(site.ring.pending)
    site.ring.confirm(site.ring.pending)
    assert site.reads()
    assert site.server_ring.current.keys == staged


def test_an_agreement_whose_answer_was_lost_can_be_made_again():
    site = Site()
    answer = site.pair.exchange

    def deaf(apdu):
        answer(apdu)

    site.pair.exchange = deaf
    with pytest.raises(LinkError):
        site.run(site.orders.agree([KeyId.UNICAST], site.pair.settings.credentials, SERVER))
    site.open()
    site.run(site.orders.agree([KeyId.UNICAST], site.pair.settings.credentials, SERVER))
    site.open(site.ring.pending)
    assert site.reads()


def test_a_half_that_another_signed_or_signed_for_another_key_agrees_nothing():
    site = Site()
    good = Offer(credentials(1, 10, 20), KeyId.UNICAST)
    forged = Offer(credentials(1, 30, 20), KeyId.UNICAST)
    moved = Offer(credentials(1, 10, 20), KeyId.AUTHENTICATION)
    flipped = bytes((good.octets[0] ^ 1,)) + good.octets[1:]
    for octets in (forged.octets, moved.octets, flipped, good.octets[:-1], b"", bytes(128)):
        items = array([structure(enum(0), octet_string(octets))])
        with pytest.raises(AccessRefusedError):
            site.run(site.pair.client.act(SECURITY_SETUP, SECURITY_SETUP_OBIS, 3, items))
    assert site.server_ring.pending is None
    with pytest.raises(AuthenticationError, match="authentication failed"):
        good.agree(good.octets, CLIENT, SERVER)


def test_an_offer_serves_once():
    client, server = Offer(credentials(1, 10, 20), 0), Offer(credentials(1, 20, 10, 8), 0)
    first = client.agree(server.octets, CLIENT, SERVER)
    assert first == server.agree(client.octets, CLIENT, SERVER)
    with pytest.raises(UsageError, match="once"):
        client.agree(server.octets, CLIENT, SERVER)


def test_a_policy_is_strengthened_from_the_next_request_on_and_never_weakened():
    site = Site(1, Policy.AUTHENTICATED)
    assert site.attribute(2).whole() == policy_bits(Policy.AUTHENTICATED)
    site.run(site.orders.strengthen(Policy.BOTH))
    with pytest.raises(ExceptionError):
        site.reads()
    site.pair.settings = replace(site.pair.settings, policy=Policy.BOTH)
    site.open()
    assert site.reads()
    for weaker in (Policy.NONE, Policy.AUTHENTICATED, Policy.ENCRYPTED):
        with pytest.raises(AccessRefusedError):
            site.run(site.orders.strengthen(weaker))
    assert site.attribute(2).whole() == policy_bits(Policy.BOTH)


@pytest.mark.parametrize("bits", [0x01, 0x02, 0x04, 0x20, 0x2C, 0xFF])
def test_a_policy_that_treats_requests_and_answers_differently_is_refused(bits):
    with pytest.raises(ApduError):
        policy_from(bits)


@pytest.mark.parametrize("policy", [0, 0x10, 0x20, 0x30, 0x100, 0x130])
def test_policy_bits_come_back(policy):
    assert policy_from(policy_bits(policy)) == policy


def test_attributes_tell_suite_and_titles_and_certificates():
    site = Site(2)
    assert site.attribute(3).whole() == 2
    assert (site.attribute(4).octets(), site.attribute(5).octets()) == (CLIENT, SERVER)
    (listed,) = site.attribute(6).items()
    assert listed.items(6)[0].whole() == CertificateEntity.AUTHORITY


@pytest.mark.parametrize("kind", [CertificateType.DIGITAL_SIGNATURE, CertificateType.KEY_AGREEMENT])
def test_a_new_key_pair_serves_only_once_its_certificate_is_there(kind):
    site = Site()
    before = site.server_ring.credentials
    site.run(site.orders.generate(kind))
    request = x509.load_der_x509_csr(site.run(site.orders.request(kind)))
    assert request.is_signature_valid
    assert request.subject == name(SERVER.hex().upper())
    assert site.server_ring.credentials == before
    der = certificate(request.public_key(), SERVER.hex().upper(), kind=kind)
    site.run(site.orders.import_certificate(der))
    after = site.server_ring.credentials
    changed = after.signing if kind is CertificateType.DIGITAL_SIGNATURE else after.agreement
    assert changed.public == certificate_from(der, P256).facts.public
    assert (after.signing == before.signing) == (kind is CertificateType.KEY_AGREEMENT)
    assert site.setup.holdings.fresh == {}
    assert site.kept[-1] == (site.setup.holdings, after)
    assert site.run(site.orders.export(CertificateEntity.SERVER, kind, SERVER)) == der
    read = certificate_from(der, P256)
    assert site.run(site.orders.export_by_serial(read.facts.serial, read.facts.issuer)) == der


def test_a_clients_certificate_brings_its_key_and_takes_it_away_again():
    site = Site()
    kind = CertificateType.DIGITAL_SIGNATURE
    new = key_pair(1, 12)
    site.run(site.orders.import_certificate(certificate(new.public.key, CLIENT.hex(), kind=kind)))
    assert site.server_ring.credentials.peer_signing == new.public
    newer = key_pair(1, 13)
    site.run(site.orders.import_certificate(certificate(newer.public.key, CLIENT.hex(), kind=kind, serial=8)))
    assert site.server_ring.credentials.peer_signing == newer.public
    assert len(site.setup.holdings.certificates) == 2, "a newer one of the same owner and kind replaces the older"
    site.run(site.orders.remove(CertificateEntity.CLIENT, kind, CLIENT))
    assert site.server_ring.credentials.peer_signing is None
    with pytest.raises(AccessRefusedError):
        site.run(site.orders.export(CertificateEntity.CLIENT, kind, CLIENT))


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ("another authority's key", {"by": key_pair(1, 98)}),
        ("an unknown issuer", {"issuer": "Nobody"}),
        ("not yet valid", {"days": (1, 2)}),
        ("no longer valid", {"days": (-3, -1)}),
    ],
)
def test_a_certificate_that_no_known_authority_vouches_for_now_is_refused(how, wrong):
    site = Site()
    before = site.server_ring.credentials
    der = certificate(key_pair(1, 12).public.key, CLIENT.hex(), kind=CertificateType.DIGITAL_SIGNATURE, **wrong)
    with pytest.raises(AccessRefusedError):
        site.run(site.orders.import_certificate(der))
    assert site.server_ring.credentials == before, how
    assert site.setup.holdings.certificates == (ROOT,)


def test_a_certificate_for_us_of_a_key_that_is_not_ours_is_refused():
    site = Site()
    der = certificate(key_pair(1, 50).public.key, SERVER.hex(), kind=CertificateType.DIGITAL_SIGNATURE)
    with pytest.raises(AccessRefusedError):
        site.run(site.orders.import_certificate(der))
    assert site.kept == []


def test_every_flipped_bit_of_a_certificate_is_refused():
    der = certificate(key_pair(1, 12).public.key, CLIENT.hex(), kind=CertificateType.DIGITAL_SIGNATURE)
    for bit in range(8 * len(der)):
        flipped = bytearray(der)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((ApduError, AuthenticationError)):
            issued_by_one_of(certificate_from(bytes(flipped), P256), [ROOT], NOW)
    issued_by_one_of(certificate_from(der, P256), [ROOT], NOW)
    with pytest.raises(AuthenticationError, match="not valid now"):
        issued_by_one_of(certificate_from(der, P256), [ROOT], Instant(NOW + 366 * 86_400_000))


def test_suite_0_transfers_keys_and_refuses_what_needs_a_curve():
    site = Site(0)
    for procedure in (
        site.orders.generate(CertificateType.DIGITAL_SIGNATURE),
        site.orders.request(CertificateType.DIGITAL_SIGNATURE),
        site.orders.import_certificate(b"0"),
    ):
        with pytest.raises(AccessRefusedError):
            site.run(procedure)
