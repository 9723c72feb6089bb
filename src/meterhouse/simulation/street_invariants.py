"""The invariants of design §4 that a street of this version can break, checked on what really happened.

The judges keep books of their own from events and from the meters' physical state; they never ask the account that they
judge how it got there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import DAY, HALF_HOUR, Event, Fuel, Instant, day_start, isoformat
from meterhouse.simulation.gas_invariants import GasPastCutoff, RefusedOrders
from meterhouse.simulation.invariants import Invariant
from meterhouse.store.vending import SqlVendingRecords

__all__ = ["Commands", "HalfHours", "LateHalfHours", "Money", "RatedBalances", "Restorations", "street_invariants"]

_ALL: Final = 10_000_000


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
    kinds = ("valve.opened", "valve.closed", "button.pressed", "token.accepted", "switch.")

    def __init__(self, street: LiveStreet) -> None:
        self._home = street.site_of_source()
        self._hand: set[str] = set()
        self._armed: set[str] = set()

    def observe(self, event: Event) -> Iterable[str]:
        """A hand is a pressed button or a token typed on the keypad, after the closing."""
        home = self._home.get(event.source)
        if home is None:
            return
        if event.kind.startswith("switch."):
            yield from self._switch(event, home)
            return
        by_keypad = event.kind == "token.accepted" and event.fields.get("way") == "keypad"
        by_button = event.kind == "button.pressed" or event.fields.get("reason") == "button"
        if by_button or by_keypad:
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


class RatedBalances:
    """6 (money): balance = opening + credited − the exact cost of the meter's own half hours, to the last unit."""

    name = "balances equal the reference ledger"
    number = 6
    kinds = ("tariff.set",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._tariffs: defaultdict[str, list[tuple[int, int, int, int]]] = defaultdict(list)

    def observe(self, event: Event) -> Iterable[str]:
        """A tariff that a hub has taken: it holds for half hours that begin at `from_ms` or later."""
        words = ("from_ms", "price_money5", "standing_charge_money5", "cv_kj_m3")
        begins, price, day, cv = (event.fields[word] for word in words)
        assert isinstance(begins, int)
        assert isinstance(price, int)
        assert isinstance(day, int)
        assert isinstance(cv, int)
        self._tariffs[event.source].append((begins, price, day, cv))
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """Rate the gas meter's log anew, in fractions, and compare."""
        del now
        for site in self._street.sites.values():
            account = site.hub.account
            if account is None or account.charged_until is None or site.gas is None or site.plan.gas is None:
                continue
            expected = account.opening + account.credited - self._cost(site, account.charged_until)
            if account.balance != expected:
                yield f"home {site.plan.home} has {account.balance}, the reference ledger {expected}"

    def _cost(self, site: HomeSite, until: Instant) -> int:
        """Tariff by tariff: the half hours between two changes, each rated as one volume."""
        assert site.gas is not None
        assert site.plan.gas is not None
        gas = site.plan.gas
        rows = site.gas.backlog.log.between(Instant(0), until)
        changes = [(0, gas.price, gas.standing_charge, gas.cv), *self._tariffs[site.hub.name]]
        ends = [begins for begins, *_ in changes[1:]] + [until]
        energy, days, last = Fraction(0), 0, rows[0]
        for (_, price, standing_charge, cv), end in zip(changes, ends, strict=True):
            inside = [row for row in rows if last.end < row.end <= end]
            if not inside:
                continue
            kwh = Fraction(inside[-1].register - last.register, 1000) * Fraction(102264, 100000) * cv / 3600
            energy += kwh * price
            days += standing_charge * (inside[-1].end // DAY - last.end // DAY)
            last = inside[-1]
        return floor(energy) + days


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
        RefusedOrders(street),
        RatedBalances(street),
        half_hours,
        Commands(street),
    )
