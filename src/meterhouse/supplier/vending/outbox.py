"""What leaves the counter for a home: the order to its hub, and the first step of the vend's life line."""

from __future__ import annotations

from typing import Final

from meterhouse.model import DAY, Duration, Instant
from meterhouse.supplier.vending.records import Delivery, MeterRecord, StageName, StageRecord, Vend, VendingRecords

__all__ = ["DELIVERY_TIME", "put_out"]

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
