"""Amounts, times and quantities as a person reads them.

Texts for screens only: nothing here is ever parsed again. Exports and the API use ISO instants and exact integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from meterhouse.model import HALF_HOUR, HOUR, MINUTE, SECOND, UNIT, Duration, Fuel, Instant, Money

__all__ = [
    "NOTHING",
    "age_text",
    "clock_text",
    "countdown_text",
    "day_text",
    "grouped",
    "local",
    "money_text",
    "quantity_text",
    "span_text",
    "sum_text",
    "time_text",
    "token_text",
]

NOTHING: Final = "–"
"""Shown where there is nothing to show."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
_CENT: Final = UNIT // 100
_THIN_SPACE: Final = "\u202f"
_NARROWEST_DAYS: Final = 48 * HOUR


def local(at: Instant, zone: tzinfo) -> datetime:
    """The wall time of an instant in `zone`."""
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone)


def time_text(at: Instant, zone: tzinfo) -> str:
    """`07:45`, local."""
    return local(at, zone).strftime("%H:%M")


def day_text(at: Instant, zone: tzinfo) -> str:
    """`Sat 21 Nov`, local."""
    moment = local(at, zone)
    return f"{moment:%a} {moment.day} {moment:%b}"


def clock_text(at: Instant, zone: tzinfo) -> str:
    """`Sat 21 Nov 07:45 GMT`: local, with the zone's short name."""
    return f"{day_text(at, zone)} {local(at, zone):%H:%M %Z}"


def span_text(span: Duration) -> str:
    """A length of time in at most two units: `40 s`, `12 min`, `2 h 10 min`, `4 days`."""
    if span < MINUTE:
        return f"{span // SECOND} s"
    if span < HOUR:
        return f"{span // MINUTE} min"
    if span < _NARROWEST_DAYS:
        hours, rest = divmod(span, HOUR)
        minutes = rest // MINUTE
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{span // (24 * HOUR)} days"


def age_text(at: Instant | None, now: Instant) -> str:
    """How long ago: `just now`, `12 min ago`; `never` for None. A time ahead of `now` reads as just now."""
    if at is None:
        return "never"
    return "just now" if now - at < MINUTE else f"{span_text(now - at)} ago"


def money_text(money: Money | None) -> str:
    """`£16.00`, to the cent, rounded down: a page never shows more credit than there is."""
    if money is None:
        return NOTHING
    whole, cents = divmod(abs(money.amount // _CENT), 100)
    sign = "−" if money.amount < 0 else ""
    digits = f"{grouped(whole)}.{cents:02d}"
    symbol = _SIGNS.get(money.currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {money.currency}"


def sum_text(amounts: Iterable[Money]) -> str:
    """The total of each currency, such as `£83.20`; a dash where there is none."""
    totals: dict[str, Money] = {}
    for money in amounts:
        totals[money.currency] = totals.get(money.currency, Money(0, money.currency)) + money
    return " + ".join(money_text(total) for total in totals.values()) or NOTHING


def grouped(number: int) -> str:
    """Thousands set apart by a thin space."""
    return f"{number:,}".replace(",", _THIN_SPACE)


def quantity_text(fuel: Fuel, amount: int | None) -> str:
    """Wh as `12 345.678 kWh`, litres as `1 234.567 m³`; every digit is kept."""
    if amount is None:
        return NOTHING
    whole, part = divmod(abs(amount), 1000)
    unit = "kWh" if fuel is Fuel.ELECTRICITY else "m³"
    return f"{'−' if amount < 0 else ''}{grouped(whole)}.{part:03d} {unit}"


def countdown_text(half_hours: int | None) -> str:
    """How long a gas supply may still go without a link, from its half hours: `21 h 30 min`, `used up`."""
    if half_hours is None:
        return NOTHING
    if half_hours <= 0:
        return "used up"
    return span_text(half_hours * HALF_HOUR)


def token_text(token: str) -> str:
    """A token in groups of four digits, as it is read out and typed."""
    return " ".join(token[start : start + 4] for start in range(0, len(token), 4))
