"""X.509 certificates and PKCS#10 requests on the two curves (RFC 5280, RFC 2986), as facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from meterhouse.crypto.curves import Curve, KeyPair, PublicPoint
from meterhouse.model import Instant, MalformedError

__all__ = ["MAX_CERTIFICATE", "CertificateFacts", "read_certificate", "request_certificate", "was_issued_by"]

MAX_CERTIFICATE: Final = 4096
"""A longer certificate is refused, bytes."""

_UNREADABLE: Final = (
    ValueError,
    OverflowError,
    UnsupportedAlgorithm,
    CryptographyDeprecationWarning,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says; whether it is to be believed is another question.

    Attributes:
        der: as it came.
        public: its key.
        signs: its key may sign.
        agrees: its key may agree keys.
        authority: it may issue others.
        common_name: of the subject; empty where there is not exactly one.
        serial: serial number, above 0, as few bytes as it takes.
        issuer: distinguished name, DER.
        subject: distinguished name, DER.
        begins: first instant of its validity.
        ends: last instant.
    """

    der: bytes
    public: PublicPoint = field(repr=False)
    signs: bool
    agrees: bool
    authority: bool
    common_name: str
    serial: bytes
    issuer: bytes
    subject: bytes
    begins: Instant
    ends: Instant


def _usage(certificate: x509.Certificate) -> tuple[bool, bool, bool]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False, False, False
    try:
        ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        ca = False
    return usage.digital_signature, usage.key_agreement, ca and usage.key_cert_sign


def read_certificate(der: bytes, curve: Curve) -> CertificateFacts:
    """The one certificate that fills `der`.

    Raises:
        MalformedError: not one, too long, its serial number is not above 0, or its key is not on `curve`.
    """
    if len(der) > MAX_CERTIFICATE:
        raise MalformedError(f"a certificate of {len(der)} bytes is longer than {MAX_CERTIFICATE}")
    try:
        certificate = x509.load_der_x509_certificate(der)
        signs, agrees, authority = _usage(certificate)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        serial = certificate.serial_number
        # The reader passes over the count of unused bits before the signature, which no signature vouches for.
        if serial <= 0 or not der.endswith(b"\x00" + certificate.signature):
            raise MalformedError("a certificate whose serial number or signature is not written as it must be")
        return CertificateFacts(
            der,
            PublicPoint.of(curve, certificate.public_key()),
            signs,
            agrees,
            authority,
            str(names[0].value) if len(names) == 1 else "",
            serial.to_bytes((serial.bit_length() + 7) // 8, "big"),
            certificate.issuer.public_bytes(),
            certificate.subject.public_bytes(),
            Instant(int(certificate.not_valid_before_utc.timestamp()) * 1000),
            Instant(int(certificate.not_valid_after_utc.timestamp()) * 1000),
        )
    except _UNREADABLE as error:
        raise MalformedError("not an X.509 certificate that can be used here") from error


def was_issued_by(certificate: CertificateFacts, authority: CertificateFacts) -> bool:
    """Whether `authority`, by name and signature, issued `certificate`. Says nothing about time or revocation."""
    if not authority.authority or authority.subject != certificate.issuer:
        return False
    issuer = x509.load_der_x509_certificate(authority.der)
    try:
        x509.load_der_x509_certificate(certificate.der).verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def request_certificate(pair: KeyPair, common_name: str, *, agreement: bool) -> bytes:
    """A PKCS#10 request in DER for `pair`, for key agreement or else for signatures; itself signed without dice."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
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
