"""What may be sold: limits of one payment, of an account's day, of a key's day, from one data file (S0-71)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from meterhouse.model import DAY, UNIT, Instant, Money, UsageError
from meterhouse.supplier.vending.records import MeterRecord, Tally, VendingRecords
from meterhouse.supplier.vending.refusals import PaymentLimitError

__all__ = ["PaymentLimits", "day_of", "parse_limits", "spend_key"]


@dataclass(frozen=True, slots=True)
class PaymentLimits:
    """What may be sold, in 10⁻⁵ of the account's currency unit; zero means no limit.

    Attributes:
        least: the smallest payment taken.
        most: the largest.
        account_day: of one account in one UTC day.
        key_day: of all value under one vending key in one UTC day.
    """

    least: int = 1 * UNIT
    most: int = 200 * UNIT
    account_day: int = 0
    key_day: int = 0

    def check(self, amount: Money) -> None:
        """Let an amount between the limits of one payment pass.

        Raises:
            PaymentLimitError: it is not.
        """
        if amount.amount < self.least:
            least = Money(self.least, amount.currency)
            raise PaymentLimitError(
                f"a payment of {amount} is too small",
                why=f"The least is {least}.",
                remedy=f"Pay {least} or more.",
            )
        if amount.amount > self.most:
            most = Money(self.most, amount.currency)
            raise PaymentLimitError(
                f"a payment of {amount} is too large",
                why=f"The most in one payment is {most}.",
                remedy="Pay in parts.",
            )

    def check_day(self, amount: Money, tally: Tally, day: int) -> None:
        """Let an amount pass that keeps the account's day at or below its limit.

        Raises:
            PaymentLimitError: it does not.
        """
        paid = tally.paid if tally.day >= day else 0
        if self.account_day and paid + amount.amount > self.account_day:
            most, left = (Money(value, amount.currency) for value in (self.account_day, self.account_day - paid))
            raise PaymentLimitError(
                f"a payment of {amount} is too much for today",
                why=f"The most in one day is {most}.",
                remedy=f"Pay {left} or less today, or the rest tomorrow." if left.amount else "Pay tomorrow.",
            )


def day_of(at: Instant) -> int:
    """Days since 1970-01-01 UTC."""
    return at // DAY


def spend_key(records: VendingRecords, meter: MeterRecord, value: Money, at: Instant, limits: PaymentLimits) -> None:
    """Count a token's value against its key's day. `most` there bounds what a stolen key can do before tomorrow.

    Raises:
        PaymentLimitError: the key has made its day's value.
    """
    if not limits.key_day or not value.amount:
        return
    name = f"key:{meter.scheme}:{meter.supply_group}:{meter.key_revision}:{value.currency}"
    if not records.spend(name, day_of(at), value.amount, limits.key_day):
        raise PaymentLimitError(
            f"vending key {meter.supply_group}/{meter.key_revision} has made all the value it may make today",
            why=f"The most in one day is {Money(limits.key_day, value.currency)}: it bounds what a stolen key can do.",
            remedy="Ask the operator to look at today's sales, and to raise key_day if they are right.",
        )


def parse_limits(text: str) -> Mapping[str, PaymentLimits]:
    """The limits of each currency from the text of a limits file; its own comments tell its form.

    They stand in its table `payments`; a file without it holds nothing else.

    Raises:
        UsageError: it is not TOML, or a limit is unknown, negative, no amount, or out of order.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("the limits file is not TOML", why=f"{error}.") from error
    payments = tables.get("payments", {key: value for key, value in tables.items() if key != "fields"})
    if not isinstance(payments, dict):
        raise UsageError("the limits file has no table of payments")
    return {currency: _limits(currency, table) for currency, table in payments.items()}


def _limits(currency: str, table: object) -> PaymentLimits:
    names = [field.name for field in fields(PaymentLimits)]
    if not isinstance(table, dict) or set(table) - set(names):
        raise UsageError(f"limits of '{currency}' hold more than {', '.join(names)}", remedy="See limits.toml.")
    values = {name: Money.parse(str(value), currency).amount for name, value in table.items()}
    limits = PaymentLimits(**values)
    if min(values.values(), default=0) < 0 or not 0 < limits.least <= limits.most:
        raise UsageError(f"limits of {currency} are negative, or least is not 0.00001 to most")
    return limits
