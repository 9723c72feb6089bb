"""The invariants of design §4 that a street of this version can break, checked on what really happened.

The judges keep books of their own from events and from the meters' physical state; they never ask the account that they
judge how it got there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.model import DAY, HALF_HOUR, Event, Fuel, Instant, day_start, isoformat
from meterhouse.simulation.gas_invariants import CutoffWithinMeans, GasPastCutoff, RefusedOrders
from meterhouse.simulation.invariants import Invariant
from meterhouse.simulation.prepaid_accounts import prepaid_accounts
from meterhouse.simulation.rated_balances import RatedBalances
from meterhouse.store.vending import SqlVendingRecords

__all__ = ["Commands", "HalfHours", "LateHalfHours", "Money", "Restorations", "street_invariants"]

_ALL: Final = 10_000_000


class Money:
    """1: paid = to debt + in tokens, and value credited at the premises = tokens accepted, each once."""

    name = "money adds up"
    number = 1
    kinds = ("token.accepted",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._accepted: defaultdict[tuple[str, Fuel], int] = defaultdict(int)
        self._seen: defaultdict[tuple[str, Fuel], int] = defaultdict(int)

    def observe(self, event: Event) -> Iterable[str]:
        """Add up what the accounts say they accepted."""
        amount = event.fields["amount_money5"]
        assert isinstance(amount, int)
        whose = event.source, Fuel(str(event.fields.get("fuel", Fuel.GAS)))
        self._accepted[whose] += amount
        self._seen[whose] += 1
        return ()

    def check(self, now: Instant) -> Iterable[str]:
        """The ledger balances, and each account was credited with nothing but tokens sold for it, each at most once."""
        del now
        for breach in self._street.books.breaches():
            yield str(breach)
        sold = self._sold()
        for site in self._street.sites.values():
            for one in prepaid_accounts(site):
                whose, credited = (one.machine, one.fuel), one.account.credited
                if credited != self._accepted[whose]:
                    yield f"{one.machine} credited {credited}, accepted {one.fuel} tokens of {self._accepted[whose]}"
                amounts = sold[one.home, one.fuel]
                if self._seen[whose] > len(amounts):
                    yield f"{one.machine} accepted {self._seen[whose]} {one.fuel} tokens of {len(amounts)} sold"
                if credited > sum(amounts):
                    yield f"{one.machine} was credited more {one.fuel} than was ever sold to it"

    def _sold(self) -> defaultdict[tuple[str, Fuel], list[int]]:
        """The values of all tokens ever sold, by home and fuel: one look at the book for the whole street."""
        vends = self._street.books.database.read(lambda tx: SqlVendingRecords(tx).newest(_ALL))
        fuels = {meter: fuel for site in self._street.sites.values() for meter, fuel in site.fuels}
        sold: defaultdict[tuple[str, Fuel], list[int]] = defaultdict(list)
        for vend in vends:
            if vend.token:
                sold[vend.home, fuels[vend.meter]].append(vend.value.amount)
        return sold


class Restorations:
    """2: a supply that was closed for credit opens only after a hand on the spot."""

    name = "only a hand restores"
    number = 2
    kinds = ("valve.opened", "valve.closed", "button.pressed", "token.accepted", "emergency.selected", "switch.")

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
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
        elif event.kind in {"switch.opened", "switch.disarmed"}:
            self._armed.discard(home)
        elif event.kind != "switch.closed":
            return
        elif home not in self._armed and not self._hub_is_silent(home):
            yield f"the electricity of home {home} came back without having been armed"
        elif event.fields.get("by") != "hand":
            yield f"the electricity of home {home} came back by {event.fields.get('by')}, not by hand"

    def _hub_is_silent(self, home: str) -> bool:
        """The button of figure 11: with the hub that holds the account out of reach, for as long as the countdown."""
        credit = self._street.sites[home].electricity.credit
        return credit is not None and not credit.comms_ok and credit.countdown > 0

    def check(self, now: Instant) -> Iterable[str]:
        """Nothing more at the end of a day."""
        del now
        return ()


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
