"""The people of a street, as far as a plan says how they behave: they look, pay, type tokens, press buttons.

They know only what a person at home knows: the displays of hub and meters, valve and switch.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from meterhouse.app.desk import AccountPlace, Supply
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import MINUTE, Duration, Fuel, Instant, Money, PolicyError

__all__ = ["Customers"]

_NETWORK: Final = "shop"
_WAITS_FOR_CREDIT: Final = 90 * MINUTE
"""Who has paid does not pay again before the token had time to come."""


@dataclass(slots=True)
class _Purse:
    """What a person has in mind about one fuel of one home."""

    home: str
    fuel: Fuel
    paid_at: Instant | None = None
    token: str | None = None
    """Still to be typed."""
    armed_since: Instant | None = None


class Customers:
    """Call `look` every LOOKS ms of the street's time."""

    LOOKS: Final[Duration] = 10 * MINUTE

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._purses = [_Purse(home, fuel) for home, site in street.sites.items() for fuel in site.accounts]

    def look(self, now: Instant) -> None:
        """Everybody looks at the displays, and does what they do."""
        for purse in self._purses:
            # Asked for anew each time: another hub may stand there than yesterday.
            site = self._street.sites[purse.home]
            self._pay(purse, site, now)
            self._type(purse, site)
            self._press(purse, site, now)

    def _pay(self, purse: _Purse, site: HomeSite, now: Instant) -> None:
        habits, account = site.plan.customer, site.held(purse.fuel)
        if habits.pay_below is None or account is None or account.balance > habits.pay_below:
            return
        if purse.paid_at is not None and now - purse.paid_at < _WAITS_FOR_CREDIT:
            return
        purse.paid_at = now
        amount = Money(habits.pay, self._street.plan.currency)
        whose = site.plan.home if purse.fuel is Fuel.GAS else f"{site.plan.home}-{purse.fuel}"
        try:
            receipt = self._street.pay(site.accounts[purse.fuel], amount, f"{whose}-{now}", _NETWORK)
        except PolicyError:
            return  # refused at the counter, which has said why; comes again when the token would have been due
        if habits.keypad and receipt.token:
            purse.token = receipt.token

    def _type(self, purse: _Purse, site: HomeSite) -> None:
        # A keypad without power takes no token: the slip is kept until its display is on again.
        place = AccountPlace.HUB if site.address(purse.fuel).meter is None else AccountPlace.METER
        device = site.hub if place is AccountPlace.HUB else site.electricity
        if purse.token is not None and self._street.driver.runs(device):
            token, purse.token = purse.token, None
            self._street.key_in(purse.home, token, place)

    def _press(self, purse: _Purse, site: HomeSite, now: Instant) -> None:
        street = self._street
        supply = street.gas_supply(site) if purse.fuel is Fuel.GAS else street.electricity_supply(site)
        if site.plan.customer.pay_below is None or supply is not Supply.ARMED:
            purse.armed_since = None
            return
        if purse.armed_since is None:
            purse.armed_since = now
        if now - purse.armed_since >= site.plan.customer.presses_after_min * MINUTE:
            purse.armed_since = now  # who pressed in vain comes back after as long again
            with suppress(PolicyError):
                street.press(purse.home, purse.fuel)
