"""What leaves the counter for a home: the order to its hub, and the first step of the vend's life line."""

from __future__ import annotations

from typing import Final

from meterhouse.model import DAY, Duration, Instant, Money
from meterhouse.supplier.vending.records import Delivery, MeterRecord, StageName, StageRecord, Vend, VendingRecords

__all__ = ["DELIVERY_TIME", "put_out", "tell_debt"]

DELIVERY_TIME: Final[Duration] = 30 * DAY
"""How long a hub is tried for; the token can be typed on the keypad all the while and after."""


def put_out(records: VendingRecords, meter: MeterRecord, vend: Vend) -> None:
    """Put the order into the outbox: this value (S3-107: never a balance), and the debt that is left (S3-88)."""
    records.save_stage(vend.request_id, StageRecord(StageName.MADE, vend.at))
    records.save_delivery(
        Delivery(
            request_id=vend.request_id,
            hub=meter.hub,
            meter=meter.meter,
            fuel=meter.fuel,
            token=vend.token,
            value=vend.value,
            debt_left=vend.debt_left,
            due=vend.at,
            expiry=Instant(vend.at + DELIVERY_TIME),
        )
    )


def tell_debt(records: VendingRecords, meter: MeterRecord, name: str, debt: Money, now: Instant) -> None:
    """Put an order into the outbox that only shows what is owed: the debt has changed without a token (S3-89).

    `name` is of what changed it: the same name twice is one order.
    """
    records.save_delivery(
        Delivery(
            request_id=f"debt/{name}",
            hub=meter.hub,
            meter=meter.meter,
            fuel=meter.fuel,
            token="",
            value=Money(0, debt.currency),
            debt_left=debt,
            due=now,
            expiry=Instant(now + DELIVERY_TIME),
        )
    )
