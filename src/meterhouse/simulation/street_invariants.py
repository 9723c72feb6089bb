"""The invariants of design §4 that a street of this version can break, checked on what really happened.

The judges keep books of their own from events and from the meters' physical state; they never ask the account that they
judge how it got there.
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
from meterhouse.app.site import HomeSite
from meterhouse.model import DAY, HALF_HOUR, Event, Fuel, HalfHour, Instant, day_start, isoformat
from meterhouse.simulation.gas_invariants import CutoffWithinMeans, GasPastCutoff, RefusedOrders
from meterhouse.simulation.invariants import Invariant
from meterhouse.store.vending import SqlVendingRecords

__all__ = ["Commands", "HalfHours", "LateHalfHours", "Money", "RatedBalances", "Restorations", "street_invariants"]

_ALL: Final = 10_000_000
_BEGINNING: Final = Instant(0)


class Money:
    """1: paid = to debt + in tokens, and value credited at the premises = tokens accepted, each once."""

    name = "money adds up"
    number = 1
    kinds = ("token.accepted",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._accepted: defaultdict[str, int] = defaultdict(int)
        self._seen: defaultdict[str, int] = defaultdict(int)

    def observe(self, event: Event) -> Iterable[str]:
        """Add up what the hubs say they accepted."""
        amount = event.fields["amount_money5"]
        assert isinstance(amount, int)
        self._accepted[event.source] += amount
        self._seen[event.source] += 1
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """The ledger balances, and each hub was credited with nothing but tokens sold to it, each at most once."""
        del now
        for breach in self._street.books.breaches():
            yield str(breach)
        sold = self._sold()
        for site in self._street.sites.values():
            account = site.hub.account
            if account is None:
                continue
            if account.credited != self._accepted[site.hub.name]:
                yield f"{site.hub.name} credited {account.credited}, accepted tokens of {self._accepted[site.hub.name]}"
            amounts = sold[site.plan.home]
            if self._seen[site.hub.name] > len(amounts):
                yield f"{site.hub.name} accepted {self._seen[site.hub.name]} tokens of {len(amounts)} sold"
            if account.credited > sum(amounts):
                yield f"{site.hub.name} was credited more than was ever sold to it"

    def _sold(self) -> defaultdict[str, list[int]]:
        """The values of all tokens ever sold, by home: one look at the book for the whole street."""
        vends = self._street.books.database.read(lambda tx: SqlVendingRecords(tx).newest(_ALL))
        sold: defaultdict[str, list[int]] = defaultdict(list)
        for vend in vends:
            if vend.token:
                sold[vend.home].append(vend.value.amount)
        return sold


class Restorations:
    """2: a supply that was closed for credit opens only after a hand on the spot."""

    name = "only a hand restores"
    number = 2
    kinds = ("valve.opened", "valve.closed", "button.pressed", "token.accepted", "emergency.selected", "switch.")

    def __init__(self, street: LiveStreet) -> None:
        self._home = street.site_of_source()
        self._hand: set[str] = set()
        self._armed: set[str] = set()

    def observe(self, event: Event) -> Iterable[str]:
        """A hand is a pressed button, or a token or emergency credit on the keypad, after the closing."""
        home = self._home.get(event.source)
        if home is None:
            return
        if event.kind.startswith("switch."):
            yield from self._switch(event, home)
            return
        by_keypad = event.kind == "token.accepted" and event.fields.get("way") == "keypad"
        by_button = event.kind == "button.pressed" or event.fields.get("reason") in {"button", "code"}
        if by_button or by_keypad or event.kind == "emergency.selected":
            self._hand.add(home)
        elif event.kind == "valve.closed":
            self._hand.discard(home)
        elif event.kind == "valve.opened" and event.source.startswith("gas_meter") and home not in self._hand:
            yield f"the valve of home {home} opened without a hand on the spot"

    def _switch(self, event: Event, home: str) -> Iterable[str]:
        if event.kind == "switch.armed":
            self._armed.add(home)
        elif event.kind == "switch.opened":
            self._armed.discard(home)
        elif home not in self._armed:
            yield f"the electricity of home {home} came back without having been armed"
        elif event.fields.get("by") != "hand":
            yield f"the electricity of home {home} came back by {event.fields.get('by')}, not by hand"

    def check(self, now: Instant) -> Iterable[str]:
        """Nothing more at the end of a day."""
        del now
        return ()


@dataclass(frozen=True, slots=True)
class _Tariff:
    """The judge's own reading of a tariff event; `thresholds_wh` may be fewer than three."""

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


@dataclass(slots=True)
class _Rated:
    """What a home's half hours have come to so far, rounded nowhere."""

    tariff: _Tariff
    exact: bool = False
    used_wh: int = 0
    place: int = 0
    days: int = 0
    until: Instant = _BEGINNING
    pools: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def take(self, last: HalfHour, row: HalfHour, changes: Sequence[tuple[int, _Tariff]]) -> None:
        """The half hour between two rows of the meter's log, by the tariff of its own time."""
        while self.place < len(changes) and changes[self.place][0] <= last.end:
            self.tariff, self.used_wh = changes[self.place][1], 0
            self.place += 1
        litres = row.register - last.register
        for step in self._steps(litres):
            self.pools[self.tariff.cv, self.tariff.price(last.end, self.used_wh)] += step
            self.used_wh += step * 102264 * self.tariff.cv // 360_000_000
        self.days += self.tariff.standing_charge * (row.end // DAY - last.end // DAY)
        self.until = row.end

    def _steps(self, litres: int) -> Iterable[int]:
        """All at once; or, where blocks change over at the litre, up to each threshold on the way."""
        while self.exact and litres:
            ahead = [threshold - self.used_wh for threshold in self.tariff.thresholds_wh if threshold > self.used_wh]
            if not ahead:
                break
            step = min(litres, ceil(Fraction(ahead[0] * 360_000_000, 102264 * self.tariff.cv)))
            yield step
            litres -= step
        yield litres


class RatedBalances:
    """6 (money): balance = opening + credited − the exact cost of the meter's own half hours, to the last unit."""

    name = "balances equal the reference ledger"
    number = 6
    kinds = ("tariff.set",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._tariffs: defaultdict[str, dict[int, _Tariff]] = defaultdict(dict)
        self._rated: dict[str, _Rated] = {}

    def observe(self, event: Event) -> Iterable[str]:
        """A tariff that a hub has taken: it holds for half hours that begin at `from_ms` or later."""
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
        self._tariffs[event.source][begins] = _Tariff(prices, rates, thresholds, day, cv)
        self._rated.pop(event.source, None)  # it may be about half hours that are rated already: all of them anew
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """Rate the gas meter's log anew, in fractions, and compare."""
        del now
        for site in self._street.sites.values():
            account = site.hub.account
            if account is None or account.charged_until is None or site.gas is None or site.plan.gas is None:
                continue
            expected = account.opening + account.credited - self._cost(site, account.charged_until)
            if account.balance + account.provisional != expected:
                yield f"home {site.plan.home} has {account.balance}, the reference ledger {expected}"

    def _cost(self, site: HomeSite, until: Instant) -> int:
        """Half hour by half hour: litres pooled by what they cost, then rated in fractions and rounded down once."""
        assert site.gas is not None
        assert site.plan.gas is not None
        name, gas = site.hub.name, site.plan.gas
        done = self._rated.get(name)
        if done is None or done.until > until:
            one = gas.tariff
            opening = _Tariff([*one.prices], [*one.rates], [*one.thresholds_wh], one.standing_charge, one.cv)
            done = self._rated[name] = _Rated(opening, gas.exact_blocks)
        changes = sorted(self._tariffs[name].items())
        for last, row in pairwise(site.gas.backlog.log.between(done.until, until)):
            done.take(last, row, changes)
        units = sum(litres * cv * price for (cv, price), litres in done.pools.items())
        return floor(Fraction(units * 102264, 1000 * 100000 * 3600)) + done.days


class HalfHours:
    """6 (readings): what the head end stored is what the meters measured, no half hour lost or counted twice."""

    name = "no half hour lost or doubled"
    number = 6
    kinds: tuple[str, ...] = ()

    def __init__(self, street: LiveStreet, patience_days: int = 2) -> None:
        self._street = street
        self._patience = patience_days
        self.days_checked = 0

    def observe(self, event: Event) -> Iterable[str]:
        """Not by event."""
        del event
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """The day that has had `patience_days` to arrive is whole and equal."""
        day = Instant(day_start(now) - self._patience * DAY)
        return self.day(day) if day >= self._street.plan.start else ()

    def day(self, day: Instant) -> Iterable[str]:
        """One day of every meter: stored as it was measured, or a sentence for each that is not."""
        for site in self._street.sites.values():
            for meter, fuel in site.fuels:
                log = site.electricity.log if fuel is Fuel.ELECTRICITY or site.gas is None else site.gas.backlog.log
                measured = {row.end: row.register for row in log.between(Instant(day + HALF_HOUR), Instant(day + DAY))}
                stored = self._street.books.day(meter, day)
                kept = {} if stored is None else {row.end: row.register for row in stored.rows}
                self.days_checked += bool(measured)
                wrong = sorted(end for end in measured.keys() | kept if measured.get(end) != kept.get(end))
                if wrong:
                    at = Instant(wrong[0])
                    yield f"home {site.plan.home} {fuel}: {len(wrong)} half hours differ, the first at {isoformat(at)}"


class LateHalfHours(HalfHours):
    """The same for a street whose links fail for days: judged once, when the weather has been fine for a while.

    Args:
        street: which.
        judged_at: the instant from which on every earlier day but the last must be whole and equal.
    """

    def __init__(self, street: LiveStreet, judged_at: Instant) -> None:
        super().__init__(street)
        self._judged_at = judged_at

    def check(self, now: Instant) -> Iterable[str]:
        """Nothing before its time; then every day."""
        if now < self._judged_at:
            return
        for day in range(self._street.plan.start, day_start(now) - 2 * DAY, DAY):
            yield from self.day(Instant(day))


class Commands:
    """7: every accepted order ends as done, refused or expired; none is older than its expiry and still open."""

    name = "every order ends"
    number = 7
    kinds: tuple[str, ...] = ()

    def __init__(self, street: LiveStreet) -> None:
        self._street = street

    def observe(self, event: Event) -> Iterable[str]:
        """Not by event."""
        del event
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """No open order is past its expiry by more than the head end's longest pause."""
        for order, expiry in self._street.books.open_orders():
            if now > expiry + 3 * 60 * 60 * 1000:
                yield f"order {order} expired at {isoformat(expiry)} and is still open"


def street_invariants(street: LiveStreet, judged_at: Instant | None = None) -> tuple[Invariant, ...]:
    """All of them, for one street; `judged_at` where its links fail for days, see `LateHalfHours`."""
    half_hours = HalfHours(street) if judged_at is None else LateHalfHours(street, judged_at)
    return (
        Money(street),
        Restorations(street),
        GasPastCutoff(street),
        CutoffWithinMeans(street),
        RefusedOrders(street),
        RatedBalances(street),
        half_hours,
        Commands(street),
    )
