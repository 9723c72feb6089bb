"""Change of supplier: a device changes hands by two signatures, and the loser is out from that moment (S3-58, S3-91).

The change-of-supplier party and the gaining supplier both sign the same words; the losing supplier is told, and can at
once do nothing more; and nobody cuts the home for 72 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from meterhouse.companion.certificate import CertifiedRole, Identity
from meterhouse.companion.sealed import HandOver, Party, Role
from meterhouse.crypto import KeyPair, sign, verify
from meterhouse.model import DAY, Duration, Eui64, Instant, NotFoundError, PolicyError
from meterhouse.supplier.trust.centre_records import CentreRecords, Device
from meterhouse.supplier.trust.credentials import FREEZE, Credentials
from meterhouse.supplier.trust.life_cycle import LifeState

__all__ = ["HandOver", "HandOverOffice", "HandedOver", "parties_of", "sign_hand_over"]

_FRESH: Final = DAY
"""How old the words may be."""


def sign_hand_over(pair: KeyPair, change: HandOver) -> bytes:
    """One party's signature."""
    return sign(pair, change.words())


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What came of it.

    Attributes:
        device: as it stands now.
        alert: words for the losing supplier.
    """

    device: Device
    alert: str


class HandOverOffice:
    """The rules, within one transaction.

    Args:
        records: what the security centre knows.
        credentials: whose certificates are still good.
        freeze: ms without cuts afterwards.
    """

    __slots__ = ("_credentials", "_freeze", "_records")

    def __init__(self, records: CentreRecords, credentials: Credentials, freeze: Duration = FREEZE) -> None:
        self._records = records
        self._credentials = credentials
        self._freeze = freeze

    def hand_over(
        self, change: HandOver, office: Identity, gainer: Identity, signatures: Mapping[Eui64, bytes], now: Instant
    ) -> HandedOver:
        """Do it.

        Args:
            change: what both have signed.
            office: the change-of-supplier party's certificate, whose chain was verified.
            gainer: the gaining supplier's.
            signatures: by identity.
            now: when.

        Raises:
            PolicyError: a certificate is not good or of another role, a signature is missing, the words are old, the
                device is not in service, or it is not the loser's.
            AuthenticationError: a signature is wrong.
            NotFoundError: the device is not known.
        """
        device = self._device(change, now)
        wanted = ((office, CertifiedRole.CHANGE_OF_SUPPLIER), (gainer, CertifiedRole.SUPPLIER))
        for identity, role in wanted:
            if identity.role is not role:
                raise PolicyError(f"{identity.eui} is {identity.role}, not {role}")
            self._credentials.believe(identity, now)
            signature = signatures.get(identity.eui)
            if signature is None:
                raise PolicyError(f"{identity.eui} has not signed", why="Both must: neither can take a home alone.")
            verify(identity.certified.public, change.words(), signature)
        if gainer.eui != change.gainer or change.gainer == change.loser or office.eui == gainer.eui:
            raise PolicyError("the words are for another supplier, or one party is both")
        frozen = Instant(max(device.frozen_until, now + self._freeze))
        changed = replace(device, supplier=str(change.gainer), frozen_until=frozen)
        self._records.put_device(changed, now, str(office.eui), f"handed over from {change.loser} to {change.gainer}")
        alert = f"{change.device} is no longer yours: {change.gainer} has it. If that is wrong, object at once."
        return HandedOver(changed, alert)

    def _device(self, change: HandOver, now: Instant) -> Device:
        device = self._records.device(change.device)
        if device is None:
            raise NotFoundError(f"device {change.device} is not known to the security centre")
        if device.state is not LifeState.IN_SERVICE:
            raise PolicyError(f"device {device.eui} is {device.state} and changes no hands")
        if device.supplier != str(change.loser):
            raise PolicyError(f"device {device.eui} is not {change.loser}'s to lose")
        if not 0 <= now - change.at <= _FRESH:
            raise PolicyError("the words are not of today", why="Old words could undo a later change.")
        return device


def parties_of(device: Device, suppliers: Mapping[Eui64, Identity]) -> dict[Eui64, Party]:
    """Whose orders the device takes now: its present supplier's, and nobody else's of that role."""
    return {
        eui: Party(eui, Role.SUPPLIER, identity.certified.public)
        for eui, identity in suppliers.items()
        if identity.role is CertifiedRole.SUPPLIER and str(eui) == device.supplier
    }
