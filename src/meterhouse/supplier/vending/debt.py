"""The debt share of a payment: taken at the counter, never at the meter (S3-19, S3 Annex B)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Money, UsageError

__all__ = ["WHOLE_SHARE", "split"]

WHOLE_SHARE: Final = 10_000
"""A share is told in 1/100 of a per cent, as SMETS2 tells Debt Recovery per Payment: 2000 is 20 %."""


def split(paid: Money, debt: Money, share: int) -> tuple[Money, Money]:
    """Share out a payment: `d = min(debt, floor(share · paid))`, rounded down in the customer's favour.

    Args:
        paid: more than zero.
        debt: what is owed before; zero or more.
        share: 0 to WHOLE_SHARE.

    Returns:
        (to debt, to the token); their sum is `paid`, to the last unit.

    Raises:
        UsageError: the share is outside its range, or the currencies differ.
    """
    if not 0 <= share <= WHOLE_SHARE:
        raise UsageError(f"debt share {share} is not 0 to {WHOLE_SHARE}")
    agreed = Money(paid.amount * share // WHOLE_SHARE, paid.currency)
    to_debt = min(debt, agreed)
    return to_debt, paid - to_debt
