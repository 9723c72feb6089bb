"""The one object by which a hub that holds the account tells its meter when credit ends (S0-105)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.account_objects import ELECTRICITY_CUTOFF
from meterhouse.model import Instant
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.protocols import dlms
from meterhouse.rules import NO_LIMIT_WH

__all__ = ["REFILL_FACTOR", "cutoff_object"]

REFILL_FACTOR: Final = 4
"""No refill makes the countdown longer than so many times the delay that the meter was made with."""


def cutoff_object(credit: CreditCutoff, register: Callable[[], int]) -> dlms.ServerObject:
    """Cut-off, countdown and arm: one write is one order, done whole or refused whole.

    Args:
        credit: what it works on, of a meter whose hub holds the account.
        register: of the meter, Wh.
    """
    longest = REFILL_FACTOR * (credit.delay or 0)

    def write(value: dlms.CosemData, now: Instant) -> None:
        if value.tag != dlms.Tag.STRUCTURE:
            raise dlms.AccessRefusedError(dlms.DataAccessResult.TYPE_UNMATCHED, "a cut-off is a structure")
        cutoff, refill, arm = value.items(3)
        cutoff_wh, half_hours = cutoff.whole(), None if refill == dlms.null else refill.whole()
        if arm.tag != dlms.Tag.BOOLEAN:
            raise dlms.AccessRefusedError(dlms.DataAccessResult.TYPE_UNMATCHED, "arm is a boolean")
        if not 0 <= cutoff_wh <= NO_LIMIT_WH:
            raise _refused(f"cut-off {cutoff_wh} Wh is not 0 to {NO_LIMIT_WH}")
        if half_hours is not None and not 1 <= half_hours <= longest:
            raise _refused(f"{half_hours} half hours are not 1 to {longest}")
        credit.hear(cutoff_wh, half_hours, register(), now, arm=bool(arm.value))

    def read() -> dlms.CosemData:
        return dlms.structure(
            dlms.long64_unsigned(credit.cutoff_wh),
            dlms.long_unsigned(credit.countdown),
            dlms.boolean(credit.open_for_credit),
        )

    return dlms.ServerObject(dlms.DATA, ELECTRICITY_CUTOFF, {2: lambda _s, _n: read()}, {2: write})


def _refused(why: str) -> dlms.AccessRefusedError:
    return dlms.AccessRefusedError(dlms.DataAccessResult.OTHER_REASON, why)
