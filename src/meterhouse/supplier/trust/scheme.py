"""The scheme that stands before the first device is installed: parties with roles and keys, and who sells (S3-01)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meterhouse.companion.certificate import CertifiedRole
from meterhouse.crypto import Purpose
from meterhouse.model import PolicyError
from meterhouse.supplier.trust.centre_records import CentreRecords, CertificateStatus

__all__ = ["NEEDED", "Scheme", "standing_scheme"]

NEEDED: Final = frozenset(
    {
        (CertifiedRole.SUPPLIER, Purpose.SIGN),
        (CertifiedRole.SUPPLIER, Purpose.AGREE),
        (CertifiedRole.CONFIRM, Purpose.SIGN),
        (CertifiedRole.CARRIER, Purpose.SIGN),
        (CertifiedRole.CARRIER, Purpose.AGREE),
        (CertifiedRole.RECOVERY, Purpose.SIGN),
    }
)
"""Who signs, who confirms, who adds the MAC, and who helps when a key was stolen; each with a key of its own."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What stands.

    Attributes:
        parties: roles and purposes with a certificate that is gone by.
        sell: lets a home pass for which tokens can be made; raises what is missing otherwise. It makes none.
    """

    parties: frozenset[tuple[CertifiedRole, Purpose]]
    sell: Callable[[str], None]

    def require(self, home: str) -> None:
        """Let a device be installed in a home.

        Raises:
            PolicyError: a role has no good certificate.
            ConfigurationError, LinkError: tokens cannot be made for that home.
        """
        missing = sorted(f"{role} ({purpose})" for role, purpose in NEEDED - self.parties)
        if missing:
            raise PolicyError(
                f"no device is installed in home {home}",
                why=f"The security scheme does not stand: there is no {missing[0]}"
                + (f", and {len(missing) - 1} more." if len(missing) > 1 else "."),
                remedy="Make the trust folder first (`meterhouse trust init`), and have it noted.",
            )
        self.sell(home)


def standing_scheme(records: CentreRecords, sell: Callable[[str], None]) -> Scheme:
    """The scheme as the security centre's certificates say now."""
    good = (each for each in records.certificates() if each.status is CertificateStatus.GOOD)
    known = {role.value: role for role in CertifiedRole}
    return Scheme(frozenset((known[each.role], each.purpose) for each in good if each.role in known), sell)
