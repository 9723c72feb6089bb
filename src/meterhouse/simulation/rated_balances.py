"""The reference ledger: every prepay balance reckoned anew from the meter's own half hours, in fractions.

It is written apart from the rule-book that it judges and shares none of its arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.model import DAY, Event, Fuel, HalfHour, Instant
from meterhouse.simulation.prepaid_accounts import PrepaidAccount, prepaid_accounts

__all__ = ["RatedBalances"]

_BEGINNING: Final = Instant(0)
_Whose = tuple[str, Fuel]


@dataclass(frozen=True, slots=True)
class _Tariff:
    """The judge's own reading of a tariff event; `thresholds_wh` may be fewer than three; `cv` is 0 for electricity."""

    prices: list[int]
    rates: list[int]
    thresholds_wh: list[int]
    standing_charge: int
    cv: int

    def price(self, begins: Instant, used_wh: int) -> int:
        """Of the half hour that begins then, so much having been used in this tariff's time."""
        moment = datetime.fromtimestamp(begins // 1000, UTC)
        row = 48 * (moment.isoweekday() > 5) + 2 * moment.hour + moment.minute // 30
        block = sum(used_wh >= threshold for threshold in self.thresholds_wh)
        return self.prices[4 * self.rates[row] + block]

    @property
    def kwh(self) -> tuple[int, int]:
        """In one unit of the register, as a fraction: m³ × 1.02264 × CV / 3.6 for a litre, a thousandth for a Wh."""
        return (102264 * self.cv, 360_000_000_000) if self.cv else (1, 1000)


@dataclass(slots=True)
class _Rated:
    """What a home's half hours have come to so far, rounded nowhere."""

    tariff: _Tariff
    exact: bool = False
    used_wh: int = 0
    place: int = 0
    days: int = 0
    until: Instant = _BEGINNING
    pools: defaultdict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))

    def take(self, last: HalfHour, row: HalfHour, changes: Sequence[tuple[int, _Tariff]]) -> None:
        """The half hour between two rows of the meter's log, by the tariff of its own time."""
        while self.place < len(changes) and changes[self.place][0] <= last.end:
            self.tariff, self.used_wh = changes[self.place][1], 0
            self.place += 1
        above, below = self.tariff.kwh
        for step in self._steps(row.register - last.register, above, below):
            self.pools[above, below, self.tariff.price(last.end, self.used_wh)] += step
            self.used_wh += step * 1000 * above // below
        self.days += self.tariff.standing_charge * (row.end // DAY - last.end // DAY)
        self.until = row.end

    def _steps(self, amount: int, above: int, below: int) -> Iterable[int]:
        """All at once; or, where blocks change over at the unit, up to each threshold on the way."""
        while self.exact and amount:
            ahead = [threshold - self.used_wh for threshold in self.tariff.thresholds_wh if threshold > self.used_wh]
            if not ahead:
                break
            step = min(amount, ceil(Fraction(ahead[0] * below, 1000 * above)))
            yield step
            amount -= step
        yield amount

    @property
    def cost(self) -> int:
        """Of all of it, rounded down once."""
        pools = self.pools.items()
        exact = sum((Fraction(above * price * amount, below) for (above, below, price), amount in pools), Fraction(0))
        return floor(exact) + self.days


class RatedBalances:
    """6 (money): balance = opening + credited − the exact cost of the meter's own half hours, to the last unit."""

    name = "balances equal the reference ledger"
    number = 6
    kinds = ("tariff.set",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._tariffs: defaultdict[_Whose, dict[int, _Tariff]] = defaultdict(dict)
        self._rated: dict[_Whose, _Rated] = {}

    def observe(self, event: Event) -> Iterable[str]:
        """A tariff that an account has taken: it holds for half hours that begin at `from_ms` or later."""
        words = ("from_ms", "price_money5", "standing_charge_money5", "cv_kj_m3")
        begins, price, day, cv = (event.fields[word] for word in words)
        assert isinstance(begins, int)
        assert isinstance(price, int)
        assert isinstance(day, int)
        assert isinstance(cv, int)
        prices = [int(word) for word in str(event.fields["prices_money5"]).split()]
        assert prices[0] == price
        rates = [int(digit) for digit in str(event.fields["rates"])]
        thresholds = [int(word) for word in str(event.fields["thresholds_wh"]).split()]
        whose = event.source, Fuel(str(event.fields.get("fuel", Fuel.GAS)))
        self._tariffs[whose][begins] = _Tariff(prices, rates, thresholds, day, cv)
        self._rated.pop(whose, None)  # it may be about half hours that are rated already: all of them anew
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """Rate each meter's log anew, in fractions, and compare."""
        del now
        for site in self._street.sites.values():
            for one in prepaid_accounts(site):
                account = one.account
                if account.charged_until is None:
                    continue
                expected = account.opening + account.credited - self._cost(one, account.charged_until)
                if account.balance + account.provisional != expected:
                    yield f"home {one.home} has {account.balance} of {one.fuel}, the reference ledger {expected}"

    def _cost(self, one: PrepaidAccount, until: Instant) -> int:
        """Half hour by half hour: what was used, pooled by what it costs, then rated in fractions."""
        whose = one.machine, one.fuel
        done = self._rated.get(whose)
        if done is None or done.until > until:
            first = one.plan.tariff
            rows = [*first.prices], [*first.rates], [*first.thresholds_wh]
            opening = _Tariff(*rows, first.standing_charge, first.cv)
            done = self._rated[whose] = _Rated(opening, one.plan.exact_blocks)
        changes = sorted(self._tariffs[whose].items())
        for last, row in pairwise(one.log.between(done.until, until)):
            done.take(last, row, changes)
        return done.cost
