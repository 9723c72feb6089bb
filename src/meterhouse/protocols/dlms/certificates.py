"""Certificates of meters and head ends: whose, what for, and whether to believe them (IEC 62056-5-3 §9.2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from meterhouse.crypto import CertificateFacts, Curve, KeyPair, read_certificate, request_certificate, was_issued_by
from meterhouse.model import AuthenticationError, Instant, MalformedError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.protection import TITLE_LENGTH

__all__ = [
    "Certificate",
    "CertificateEntity",
    "CertificateType",
    "certificate_from",
    "certificate_request",
    "issued_by_one_of",
]


class CertificateType(IntEnum):
    """What a certificate's key is for."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


class CertificateEntity(IntEnum):
    """Whose certificate it is."""

    SERVER = 0
    CLIENT = 1
    AUTHORITY = 2
    OTHER = 3


_TYPES = {
    (True, False): CertificateType.DIGITAL_SIGNATURE,
    (False, True): CertificateType.KEY_AGREEMENT,
    (True, True): CertificateType.TLS,
    (False, False): CertificateType.OTHER,
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that decodes, in DLMS's words.

    Attributes:
        facts: all that it says.
        type: by its key usage; an authority's is OTHER.
        title: system title, out of a common name of 16 hexadecimal digits; empty where that is another.
    """

    facts: CertificateFacts
    type: CertificateType
    title: bytes


def certificate_from(der: bytes, curve: Curve) -> Certificate:
    """The certificate in `der`.

    Raises:
        ApduError: not one certificate, too long, or its key is not on `curve`.
    """
    try:
        facts = read_certificate(der, curve)
    except MalformedError as error:
        raise ApduError(error.what) from error
    kind = CertificateType.OTHER if facts.authority else _TYPES[facts.signs, facts.agrees]
    try:
        title = bytes.fromhex(facts.common_name)
    except ValueError:
        title = b""
    named = len(title) == TITLE_LENGTH and title.hex() == facts.common_name.lower()
    return Certificate(facts, kind, title if named else b"")


def issued_by_one_of(certificate: Certificate, authorities: Iterable[Certificate], now: Instant) -> None:
    """Believe a certificate that a known authority signed, and that is valid now, like the authority itself.

    Revocation lists are not read: a certificate that must go is removed.

    Raises:
        AuthenticationError: none of them signed it, or it is not valid now.
    """
    if not certificate.facts.begins <= now <= certificate.facts.ends:
        raise AuthenticationError("certificate is not valid now")
    valid = [each.facts for each in authorities if each.facts.begins <= now <= each.facts.ends]
    if not any(was_issued_by(certificate.facts, each) for each in valid):
        raise AuthenticationError("certificate is not from a known authority")


def certificate_request(pair: KeyPair, title: bytes, kind: CertificateType) -> bytes:
    """A PKCS#10 request in DER for `pair`, under the common name that is the system title in hexadecimal."""
    return request_certificate(pair, title.hex().upper(), agreement=kind is CertificateType.KEY_AGREEMENT)
