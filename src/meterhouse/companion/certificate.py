"""Who a certificate of the house's own hierarchy speaks for: an EUI-64, a role, and the role's domain (S3-79, S3-81).

The subject's name is `<EUI-64 in hex>.<domain>.meterhouse.internal`. Each issuer is bound by name constraints to its
domains, and each role belongs to one domain; so an issuer of devices cannot make a supplier, and an issuer for the
consumer's network cannot make a meter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from meterhouse.crypto import Certified, Purpose, read_certified, verify_chain
from meterhouse.model import AuthenticationError, Eui64, Instant, MalformedError, UsageError

__all__ = [
    "DOMAIN_OF",
    "CertifiedRole",
    "Domain",
    "Identity",
    "dns_domain",
    "dns_name",
    "identity_of",
    "identity_on_chain",
]

_ROOT: Final = "meterhouse.internal"


class Domain(StrEnum):
    """Where a unit or party belongs; each has exactly one."""

    ORGANISATION = "organisation"
    UTILITY = "utility"
    CONSUMER = "consumer"
    THIRD_PARTY = "third-party"


class CertifiedRole(StrEnum):
    """What a certificate says that its subject is."""

    SUPPLIER = "supplier"
    CONFIRM = "confirm"
    VEND = "vend"
    CARRIER = "carrier"
    NETWORK_OPERATOR = "network-operator"
    CHANGE_OF_SUPPLIER = "change-of-supplier"
    RECOVERY = "recovery"
    FIRMWARE = "firmware"
    HEAD_END = "head-end"
    SIGNING_DAEMON = "signing-daemon"
    SECURITY_CENTRE = "security-centre"
    OFFICER = "officer"
    HUB = "hub"
    ELECTRICITY_METER = "electricity-meter"
    GAS_METER = "gas-meter"
    DISPLAY = "display"
    CONSUMER_DEVICE = "consumer-device"
    THIRD_PARTY_DEVICE = "third-party-device"


_UTILITY: Final = frozenset(
    {CertifiedRole.HUB, CertifiedRole.ELECTRICITY_METER, CertifiedRole.GAS_METER, CertifiedRole.DISPLAY}
)
_OTHERS: Final = {
    CertifiedRole.CONSUMER_DEVICE: Domain.CONSUMER,
    CertifiedRole.THIRD_PARTY_DEVICE: Domain.THIRD_PARTY,
}
DOMAIN_OF: Final[Mapping[CertifiedRole, Domain]] = MappingProxyType(
    {role: Domain.UTILITY if role in _UTILITY else _OTHERS.get(role, Domain.ORGANISATION) for role in CertifiedRole}
)
"""The one domain of each role."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a certificate names.

    Attributes:
        eui: the unit or party.
        role: what it is.
        certified: the rest of the certificate.
    """

    eui: Eui64
    role: CertifiedRole
    certified: Certified

    @property
    def domain(self) -> Domain:
        """Where it belongs."""
        return DOMAIN_OF[self.role]


def dns_domain(domain: Domain) -> str:
    """The part of the name that an issuer's constraint permits."""
    return f"{domain}.{_ROOT}"


def dns_name(eui: Eui64, role: CertifiedRole) -> str:
    """The subject's name for an EUI-64 in a role."""
    return f"{eui.octets.hex()}.{dns_domain(DOMAIN_OF[role])}"


def identity_of(der: bytes, purpose: Purpose = Purpose.TLS) -> tuple[Eui64, str]:
    """EUI-64 and role of a certificate whose chain somebody else has verified, such as a TLS link.

    Raises:
        MalformedError: no certificate of this hierarchy, a role outside its domain, or a key for another purpose.
    """
    identity = _identity(read_certified(der), purpose)
    return identity.eui, identity.role.value


def identity_on_chain(
    der: bytes, issuers: Sequence[bytes], roots: Iterable[bytes], purpose: Purpose, now: Instant
) -> Identity:
    """Whom a certificate names, believed. Whether it was revoked is the security centre's to say.

    Raises:
        MalformedError: no certificate of this hierarchy.
        AuthenticationError: its chain is not to be believed, or its role does not belong to its domain.
    """
    certified = verify_chain(der, issuers, roots, purpose, now)
    try:
        return _identity(certified, purpose)
    except MalformedError as error:
        raise AuthenticationError("the certificate is not believed", why=f"{error.what}.") from error


def _identity(certified: Certified, purpose: Purpose) -> Identity:
    if certified.purpose is not purpose:
        raise MalformedError(f"the certificate's key is for {certified.purpose}, not for {purpose}")
    try:
        role = CertifiedRole(certified.role)
        eui = Eui64.parse(certified.dns_name.partition(".")[0])
    except (ValueError, UsageError) as error:
        raise MalformedError(f"the certificate names no EUI-64, or no role: {certified.role[:40]}") from error
    if certified.dns_name != dns_name(eui, role):
        raise MalformedError(f"the role {role} does not belong to the domain in {certified.dns_name[:80]}")
    return Identity(eui, role, certified)
