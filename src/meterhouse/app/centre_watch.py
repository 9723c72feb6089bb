"""The security centre's watch: a device that nobody hears of (S3-80), a certificate that is about to end (S3-17)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Duration, Event, Instant, isoformat
from meterhouse.store import Database, SqlAuditChain, SqlCentreRecords, SqlEvents, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import CertificateRecord, Credentials, Lapse, SecurityCentre

__all__ = ["ENDING", "LAPSED", "watch_certificates", "watch_devices"]

LAPSED: Final = "security.lapse"
"""Kind of the event."""
ENDING: Final = "security.certificate_ending"
"""Likewise."""
_KIND: Final = "lapse"
_ENDING: Final = "ending"
_SOURCE: Final = "security centre"


def watch_devices(database: Database, now: Instant, silence: Duration | None = None) -> tuple[Lapse, ...]:
    """Raise an alarm for each device whose silence is new: an event, and a line of the audit chain.

    To be called every few minutes; again changes nothing until a device was heard of and is silent anew.

    Args:
        database: of the house.
        now: the present instant.
        silence: ms that are too long; None for the centre's own.

    Returns:
        Those whose silence is new.
    """

    def look(transaction: Transaction) -> tuple[Lapse, ...]:
        records = SqlCentreRecords(transaction)
        centre = SecurityCentre(records) if silence is None else SecurityCentre(records, silence)
        told = SqlTrustRecords(transaction)
        new = []
        for lapse in centre.lapses(now):
            name = str(lapse.device)
            if (told.get(_KIND, name) or {"heard": -1})["heard"] == lapse.heard:
                continue
            new.append(lapse)
            told.put(_KIND, name, "told", {"heard": lapse.heard}, now, subject=lapse.home)
            about: dict[str, object] = {"device": name, "home": lapse.home, "heard": lapse.heard}
            SqlEvents(transaction).append([Event(now, _SOURCE, LAPSED, about)])
            SqlAuditChain(transaction).write(now, _SOURCE, LAPSED, name, about)
        return tuple(new)

    return database.run(look)


def watch_certificates(database: Database, wall: Instant, now: Instant) -> tuple[CertificateRecord, ...]:
    """Warn of each good certificate that is over within 30 days, or is over: an event, and a line of the audit chain.

    To be called every few hours; again changes nothing.

    Args:
        database: of the house.
        wall: the present instant by the clock that certificates go by.
        now: the present instant of the house.

    Returns:
        Those that were not warned of before, the next to end first.
    """

    def look(transaction: Transaction) -> tuple[CertificateRecord, ...]:
        told = SqlTrustRecords(transaction)
        ending = Credentials(SqlCentreRecords(transaction), {}).ending(wall)
        new = [each for each in ending if told.get(_ENDING, each.serial) is None]
        for each in new:
            told.put(_ENDING, each.serial, "told", {"ends": each.ends}, now, subject=str(each.eui))
            about: dict[str, object] = {"device": str(each.eui), "role": each.role, "purpose": each.purpose.value}
            about |= {"serial": each.serial, "ends": isoformat(each.ends)}
            SqlEvents(transaction).append([Event(now, _SOURCE, ENDING, about)])
            SqlAuditChain(transaction).write(now, _SOURCE, ENDING, each.serial, about)
        return tuple(new)

    return database.run(look)
