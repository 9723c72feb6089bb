"""What a meter that holds its account lets the hub's display show, beside balance and emergency credit (S0-123)."""

from __future__ import annotations

from collections.abc import Callable

from meterhouse.companion.account_objects import ELECTRICITY_SHOWN
from meterhouse.model import Instant
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.protocols import dlms

__all__ = ["shown_object"]


def shown_object(
    account: PrepayAccount, credit: CreditCutoff, clock: Callable[[Instant], Instant]
) -> dlms.ServerObject:
    """To be read and never written: nothing on a display is an order."""

    def read(_selection: dlms.Selection | None, now: Instant) -> dlms.CosemData:
        note = account.debt_note
        return dlms.structure(
            dlms.double_long_unsigned(account.price_now),
            dlms.double_long_unsigned(account.tariff_in_force.standing_charge),
            dlms.null if note is None else dlms.double_long_unsigned(note),
            dlms.boolean(account.low_credit),
            dlms.boolean(account.friendly_at(clock(now))),
            dlms.long64_unsigned(credit.cutoff_wh),
            dlms.boolean(credit.open_for_credit),
        )

    return dlms.ServerObject(dlms.DATA, ELECTRICITY_SHOWN, {2: read})
