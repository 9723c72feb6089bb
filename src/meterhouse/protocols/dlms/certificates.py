"""X.509 certificates of meters and head ends, and requests for them (IEC 62056-5-3 §9.2.6; RFC 5280, RFC 2986)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from meterhouse.crypto import Curve, KeyPair, PublicPoint
from meterhouse.model import AuthenticationError, Instant
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.protection import TITLE_LENGTH

__all__ = [
    "MAX_CERTIFICATE",
    "Certificate",
    "CertificateEntity",
    "CertificateType",
    "certificate_from",
    "certificate_request",
    "issued_by_one_of",
]

MAX_CERTIFICATE: Final = 4096
"""A longer certificate is refused, bytes."""


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


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that decodes; whether it is to be believed is another question.

    Attributes:
        der: as it came.
        public: its key.
        type: by its key usage.
        authority: whether it may issue others.
        title: system title, out of a common name of 16 hexadecimal digits; empty where that is another.
        serial: serial number, as few bytes as it takes.
        issuer: distinguished name, DER.
        subject: distinguished name, DER.
        begins: first instant of its validity.
        ends: last instant.
    """

    der: bytes
    public: PublicPoint = field(repr=False)
    type: CertificateType
    authority: bool
    title: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    begins: Instant
    ends: Instant


def _usage(certificate: x509.Certificate) -> tuple[CertificateType, bool]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return CertificateType.OTHER, False
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        authority = constraints.ca and usage.key_cert_sign
    except x509.ExtensionNotFound:
        authority = False
    if authority:
        return CertificateType.OTHER, True
    if usage.digital_signature and usage.key_agreement:
        return CertificateType.TLS, False
    if usage.digital_signature:
        return CertificateType.DIGITAL_SIGNATURE, False
    return (CertificateType.KEY_AGREEMENT if usage.key_agreement else CertificateType.OTHER), False


def _title(name: x509.Name) -> bytes:
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(names[0].value) if len(names) == 1 else ""
    try:
        title = bytes.fromhex(text) if len(text) == 2 * TITLE_LENGTH else b""
    except ValueError:
        return b""
    return title if len(title) == TITLE_LENGTH else b""


def certificate_from(der: bytes, curve: Curve) -> Certificate:
    """The certificate in `der`.

    Raises:
        ApduError: not one certificate, too long, or its key is not on `curve`.
    """
    if len(der) > MAX_CERTIFICATE:
        raise ApduError(f"a certificate of {len(der)} bytes is longer than {MAX_CERTIFICATE}")
    try:
        certificate = x509.load_der_x509_certificate(der)
        kind, authority = _usage(certificate)
        public = PublicPoint.of(curve, certificate.public_key())
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        serial = certificate.serial_number
        return Certificate(
            der,
            public,
            kind,
            authority,
            _title(certificate.subject),
            serial.to_bytes(max((serial.bit_length() + 7) // 8, 1), "big"),
            certificate.issuer.public_bytes(),
            certificate.subject.public_bytes(),
            Instant(int(begins.timestamp()) * 1000),
            Instant(int(ends.timestamp()) * 1000),
        )
    except (ValueError, OverflowError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        raise ApduError("not an X.509 certificate that can be used here") from error


def issued_by_one_of(certificate: Certificate, authorities: Iterable[Certificate], now: Instant) -> None:
    """Believe a certificate that a known authority signed, and that is valid now, like the authority itself.

    Raises:
        AuthenticationError: none of them signed it, or it is not valid now.
    """
    if not certificate.begins <= now <= certificate.ends:
        raise AuthenticationError("certificate is not valid now")
    loaded = x509.load_der_x509_certificate(certificate.der)
    for each in authorities:
        if each.authority and each.subject == certificate.issuer and each.begins <= now <= each.ends:
            try:
                loaded.verify_directly_issued_by(x509.load_der_x509_certificate(each.der))
            except (InvalidSignature, ValueError, TypeError):
                continue
            return
    raise AuthenticationError("certificate is not from a known authority")


def certificate_request(pair: KeyPair, title: bytes, kind: CertificateType) -> bytes:
    """A PKCS#10 request in DER for `pair`, under the common name that is the system title in hexadecimal."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title.hex().upper())])
    agreement = kind is CertificateType.KEY_AGREEMENT
    usage = x509.KeyUsage(
        digital_signature=not agreement,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(usage, critical=True)
    return builder.sign(pair.key, pair.curve.hash, ecdsa_deterministic=True).public_bytes(Encoding.DER)
