"""Invariants about prepaid electricity, wherever its account stands: what flows past a cut-off, and who arms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import HALF_HOUR, REGISTER_LIMIT_WH, Event, Instant
from meterhouse.simulation.prepaid_accounts import PrepaidAccount, prepaid_accounts

__all__ = ["ElectricityPastCutoff"]

_FRIENDLY_MOST_WH: Final = 134_000
"""A day's friendly window, as decision 008 states it for gas: 40 kWh at once and 2 for each further half hour."""


class ElectricityPastCutoff:
    """3, for electricity: past the cut-off flows nothing while the account is in reach, and one delay of it at most.

    Watched each half hour. Also: nothing flows through an open switch; credit arms only what it opened; and no meter is
    told a cut-off beyond what its account can buy, reckoned at the cheapest price, and a friendly window allows.
    """

    name = "one delay per positive balance"
    number = 3
    kinds = ("switch.",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._home = {site.electricity.name: home for home, site in street.sites.items()}
        self._past: defaultdict[str, int] = defaultdict(int)
        self._before: dict[str, tuple[int, int, tuple[int, bool]]] = {}
        self._opened: dict[str, tuple[int, str]] = {}

    def observe(self, event: Event) -> Iterable[str]:
        """A switch moved."""
        home = self._home.get(event.source)
        if home is None:
            return
        register, by = self._street.sites[home].electricity.register_wh, str(event.fields.get("by", ""))
        if event.kind == "switch.opened":
            self._opened[home] = register, by
        elif event.kind == "switch.armed":
            if by == "credit" and self._opened.get(home, (0, ""))[1] != "credit":
                yield f"credit armed the switch of home {home}, which something else had opened"
        elif event.kind == "switch.closed" and self._opened.pop(home, (register, ""))[0] != register:
            yield f"electricity flowed through the open switch of home {home}"

    def check(self, now: Instant) -> Iterable[str]:
        """A half hour is over."""
        for home, site in self._street.sites.items():
            meter = site.electricity
            if self._opened.get(home, (meter.register_wh, ""))[0] != meter.register_wh:
                yield f"electricity flowed through the open switch of home {home}"
            for one in prepaid_accounts(site):
                if one.log is meter.log and meter.credit is not None:
                    yield from self._past_cutoff(now, site, one)
                    yield from _beyond_means(site, one)

    def _past_cutoff(self, now: Instant, site: HomeSite, one: PrepaidAccount) -> Iterable[str]:
        """Half hours in which some flowed, the cut-off having been reached before them, and no means came in them."""
        home, meter, credit = site.plan.home, site.electricity, site.electricity.credit
        assert credit is not None
        means = one.account.credited, one.account.emergency_active
        register, cutoff, had = self._before.get(home, (meter.register_wh, credit.cutoff_wh, means))
        flowed = (meter.register_wh - register) % REGISTER_LIMIT_WH
        # A cut-off that lies where the register now is says nothing: an account without money shows just that.
        allowed = max(cutoff, credit.cutoff_wh) if credit.cutoff_wh > meter.register_wh else cutoff
        if credit.comms_ok and one.account.balance > 0:
            self._past[home] = 0
        elif flowed and register >= allowed and means == had and not _friendly(one, Instant(now - HALF_HOUR)):
            self._past[home] += 1
            if self._past[home] > (credit.delay or 0):
                yield f"home {home} had electricity past its cut-off for more than one delay on one balance"
        self._before[home] = meter.register_wh, credit.cutoff_wh, means


def _friendly(one: PrepaidAccount, begins: Instant) -> bool:
    moment = datetime.fromtimestamp(begins // 1000, UTC)
    return bool(one.account.friendly[moment.weekday()] >> (2 * moment.hour + moment.minute // 30) & 1)


def _beyond_means(site: HomeSite, one: PrepaidAccount) -> Iterable[str]:
    credit, account = site.electricity.credit, one.account
    cheapest = min(account.prices)
    if credit is None or not credit.comms_ok or cheapest == 0 or account.charged is None:
        return
    bought = max(account.balance + account.emergency_limit, 0) * 1_000 // cheapest + 1
    most = account.charged + bought + _FRIENDLY_MOST_WH
    if credit.cutoff_wh > most:
        yield f"home {one.home} at {account.charged} Wh was told {credit.cutoff_wh} Wh, and can buy {bought} Wh"
