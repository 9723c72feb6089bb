"""Certificates in their time: issued, replaced, revoked, recovered; and what each says about whom to believe (S3-17).

A key is never changed by one word alone: a unit's new key is asked for under its old one, and where the old one is
lost, recovery needs two officers. After any change a unit is not cut for 72 hours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterhouse.companion.certificate import Identity
from meterhouse.crypto import KeyPair, PublicPoint, Purpose, sign, verify
from meterhouse.model import DAY, HOUR, Duration, Eui64, Instant, NotFoundError, PolicyError
from meterhouse.supplier.trust.centre_records import CentreRecords, CertificateRecord, CertificateStatus, Device
from meterhouse.supplier.trust.people import Duty, Staff

__all__ = ["FREEZE", "Credentials", "ask_rotation", "sign_recovery"]

FREEZE: Final = 72 * HOUR
"""No cut for so long after a change of credentials."""
_WARN: Final = 30 * DAY
_ROTATE: Final = b"MHRO1"
_RECOVER: Final = b"MHRC2"
_NEEDED: Final = 2


def ask_rotation(old: KeyPair, eui: Eui64, purpose: Purpose, new: PublicPoint) -> bytes:
    """A unit's word, under its present signature key, that from now on this is its key for a purpose."""
    return sign(old, _words(_ROTATE, eui, purpose, new))


def sign_recovery(officer: KeyPair, eui: Eui64, purpose: Purpose, new: PublicPoint) -> bytes:
    """An officer's word that a unit whose key is lost has this one."""
    return sign(officer, _words(_RECOVER, eui, purpose, new))


class Credentials:
    """The rules, within one transaction.

    Args:
        records: what the security centre knows.
        staff: whose words count for recovery.
        freeze: ms without cuts after a change.
    """

    __slots__ = ("_freeze", "_records", "_staff")

    def __init__(self, records: CentreRecords, staff: Staff, freeze: Duration = FREEZE) -> None:
        self._records = records
        self._staff = staff
        self._freeze = freeze

    def issued(self, identity: Identity, who: str, now: Instant) -> CertificateRecord:
        """Note a certificate whose chain was verified; an older one of that subject and purpose is replaced by it."""
        certified = identity.certified
        record = CertificateRecord(
            certified.serial.hex(),
            identity.eui,
            identity.role.value,
            certified.purpose,
            certified.public,
            certified.ends,
        )
        for other in self._records.certificates():
            same = (other.eui, other.role, other.purpose) == (record.eui, record.role, record.purpose)
            if same and other.serial != record.serial and other.status is CertificateStatus.GOOD:
                why = f"replaced by {record.serial}"
                self._records.put_certificate(replace(other, status=CertificateStatus.REPLACED, why=why), now, who)
        self._records.put_certificate(record, now, who)
        return record

    def revoke(self, serial: str, why: str, who: str, now: Instant) -> CertificateRecord:
        """Let a certificate be gone by no more."""
        record = self._records.certificate(serial)
        if record is None:
            raise NotFoundError(f"no certificate {serial} was issued here")
        revoked = replace(record, status=CertificateStatus.REVOKED, why=why)
        self._records.put_certificate(revoked, now, who)
        return revoked

    def believe(self, identity: Identity, now: Instant) -> None:
        """Let a certificate pass whose chain was verified and that is still good.

        Raises:
            PolicyError: it was revoked or replaced, was never issued here, or is over.
        """
        record = self._records.certificate(identity.certified.serial.hex())
        if record is None:
            raise PolicyError(f"the certificate of {identity.eui} was not issued here")
        if record.status is not CertificateStatus.GOOD:
            raise PolicyError(f"the certificate of {identity.eui} was {record.status}", why=f"{record.why}.")
        if now > record.ends:
            raise PolicyError(f"the certificate of {identity.eui} is over")

    def ending(self, now: Instant, within: Duration = _WARN) -> list[CertificateRecord]:
        """Good certificates that are over soon, the next first: days of warning."""
        ends = [
            each
            for each in self._records.certificates()
            if each.status is CertificateStatus.GOOD and each.ends <= now + within
        ]
        return sorted(ends, key=lambda each: each.ends)

    def rotate(self, eui: Eui64, purpose: Purpose, new: PublicPoint, word: bytes, who: str, now: Instant) -> Device:
        """Take a unit's new key, by its word under the old one.

        Raises:
            AuthenticationError: not the unit's word.
            PolicyError: another unit has that key, or it is the one it has.
        """
        device = self._device(eui)
        verify(device.signing, _words(_ROTATE, eui, purpose, new), word)
        return self._with_key(device, purpose, new, who, now, "key rotated")

    def recover(self, eui: Eui64, purpose: Purpose, new: PublicPoint, words: dict[str, bytes], now: Instant) -> Device:
        """Give a unit whose key is lost a new one, by the words of two different officers.

        Args:
            eui: the unit.
            purpose: of the key.
            new: the key.
            words: an officer's name to the signature (`sign_recovery`).
            now: when.

        Raises:
            PolicyError: fewer than two officers.
            AuthenticationError: a word is not that officer's.
        """
        device, officers = self._device(eui), []
        for name, word in words.items():
            person = self._staff.get(name)
            if person is None or Duty.OFFICER not in person.duties:
                raise PolicyError(f"'{name}' is no officer")
            verify(person.public, _words(_RECOVER, eui, purpose, new), word)
            officers.append(name)
        if len(officers) < _NEEDED:
            raise PolicyError(f"the keys of {eui} are recovered by {_NEEDED} officers, not {len(officers)}")
        return self._with_key(device, purpose, new, ", ".join(sorted(officers)), now, "key recovered")

    def _device(self, eui: Eui64) -> Device:
        device = self._records.device(eui)
        if device is None:
            raise NotFoundError(f"device {eui} is not known to the security centre")
        return device

    def _with_key(self, device: Device, purpose: Purpose, new: PublicPoint, who: str, now: Instant, why: str) -> Device:
        if purpose not in {Purpose.SIGN, Purpose.AGREE}:
            raise PolicyError(f"a key for {purpose} is not kept here")
        holder = self._records.holder(new)
        if holder is not None:
            raise PolicyError(f"{holder} has, or had, that key", why="A key belongs to one device, and never returns.")
        frozen = Instant(max(device.frozen_until, now + self._freeze))
        changed = (
            replace(device, signing=new, frozen_until=frozen)
            if purpose is Purpose.SIGN
            else replace(device, agreement=new, frozen_until=frozen)
        )
        self._records.put_device(changed, now, who, why)
        return changed


def _words(tag: bytes, eui: Eui64, purpose: Purpose, key: PublicPoint) -> bytes:
    return tag + eui.octets + bytes((len(purpose.value),)) + purpose.value.encode() + key.octets
