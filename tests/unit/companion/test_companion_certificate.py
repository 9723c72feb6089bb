"""A certificate speaks for one EUI-64 in one role of one domain, under one root, in its time, for one purpose."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.companion.certificate import (
    CertifiedRole,
    Domain,
    dns_domain,
    dns_name,
    identity_of,
    identity_on_chain,
)
from meterhouse.crypto import P256, KeyPair, PublicPoint, Purpose, Template, certify, certify_root
from meterhouse.model import DAY, AuthenticationError, Eui64, Instant, MalformedError, parse_instant

NOW = parse_instant("2026-11-21T05:30:00Z")
BEGINS, ENDS = Instant(NOW - DAY), Instant(NOW + 30 * DAY)
METER = Eui64.parse("00DB1234567890A1")


def entropy(size: int) -> bytes:
    return sha256(b"serial").digest()[:size]


def pair(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


ROOT = certify_root(pair("root"), Template("root", "", "", Purpose.ISSUE, BEGINS, ENDS), entropy)


def issuer(name: str, *domains: Domain) -> bytes:
    permitted = tuple(map(dns_domain, domains))
    template = Template(name, "", "", Purpose.ISSUE, BEGINS, ENDS, permitted)
    return certify(ROOT, pair("root"), template, pair(name).public, entropy)


DEVICES = issuer("devices", Domain.UTILITY)


def leaf(
    role: CertifiedRole = CertifiedRole.ELECTRICITY_METER,
    purpose: Purpose = Purpose.SIGN,
    *,
    name: str = "",
    ends: Instant = ENDS,
    by: bytes = DEVICES,
    key: str = "devices",
    public: PublicPoint | None = None,
    told: str = "",
) -> bytes:
    template = Template("x", name or dns_name(METER, role), told or role.value, purpose, BEGINS, ends)
    return certify(by, pair(key), template, public or pair("meter").public, entropy)


def test_a_device_is_believed_under_the_root():
    identity = identity_on_chain(leaf(), [DEVICES], [ROOT], Purpose.SIGN, NOW)
    assert (identity.eui, identity.role, identity.domain) == (METER, CertifiedRole.ELECTRICITY_METER, Domain.UTILITY)
    assert identity.certified.public == pair("meter").public


def test_one_function_reads_identity_and_role_for_a_tls_link():
    assert identity_of(leaf(CertifiedRole.HUB, Purpose.TLS)) == (METER, "hub")
    with pytest.raises(MalformedError):
        identity_of(leaf(CertifiedRole.HUB, Purpose.SIGN))


@pytest.mark.parametrize("wanted", [Purpose.SIGN, Purpose.AGREE, Purpose.TLS])
@pytest.mark.parametrize("purpose", [Purpose.SIGN, Purpose.AGREE, Purpose.TLS])
def test_a_key_for_one_purpose_is_good_for_no_other(purpose: Purpose, wanted: Purpose):
    certificate = leaf(purpose=purpose)
    if purpose is wanted:
        assert identity_on_chain(certificate, [DEVICES], [ROOT], wanted, NOW).certified.purpose is wanted
    else:
        with pytest.raises(AuthenticationError):
            identity_on_chain(certificate, [DEVICES], [ROOT], wanted, NOW)


def test_an_issuer_of_devices_cannot_make_a_supplier():
    supplier = leaf(CertifiedRole.SUPPLIER)
    with pytest.raises(AuthenticationError):
        identity_on_chain(supplier, [DEVICES], [ROOT], Purpose.SIGN, NOW)
    disguised = leaf(told="supplier")
    with pytest.raises(AuthenticationError):
        identity_on_chain(disguised, [DEVICES], [ROOT], Purpose.SIGN, NOW)
    with pytest.raises(MalformedError):
        identity_of(disguised, Purpose.SIGN)


def test_an_issuer_for_the_consumers_network_cannot_make_a_meter():
    consumer = issuer("consumer", Domain.CONSUMER, Domain.THIRD_PARTY)
    fridge = leaf(CertifiedRole.CONSUMER_DEVICE, by=consumer, key="consumer")
    assert identity_on_chain(fridge, [consumer], [ROOT], Purpose.SIGN, NOW).domain is Domain.CONSUMER
    for role in (CertifiedRole.ELECTRICITY_METER, CertifiedRole.HUB, CertifiedRole.GAS_METER):
        with pytest.raises(AuthenticationError):
            identity_on_chain(leaf(role, by=consumer, key="consumer"), [consumer], [ROOT], Purpose.SIGN, NOW)


def test_a_certificate_is_believed_only_in_its_time():
    short = leaf(ends=Instant(NOW + DAY))
    identity_on_chain(short, [DEVICES], [ROOT], Purpose.SIGN, NOW)
    for at in (Instant(NOW + DAY + 1000), Instant(NOW - 2 * DAY)):
        with pytest.raises(AuthenticationError):
            identity_on_chain(short, [DEVICES], [ROOT], Purpose.SIGN, at)


def test_another_root_a_missing_issuer_and_a_device_as_issuer_are_not_believed():
    stranger = certify_root(pair("stranger"), Template("root", "", "", Purpose.ISSUE, BEGINS, ENDS), entropy)
    below = certify(
        leaf(), pair("meter"), Template("x", dns_name(METER, CertifiedRole.HUB), "hub", Purpose.SIGN, BEGINS, ENDS),
        pair("other").public, entropy,
    )  # fmt: skip
    for chain in (
        (leaf(), [DEVICES], [stranger]),
        (leaf(), [], [ROOT]),
        (leaf(), [DEVICES], []),
        (below, [leaf(), DEVICES], [ROOT]),
        (leaf(key="stranger"), [DEVICES], [ROOT]),
    ):
        with pytest.raises(AuthenticationError):
            identity_on_chain(*chain, Purpose.SIGN, NOW)


def test_two_names_in_one_certificate_are_none():
    with pytest.raises(MalformedError):
        identity_of(leaf(name=f"junk.{dns_domain(Domain.UTILITY)}"), Purpose.SIGN)


@settings(max_examples=300)
@given(st.integers(0, 700), st.integers(0, 255), st.integers(0, 60))
def test_whatever_is_changed_in_a_certificate_it_is_refused_in_one_way(place: int, value: int, cut: int):
    good = leaf()
    bad = bytearray(good)
    bad[place % len(bad)] = value
    octets = bytes(bad)[: len(bad) - cut] if place % 3 == 0 else bytes(bad)
    if octets == good:
        return
    with pytest.raises((MalformedError, AuthenticationError)):
        identity_on_chain(octets, [DEVICES], [ROOT], Purpose.SIGN, NOW)
