"""Issuing X.509 certificates on P-256 for a private hierarchy, and verifying chains of them (RFC 5280 §4, §6).

A certificate of this hierarchy names its subject once, as a DNS name, so that name constraints of issuers hold for it;
says its role in a private extension; and is good for one purpose only. Names and roles mean nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from meterhouse.crypto.curves import P256, KeyPair, PublicPoint
from meterhouse.crypto.x509 import MAX_CERTIFICATE, read_certificate
from meterhouse.model import AuthenticationError, Instant, MalformedError, MeterhouseError

__all__ = ["Certified", "Purpose", "Template", "certify", "certify_root", "read_certified", "verify_chain"]

_ARC: Final = "2.25.166315643585637064215757072654171544593"
"""Of a UUID that was drawn for this house: nobody has to hand such arcs out (ITU-T X.667)."""
_ROLE: Final = x509.ObjectIdentifier(f"{_ARC}.1")
"""The role."""
_SEALED_MESSAGES: Final = x509.ObjectIdentifier(f"{_ARC}.2")
"""Extended key usage of keys that are not for TLS."""
_SERIAL: Final = 16
_UTF8: Final = 0x0C
_LONGEST_CHAIN: Final = 2
"""Issuers between a certificate and the root, with the root."""
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)


class Purpose(StrEnum):
    """What a key may do; each has a certificate of its own."""

    ISSUE = "issue"
    SIGN = "sign"
    AGREE = "agree"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Template:
    """What a certificate is to say.

    Attributes:
        common_name: of the subject.
        dns_name: its one name in the subject alternative name; empty for an issuer.
        role: in the private extension; empty for an issuer.
        purpose: of its key.
        begins: first instant of its validity; whole seconds are kept.
        ends: last instant.
        permitted: DNS domains that an issuer may issue for; empty for none but issuers.
    """

    common_name: str
    dns_name: str
    role: str
    purpose: Purpose
    begins: Instant
    ends: Instant
    permitted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate of the hierarchy says; believed only where `verify_chain` gave it.

    Attributes:
        der: as it came.
        public: its key.
        dns_name: its subject.
        role: of the private extension.
        purpose: of its key.
        serial: 16 bytes or fewer.
        begins: first instant of its validity.
        ends: last instant.
    """

    der: bytes
    public: PublicPoint
    dns_name: str
    role: str
    purpose: Purpose
    serial: bytes
    begins: Instant
    ends: Instant


def certify_root(pair: KeyPair, template: Template, entropy: Callable[[int], bytes]) -> bytes:
    """A root's own certificate, DER."""
    return _built(template, pair.public, pair, None, entropy)


def certify(
    issuer: bytes, issuing: KeyPair, template: Template, public: PublicPoint, entropy: Callable[[int], bytes]
) -> bytes:
    """A certificate for a key, DER.

    Args:
        issuer: the issuer's certificate, DER.
        issuing: its key.
        template: what it is to say.
        public: the key that is certified.
        entropy: for the serial number.
    """
    return _built(template, public, issuing, x509.load_der_x509_certificate(issuer), entropy)


def read_certified(der: bytes) -> Certified:
    """A certificate of the hierarchy that is no issuer's; nothing of it is believed yet.

    Raises:
        MalformedError: no certificate, or not one of that form.
    """
    facts = read_certificate(der, P256)
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        told = extensions.get_extension_for_oid(_ROLE).value
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, *_UNREADABLE) as error:
        raise MalformedError("the certificate is none of this hierarchy", why="It has no name, role or use.") from error
    dns_names = names.get_values_for_type(x509.DNSName)
    if len(names) != 1 or len(dns_names) != 1 or facts.authority:
        raise MalformedError("the certificate does not name one subject")
    assert isinstance(told, x509.UnrecognizedExtension)
    return Certified(
        der,
        facts.public,
        dns_names[0],
        _role_of(told.value),
        _purpose(usage, signs=facts.signs, agrees=facts.agrees),
        facts.serial,
        facts.begins,
        facts.ends,
    )


def verify_chain(
    der: bytes, issuers: Sequence[bytes], roots: Iterable[bytes], purpose: Purpose, now: Instant
) -> Certified:
    """A certificate, believed: issued under one of the roots, in time, within the issuers' name constraints.

    Args:
        der: the certificate.
        issuers: certificates between it and a root.
        roots: what is trusted from the beginning.
        purpose: what its key is wanted for.
        now: the instant at which it is used. Whether it was revoked is another's to ask.

    Raises:
        MalformedError: not a certificate of this hierarchy.
        AuthenticationError: not to be believed, and why.
    """
    if max(len(each) for each in (der, *issuers)) > MAX_CERTIFICATE:
        raise MalformedError(f"a certificate is longer than {MAX_CERTIFICATE} bytes")
    certified = read_certified(der)
    if certified.purpose is not purpose:
        raise AuthenticationError(
            "the certificate is not believed", why=f"Its key is for {certified.purpose}, not for {purpose}."
        )
    try:
        verifier = (
            PolicyBuilder()
            .store(Store([x509.load_der_x509_certificate(root) for root in roots]))
            .time(datetime.fromtimestamp(now // 1000, UTC).replace(tzinfo=None))
            .max_chain_depth(_LONGEST_CHAIN)
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_end_policy())
            .build_client_verifier()
        )
        verifier.verify(x509.load_der_x509_certificate(der), [x509.load_der_x509_certificate(each) for each in issuers])
    except (VerificationError, OverflowError, OSError, MeterhouseError, *_UNREADABLE) as error:
        raise AuthenticationError("the certificate is not believed", why=f"{error}.") from error
    return certified


def _end_policy() -> ExtensionPolicy:
    """A role and one use beside the name, whatever else is there."""

    def with_role(_policy: Policy, certificate: x509.Certificate, _extension: x509.SubjectAlternativeName) -> None:
        read_certified(certificate.public_bytes(Encoding.DER))

    def used(_policy: Policy, _certificate: x509.Certificate, extension: x509.KeyUsage) -> None:
        if extension.key_cert_sign or extension.crl_sign or extension.digital_signature == extension.key_agreement:
            raise ValueError("the key is for more than one use")

    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, with_role)
        .require_present(x509.KeyUsage, Criticality.CRITICAL, used)
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    )


def _built(
    template: Template,
    public: PublicPoint,
    issuing: KeyPair,
    issuer: x509.Certificate | None,
    entropy: Callable[[int], bytes],
) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, template.common_name)])
    identifier = (
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public.key)
        if issuer is None
        else x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        )
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(public.key)
        .serial_number(int.from_bytes(b"\x01" + entropy(_SERIAL - 1), "big"))
        .not_valid_before(datetime.fromtimestamp(template.begins // 1000, UTC))
        .not_valid_after(datetime.fromtimestamp(template.ends // 1000, UTC))
        .add_extension(identifier, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public.key), critical=False)
        .add_extension(_usage(template.purpose), critical=True)
    )
    issues = template.purpose is Purpose.ISSUE
    depth = (1 if issuer is None else 0) if issues else None
    builder = builder.add_extension(x509.BasicConstraints(issues, depth), critical=True)
    if issues:
        if issuer is not None:
            permitted = [x509.DNSName(domain) for domain in template.permitted]
            builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    else:
        builder = _named(builder, template)
    return builder.sign(issuing.key, P256.hash, ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _named(builder: x509.CertificateBuilder, template: Template) -> x509.CertificateBuilder:
    tls = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    uses = tls if template.purpose is Purpose.TLS else [_SEALED_MESSAGES]
    role = template.role.encode()
    return (
        builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(template.dns_name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.UnrecognizedExtension(_ROLE, bytes((_UTF8, len(role))) + role), critical=False)
    )


def _usage(purpose: Purpose) -> x509.KeyUsage:
    issues = purpose is Purpose.ISSUE
    return x509.KeyUsage(
        digital_signature=purpose in {Purpose.SIGN, Purpose.TLS},
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=purpose is Purpose.AGREE,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _purpose(usage: x509.ExtendedKeyUsage, *, signs: bool, agrees: bool) -> Purpose:
    uses = set(usage)
    if uses == {_SEALED_MESSAGES} and signs != agrees:
        return Purpose.SIGN if signs else Purpose.AGREE
    if uses == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH} and signs and not agrees:
        return Purpose.TLS
    raise MalformedError("the certificate's key is not for one purpose")


def _role_of(value: bytes) -> str:
    try:
        role = value[2:].decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("the role in a certificate is no ASCII text") from error
    if value[:2] != bytes((_UTF8, len(role))) or not role:
        raise MalformedError("the role in a certificate is not written as one")
    return role
