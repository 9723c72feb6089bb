"""The security centre's watch: a device in the field that nobody hears of is an alarm, once a silence (S3-80)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Duration, Event, Instant
from meterhouse.store import Database, SqlAuditChain, SqlCentreRecords, SqlEvents, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import Lapse, SecurityCentre

__all__ = ["LAPSED", "watch_devices"]

LAPSED: Final = "security.lapse"
"""Kind of the event."""
_KIND: Final = "lapse"


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
            SqlEvents(transaction).append([Event(now, "security centre", LAPSED, about)])
            SqlAuditChain(transaction).write(now, "security centre", LAPSED, name, about)
        return tuple(new)

    return database.run(look)
