"""The debt share of a payment: taken at the counter, never at the meter (S3-19, S3 Annex B)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import DAY, Instant, Money, UsageError
from meterhouse.supplier.vending.records import AccountRecord, DebtPlace, Tally

__all__ = ["WHOLE_SHARE", "counted", "share_out", "split", "week_of"]

WHOLE_SHARE: Final = 10_000
"""A share is told in 1/100 of a per cent, as SMETS2 tells Debt Recovery per Payment: 2000 is 20 %."""

_MONDAY: Final = 3
"""1970-01-01 was a Thursday."""


def split(paid: Money, debt: Money, share: int, room: Money | None = None) -> tuple[Money, Money]:
    """Share out a payment: `d = min(debt, room, floor(share · paid))`, rounded down in the customer's favour.

    Args:
        paid: more than zero.
        debt: what is owed before; zero or more.
        share: 0 to WHOLE_SHARE.
        room: what the agreement's weekly cap leaves; None for no cap.

    Returns:
        (to debt, to the token); their sum is `paid`, to the last unit.

    Raises:
        UsageError: the share is outside its range, or the currencies differ.
    """
    if not 0 <= share <= WHOLE_SHARE:
        raise UsageError(f"debt share {share} is not 0 to {WHOLE_SHARE}")
    agreed = Money(paid.amount * share // WHOLE_SHARE, paid.currency)
    to_debt = min(debt, agreed)
    if room is not None:
        to_debt = min(to_debt, room)
    return to_debt, paid - to_debt


def week_of(at: Instant) -> int:
    """Weeks, from Monday to Sunday UTC, since Monday 1969-12-29."""
    return (at // DAY + _MONDAY) // 7


def share_out(account: AccountRecord, paid: Money, at: Instant) -> tuple[Money, Money]:
    """Share out a payment by the account's agreement: its percentage, its weekly cap, and the place of its debt.

    A clock that was set back stays in the week that it had reached: the cap is never given twice.

    Returns:
        (to debt, to the token).
    """
    if account.place is not DebtPlace.COUNTER:
        return Money(0, paid.currency), paid
    room = None
    if account.weekly_cap is not None:
        taken = account.tally.to_debt if account.tally.week >= week_of(at) else 0
        room = Money(max(0, account.weekly_cap.amount - taken), paid.currency)
    return split(paid, account.debt, account.debt_share, room)


def counted(tally: Tally, at: Instant, paid: int, to_debt: int) -> Tally:
    """The tally after a payment; a new day or week begins at nothing, and an earlier one never does."""
    day, week = at // DAY, week_of(at)
    return Tally(
        day=max(day, tally.day),
        paid=max(0, paid if day > tally.day else tally.paid + paid),
        week=max(week, tally.week),
        to_debt=max(0, to_debt if week > tally.week else tally.to_debt + to_debt),
    )
