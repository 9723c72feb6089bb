"""A meter's record after its key was changed: what tokens for it are bound to from now on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from meterhouse.model import NotFoundError, UsageError
from meterhouse.store.schema import meters
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending_rows import meter_record
from meterhouse.supplier.vending import MeterRecord

__all__ = ["rekey_meter"]

_METER: Final = select(meters).where(meters.c.meter == bindparam("id"))
_CHANGE: Final = (
    update(meters)
    .where(meters.c.meter == bindparam("id"))
    .values(
        supply_group=bindparam("group"),
        tariff_index=bindparam("tariff"),
        key_revision=bindparam("revision"),
        base_date=bindparam("base"),
        last_tid=bindparam("newest"),
    )
)


def rekey_meter(transaction: Transaction, new: MeterRecord) -> MeterRecord:
    """Bind a meter's tokens to its new key, once its key change tokens were taken.

    Token identifiers go on rising; only a new base date counts them from its own beginning, and the meter has then
    forgotten the old ones (the roll-over bit of the key change).

    Returns:
        The record as it is kept now; its `last_tid` is the store's, never the caller's.

    Raises:
        NotFoundError: no such meter.
        UsageError: the number, fuel, hub or scheme would change, or the base date would go back.
    """
    row = transaction.first(_METER, {"id": new.meter.octets.hex()})
    if row is None:
        raise NotFoundError(f"no meter {new.meter}")
    old = meter_record(row)
    if (old.pan, old.fuel, old.hub, old.scheme) != (new.pan, new.fuel, new.hub, new.scheme):
        raise UsageError(f"a key change leaves meter {new.meter} what it is", remedy="Register another meter.")
    if new.base_date < old.base_date:
        raise UsageError(f"meter {new.meter} cannot go back from base date {old.base_date} to {new.base_date}")
    values = {
        "id": new.meter.octets.hex(),
        "group": new.supply_group,
        "tariff": new.tariff_index,
        "revision": new.key_revision,
        "base": new.base_date,
        "newest": old.last_tid if new.base_date == old.base_date else None,
    }
    transaction.execute(_CHANGE, values)
    kept = transaction.first(_METER, {"id": values["id"]})
    assert kept is not None
    return meter_record(kept)
