"""The security setup, class 64: policy, key transfer, key agreement, certificates (IEC 62056-6-2 §4.4.7, version 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from meterhouse.crypto import Curve, KeyPair, unwrap_key
from meterhouse.model import Instant, MalformedError, StateError
from meterhouse.protocols.dlms.certificates import (
    Certificate,
    CertificateEntity,
    CertificateType,
    certificate_from,
    certificate_request,
    issued_by_one_of,
)
from meterhouse.protocols.dlms.credentials import Credentials, Offer
from meterhouse.protocols.dlms.data import CosemData, array, enum, octet_string, structure
from meterhouse.protocols.dlms.errors import AccessRefusedError, ActionResult, ApduError
from meterhouse.protocols.dlms.interfaces import SECURITY_SETUP
from meterhouse.protocols.dlms.key_ring import KeyRing
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import ServerObject
from meterhouse.protocols.dlms.protection import Keys, Policy

__all__ = ["SECURITY_SETUP_OBIS", "Holdings", "KeyId", "SecuritySetup", "key_items", "policy_bits", "policy_from"]

SECURITY_SETUP_OBIS: Final = Obis(bytes((0, 0, 43, 0, 0, 255)))
_MAX_KEYS: Final = 4
_MAX_CERTIFICATES: Final = 16
_BITS: Final = ((Policy.AUTHENTICATED, 0x24), (Policy.ENCRYPTED, 0x48), (Policy.SIGNED, 0x90))


class KeyId(IntEnum):
    """Which symmetric key a method of class 64 is about."""

    UNICAST = 0
    BROADCAST = 1
    AUTHENTICATION = 2
    MASTER = 3


def policy_bits(policy: int) -> int:
    """Attribute 2 (version 1): bits 2 to 4 for requests, 5 to 7 for responses; ours are always the same for both."""
    return sum(bits for each, bits in _BITS if policy & each)


def policy_from(bits: int) -> Policy:
    """The policy in attribute 2.

    Raises:
        ApduError: unknown bits, or requests and responses differ.
    """
    policy = Policy.NONE
    for each, both in _BITS:
        if bits & both == both:
            policy |= each
            bits &= ~both
    if bits:
        raise ApduError(f"security policy has {bits:02X} left over: not for requests and responses alike")
    return policy


def key_items(data: CosemData) -> list[tuple[KeyId, bytes]]:
    """The (key id, octets) pairs that key_transfer and key_agreement take and give.

    Raises:
        ApduError: another shape, a key twice, none, or a broadcast key.
    """
    items: list[tuple[KeyId, bytes]] = []
    for item in data.items():
        which, octets = item.items(2)
        if which.whole() not in {KeyId.UNICAST, KeyId.AUTHENTICATION, KeyId.MASTER}:
            raise ApduError(f"key {which.whole()} is not one that can be replaced here")
        items.append((KeyId(which.whole()), octets.octets()))
    if not 0 < len(items) <= _MAX_KEYS or len({which for which, _ in items}) != len(items):
        raise ApduError("no keys at all, or one of them twice")
    return items


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the store keeps beside the key ring. Changed only as a whole.

    Attributes:
        certificates: those that were imported, or put in by the maker; the authorities among them are trusted.
        fresh: key pairs that wait for their certificate, by certificate type.
    """

    certificates: tuple[Certificate, ...] = ()
    fresh: dict[int, KeyPair] = field(default_factory=dict, repr=False)


class SecuritySetup:
    """The store of a class 64 object for one client.

    Nothing that it changes touches an association that is open, but the policy, which counts from the next request.

    Args:
        ring: the client's keys, policy and credentials.
        client_title: the client's system title.
        server_title: ours.
        entropy: random bytes for key pairs.
        holdings: certificates, and pairs that wait for one.
        keep: told the new holdings and credentials before they take effect, to store them together; None where nothing
            is stored.
    """

    __slots__ = ("_client", "_entropy", "_keep", "_server", "holdings", "ring")

    def __init__(
        self,
        ring: KeyRing,
        client_title: bytes,
        server_title: bytes,
        entropy: Callable[[int], bytes],
        holdings: Holdings | None = None,
        keep: Callable[[Holdings, Credentials | None], None] | None = None,
    ) -> None:
        self.ring = ring
        self._client = client_title
        self._server = server_title
        self._entropy = entropy
        self.holdings = holdings or Holdings()
        self._keep = keep

    def server_object(self, obis: Obis = SECURITY_SETUP_OBIS) -> ServerObject:
        """The object, for a logical device."""
        return ServerObject(
            SECURITY_SETUP,
            obis,
            read={
                2: lambda _selection, _now: enum(policy_bits(self.ring.policy)),
                3: lambda _selection, _now: enum(self.ring.current.keys.suite),
                4: lambda _selection, _now: octet_string(self._client),
                5: lambda _selection, _now: octet_string(self._server),
                6: lambda _selection, _now: array(self._listed(each) for each in self.holdings.certificates),
            },
            invoke={
                1: self._activate,
                2: self._transfer,
                3: self._agree,
                4: self._generate,
                5: self._request,
                6: self._import,
                7: self._export,
                8: self._remove,
            },
        )

    def _activate(self, data: CosemData, _now: Instant) -> None:
        policy = policy_from(data.whole())
        weaker = self.ring.policy & ~policy
        unable = policy & Policy.SIGNED and self.ring.credentials is None
        if weaker or unable:
            raise AccessRefusedError(ActionResult.READ_WRITE_DENIED, "a weaker policy, or one without its keys,")
        self.ring.strengthen(policy)

    def _transfer(self, data: CosemData, _now: Instant) -> None:
        keys = self.ring.current.keys
        if not keys.master:
            raise AccessRefusedError(ActionResult.OBJECT_UNAVAILABLE, "key transfer without a master key")
        # All are unwrapped before any is taken: a wrong one leaves everything as it was.
        self._stage({which: unwrap_key(keys.master, wrapped) for which, wrapped in key_items(data)}, agreed=False)

    def _agree(self, data: CosemData, _now: Instant) -> CosemData:
        credentials = self._credentials()
        fresh: dict[KeyId, bytes] = {}
        answers: list[CosemData] = []
        for which, octets in key_items(data):
            offer = Offer(credentials, which)
            fresh[which] = offer.agree(octets, self._client, self._server, wrapping=which is KeyId.MASTER)
            answers.append(structure(enum(which), octet_string(offer.octets)))
        self._stage(fresh, agreed=True)
        return array(answers)

    def _stage(self, fresh: dict[KeyId, bytes], *, agreed: bool) -> None:
        keys = self.ring.current.keys
        if any(len(key) != len(keys.encryption) for key in fresh.values()):
            raise ApduError("a key of another length than the suite's")
        new = Keys(
            fresh.get(KeyId.UNICAST, keys.encryption),
            fresh.get(KeyId.AUTHENTICATION, keys.authentication),
            keys.suite,
            fresh.get(KeyId.MASTER, keys.master),
        )
        try:
            self.ring.stage(new, agreed=agreed)
        except StateError as error:
            raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE, "a second key replacement") from error

    def _credentials(self) -> Credentials:
        if self.ring.credentials is None or self.ring.credentials.suite == 0:
            raise AccessRefusedError(ActionResult.OBJECT_UNAVAILABLE, "a method of suites 1 and 2")
        return self.ring.credentials

    def _curve(self) -> Curve:
        return self._credentials().curve

    def _generate(self, data: CosemData, _now: Instant) -> None:
        kind = _kind(data)
        self._hold(replace(self.holdings, fresh={**self.holdings.fresh, kind: self._pair()}), self._credentials())

    def _pair(self) -> KeyPair:
        return KeyPair.generate(self._curve(), self._entropy)

    def _request(self, data: CosemData, _now: Instant) -> CosemData:
        kind = _kind(data)
        credentials = self._credentials()
        own = credentials.signing if kind is CertificateType.DIGITAL_SIGNATURE else credentials.agreement
        pair = self.holdings.fresh.get(kind, own)
        if pair is None:
            raise AccessRefusedError(ActionResult.OBJECT_UNAVAILABLE, "a request for a key pair that is not there")
        return octet_string(certificate_request(pair, self._server, kind))

    def _import(self, data: CosemData, now: Instant) -> None:
        certificate = certificate_from(data.octets(), self._curve())
        known = self.holdings.certificates
        issued_by_one_of(certificate, [each for each in known if each.facts.authority], now)
        if any(each.facts.der == certificate.facts.der for each in known):
            return
        if len(known) >= _MAX_CERTIFICATES:
            raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE, "one certificate more than there is room for")
        credentials, fresh = self._credentials(), dict(self.holdings.fresh)
        if certificate.title == self._server:
            credentials = _with_own(credentials, fresh, certificate)
        elif certificate.title == self._client and not certificate.facts.authority:
            credentials = _with_peer(credentials, certificate)
        kept = tuple(each for each in known if not _replaces(certificate, each))
        self._hold(Holdings((*kept, certificate), fresh), credentials)

    def _export(self, data: CosemData, _now: Instant) -> CosemData:
        return octet_string(self._found(data).facts.der)

    def _remove(self, data: CosemData, _now: Instant) -> None:
        certificate = self._found(data)
        credentials = self._credentials()
        public, has = certificate.facts.public, credentials
        left = replace(
            credentials,
            signing=None if has.signing and has.signing.public == public else has.signing,
            agreement=None if has.agreement and has.agreement.public == public else has.agreement,
            peer_signing=None if has.peer_signing == public else has.peer_signing,
            peer_agreement=None if has.peer_agreement == public else has.peer_agreement,
        )
        kept = tuple(each for each in self.holdings.certificates if each is not certificate)
        self._hold(replace(self.holdings, certificates=kept), left)

    def _hold(self, holdings: Holdings, credentials: Credentials) -> None:
        if self._keep is not None:
            self._keep(holdings, credentials)
        self.holdings, self.ring.credentials = holdings, credentials

    def _entity(self, certificate: Certificate) -> CertificateEntity:
        if certificate.facts.authority:
            return CertificateEntity.AUTHORITY
        if certificate.title == self._server:
            return CertificateEntity.SERVER
        return CertificateEntity.CLIENT if certificate.title else CertificateEntity.OTHER

    def _listed(self, each: Certificate) -> CosemData:
        return structure(
            enum(self._entity(each)),
            enum(each.type),
            octet_string(each.facts.serial),
            octet_string(each.facts.issuer),
            octet_string(each.facts.subject),
            octet_string(b""),
        )

    def _found(self, data: CosemData) -> Certificate:
        """By entity, type and system title, or by serial number and issuer."""
        by, identification = data.items(2)
        if by.whole() == 0:
            entity, kind, title = identification.items(3)
            wanted = (entity.whole(), kind.whole(), title.octets())
            found = [
                each for each in self.holdings.certificates if (self._entity(each), each.type, each.title) == wanted
            ]
        elif by.whole() == 1:
            serial, issuer = identification.items(2)
            key = (serial.octets(), issuer.octets())
            found = [each for each in self.holdings.certificates if (each.facts.serial, each.facts.issuer) == key]
        else:
            raise ApduError(f"certificate identification {by.whole()} is neither 0 nor 1")
        if not found:
            raise AccessRefusedError(ActionResult.OBJECT_UNAVAILABLE, "a certificate that is not here")
        return found[-1]


def _kind(data: CosemData) -> CertificateType:
    value = data.whole()
    if value not in {CertificateType.DIGITAL_SIGNATURE, CertificateType.KEY_AGREEMENT}:
        raise ApduError(f"key pairs of type {value} are not made here")
    return CertificateType(value)


def _replaces(new: Certificate, old: Certificate) -> bool:
    end = bool(new.title) and not new.facts.authority
    return end and not old.facts.authority and (old.title, old.type) == (new.title, new.type)


def _with_own(credentials: Credentials, fresh: dict[int, KeyPair], certificate: Certificate) -> Credentials:
    """Take the pair that waited for this certificate, or the one in force, and no other."""
    signing = certificate.type is CertificateType.DIGITAL_SIGNATURE
    own = credentials.signing if signing else credentials.agreement
    pair = fresh.get(certificate.type)
    if pair is not None and pair.public == certificate.facts.public:
        del fresh[certificate.type]
        return replace(credentials, signing=pair) if signing else replace(credentials, agreement=pair)
    if own is None or own.public != certificate.facts.public:
        raise MalformedError("the certificate is of a key that is not here")
    return credentials


def _with_peer(credentials: Credentials, certificate: Certificate) -> Credentials:
    if certificate.type is CertificateType.DIGITAL_SIGNATURE:
        return replace(credentials, peer_signing=certificate.facts.public)
    if certificate.type is CertificateType.KEY_AGREEMENT:
        return replace(credentials, peer_agreement=certificate.facts.public)
    return credentials
