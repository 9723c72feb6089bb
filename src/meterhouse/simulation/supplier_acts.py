"""What a supplier tells a home by chance: tariffs of every shape, limits of credit, hours in which no supply closes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from meterhouse.links import Dice
from meterhouse.model import HALF_HOUR, UNIT, Fuel, Instant
from meterhouse.simulation.street_world import StreetWorld
from meterhouse.supplier.headend import (
    AccountAddress,
    Job,
    OrderBook,
    SetCalendar,
    SetCreditLimits,
    SetTariff,
    SetTariffMatrix,
)

__all__ = ["draw_calendar", "draw_limits", "draw_tariff", "order"]

_SLOTS: Final = 48
_WEEK: Final = 7


class _Unkept:
    """An order book for orders that nobody asks after; what they changed is judged where it shows."""

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """Not kept."""


def order(street: StreetWorld, home: str, draw: Callable[[Dice, OrderBook, Instant], Job], dice: Dice) -> None:
    """Give a drawn order to the head end, for the gas of a home, and the same for its electricity where prepaid."""
    head_end, site = street.street.head_end, street.street.site(home)
    job = draw(dice, _Unkept(), street.world.now)
    street.world.call(head_end, partial(head_end.submit, site.names.hub, job))
    if Fuel.ELECTRICITY in site.accounts:
        same = _for_electricity(job, site.address(Fuel.ELECTRICITY))
        street.world.call(head_end, partial(head_end.submit, site.names.hub, same))


def _for_electricity(job: Job, account: AccountAddress) -> Job:
    if isinstance(job, SetTariff | SetTariffMatrix):
        return replace(job, account=account, cv=0)
    assert isinstance(job, SetCreditLimits | SetCalendar)
    return replace(job, account=account)


def draw_tariff(dice: Dice, book: OrderBook, now: Instant) -> Job:
    """Flat, or up to four rates and four blocks, now or at some half hour of the days to come."""
    standing, cv = dice.below(60_000), 37_500 + dice.below(5_500)
    if dice.hit(300):
        return SetTariff("tariff", dice.below(30_000), standing, cv, book)
    prices = tuple(dice.below(40_000) for _ in range(16))
    rates = tuple(slot // (1 + dice.below(_SLOTS)) % 4 for slot in range(2 * _SLOTS))
    first = 1 + dice.below(20_000)
    second = first + dice.below(40_000)
    thresholds = (first, second, second + dice.below(60_000))
    begins = None
    if dice.hit(600):
        begins = Instant(now - now % HALF_HOUR + (1 + dice.below(200)) * HALF_HOUR)
    return SetTariffMatrix("tariff", prices, rates, thresholds, standing, cv, book, begins)


def draw_limits(dice: Dice, book: OrderBook, now: Instant) -> Job:
    """Emergency credit from nothing to 10.00, offered below up to 2.00."""
    del now
    return SetCreditLimits("limits", dice.below(10 * UNIT), dice.below(2 * UNIT), dice.below(4 * UNIT), book)


def draw_calendar(dice: Dice, book: OrderBook, now: Instant) -> Job:
    """A window of its own length on each day of the week, or none; one of three takes whole days."""
    del now
    if dice.hit(200):
        return SetCalendar("calendar", (0,) * _WEEK, book)
    days = []
    for _ in range(_WEEK):
        first, length = dice.below(_SLOTS), dice.below(_SLOTS if dice.hit(300) else 16)
        days.append(((1 << length) - 1) << first & (1 << _SLOTS) - 1)
    return SetCalendar("calendar", tuple(days), book)
