"""The people of a street, as far as a plan says how they behave: they look, pay, type tokens, press buttons.

They know only what a person at home knows: the hub's display and the meter's valve.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from meterhouse.app.desk import Supply
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import MINUTE, Duration, Instant, Money, PolicyError

__all__ = ["Customers"]

_NETWORK: Final = "shop"
_WAITS_FOR_CREDIT: Final = 90 * MINUTE
"""Who has paid does not pay again before the token had time to come."""


@dataclass(slots=True)
class _Person:
    home: str
    paid: int = 0
    paid_at: Instant | None = None
    token: str | None = None
    """Still to be typed."""
    armed_since: Instant | None = None


class Customers:
    """Call `look` every LOOKS ms of the street's time."""

    LOOKS: Final[Duration] = 10 * MINUTE

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._people = [_Person(home) for home, site in street.sites.items() if site.account]

    def look(self, now: Instant) -> None:
        """Everybody looks at the hub, and does what they do."""
        for person in self._people:
            # Asked for anew each time: another hub may stand there than yesterday.
            site = self._street.sites[person.home]
            self._pay(person, site, now)
            self._type(person, site)
            self._press(person, site, now)

    def _pay(self, person: _Person, site: HomeSite, now: Instant) -> None:
        habits, account = site.plan.customer, site.hub.account
        if habits.pay_below is None or account is None or account.balance > habits.pay_below:
            return
        if person.paid_at is not None and now - person.paid_at < _WAITS_FOR_CREDIT:
            return
        person.paid += 1
        person.paid_at = now
        amount = Money(habits.pay, self._street.plan.currency)
        try:
            receipt = self._street.pay(site.account, amount, f"{site.plan.home}-{now}", _NETWORK)
        except PolicyError:
            return  # refused at the counter, which has said why; comes again when the token would have been due
        if habits.keypad and receipt.token:
            person.token = receipt.token

    def _type(self, person: _Person, site: HomeSite) -> None:
        # A hub without power takes no token: the slip is kept until its display is on again.
        if person.token is not None and self._street.driver.runs(site.hub):
            token, person.token = person.token, None
            self._street.key_in(person.home, token)

    def _press(self, person: _Person, site: HomeSite, now: Instant) -> None:
        if site.plan.customer.pay_below is None or self._street.gas_supply(site) is not Supply.ARMED:
            person.armed_since = None
            return
        if person.armed_since is None:
            person.armed_since = now
        if now - person.armed_since >= site.plan.customer.presses_after_min * MINUTE:
            person.armed_since = now  # who pressed in vain comes back after as long again
            with suppress(PolicyError):
                self._street.press_gas(person.home)
