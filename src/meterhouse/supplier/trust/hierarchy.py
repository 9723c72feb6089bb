"""The private hierarchy: an off-line root, an issuer for each kind of subject, certificates for parties and units.

Each party and unit has a key for signing and another for agreeing keys, each with its own certificate, and a third for
TLS where it has a line. Keys, time and entropy are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meterhouse.companion.certificate import DOMAIN_OF, CertifiedRole, Domain, dns_domain, dns_name
from meterhouse.crypto import KeyPair, PublicPoint, Purpose, Template, certify, certify_root
from meterhouse.model import DAY, Duration, Eui64, Instant

__all__ = ["DEVICE_LIFE", "ISSUERS", "PARTY_LIFE", "Issuer", "Issuers", "found_hierarchy", "issue"]

Entropy = Callable[[int], bytes]

_YEAR: Final = 365 * DAY
ROOT_LIFE: Final = 50 * _YEAR
ISSUER_LIFE: Final = 45 * _YEAR
DEVICE_LIFE: Final = 25 * _YEAR
PARTY_LIFE: Final = 2 * _YEAR
_BACKDATED: Final = DAY
"""A device's clock may be slow when it first sees a new certificate."""


class Issuer(StrEnum):
    """Who issues; each is bound to its domains by name constraints."""

    ORGANISATION = "organisation"
    DEVICE = "device"
    CONSUMER = "consumer"


ISSUERS: Final[Mapping[Issuer, tuple[Domain, ...]]] = {
    Issuer.ORGANISATION: (Domain.ORGANISATION,),
    Issuer.DEVICE: (Domain.UTILITY,),
    Issuer.CONSUMER: (Domain.CONSUMER, Domain.THIRD_PARTY),
}


@dataclass(frozen=True, slots=True)
class Issuers:
    """What is on-line: the root's certificate, and each issuer's certificate and key."""

    root: bytes
    certificates: Mapping[Issuer, bytes]
    keys: Mapping[Issuer, KeyPair]

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Certificates of all issuers."""
        return tuple(self.certificates[issuer] for issuer in Issuer)


def found_hierarchy(root: KeyPair, keys: Mapping[Issuer, KeyPair], now: Instant, entropy: Entropy) -> Issuers:
    """A root's certificate, and those of its issuers; afterwards the root's key is not needed until one is renewed."""
    begins = Instant(now - _BACKDATED)
    template = Template("Meterhouse root", "", "", Purpose.ISSUE, begins, Instant(now + ROOT_LIFE))
    top = certify_root(root, template, entropy)
    certificates = {
        issuer: certify(
            top,
            root,
            Template(
                f"Meterhouse issuer of {issuer} certificates",
                "",
                "",
                Purpose.ISSUE,
                begins,
                Instant(now + ISSUER_LIFE),
                tuple(map(dns_domain, domains)),
            ),
            keys[issuer].public,
            entropy,
        )
        for issuer, domains in ISSUERS.items()
    }
    return Issuers(top, certificates, keys)


def issue(
    issuers: Issuers,
    eui: Eui64,
    role: CertifiedRole,
    purpose: Purpose,
    public: PublicPoint,
    now: Instant,
    entropy: Entropy,
    life: Duration | None = None,
) -> bytes:
    """A certificate, DER, by the issuer whose domain the role belongs to."""
    domain = DOMAIN_OF[role]
    issuer = next(each for each, domains in ISSUERS.items() if domain in domains)
    lasts = life or (PARTY_LIFE if domain is Domain.ORGANISATION else DEVICE_LIFE)
    template = Template(
        eui.octets.hex().upper(),
        dns_name(eui, role),
        role.value,
        purpose,
        Instant(now - _BACKDATED),
        Instant(now + lasts),
    )
    return certify(issuers.certificates[issuer], issuers.keys[issuer], template, public, entropy)
