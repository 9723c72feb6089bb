"""Invariants about what a gas meter lets flow, and about orders that it or a hub refuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import Event, Instant
from meterhouse.supplier.vending import StageName

__all__ = ["CutoffWithinMeans", "GasPastCutoff", "RefusedOrders"]

_VENDS: Final = 100_000
_FRIENDLY_MOST_L: Final = 27_000
"""A day's friendly window, as decision 008 states it: the judge has a figure of its own."""


class GasPastCutoff:
    """3: with the link down, gas past the cut-off flows for at most one full delay per positive balance.

    Looked at each half hour that a gas meter missed its hub. Also: through a closed valve flows none.
    """

    name = "one delay per positive balance"
    number = 3
    kinds = ("report.missed", "cutoff.written", "valve.closed", "valve.opened")

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._homes = _homes_by_gas_meter(street)
        self._half_hours: defaultdict[str, int] = defaultdict(int)
        self._volume: dict[str, int] = {}
        self._closed_at: dict[str, int] = {}

    def observe(self, event: Event) -> Iterable[str]:
        """Count the half hours with gas past the cut-off; a contact with a positive balance starts the count anew."""
        home = self._homes.get(event.source)
        if home is None:
            return
        site = self._street.sites[home]
        gas = site.gas
        if gas is None or site.plan.gas is None:
            return
        if event.kind == "cutoff.written":
            if site.hub.account is not None and site.hub.account.balance > 0:
                self._half_hours[home] = 0
        elif event.kind == "report.missed":
            self._half_hours[home] += gas.volume_l > max(gas.cutoff_l, self._volume.get(home, 0))
            if self._half_hours[home] > site.plan.gas.no_comms_half_hours:
                yield f"home {home} had gas past its cut-off for more than one delay on one balance"
        elif event.kind == "valve.closed":
            self._closed_at[home] = gas.volume_l
        elif self._closed_at.pop(home, gas.volume_l) != gas.volume_l:
            yield f"gas flowed through the closed valve of home {home}"
        self._volume[home] = gas.volume_l

    def check(self, now: Instant) -> Iterable[str]:
        """Valves that are still closed have let nothing through."""
        del now
        for site in self._street.sites.values():
            if site.gas is not None and self._closed_at.get(site.plan.home, site.gas.volume_l) != site.gas.volume_l:
                yield f"gas flowed through the closed valve of home {site.plan.home}"


class CutoffWithinMeans:
    """3, the other half: a meter is never told a cut-off beyond what its account can buy and a friendly window allows.

    Looked at whenever a meter has taken one. What can be bought is reckoned at the cheapest price of the tariff, in
    fractions; a home whose gas is free has no limit.
    """

    name = "no gas without end"
    number = 3
    kinds = ("cutoff.written",)

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._homes = _homes_by_gas_meter(street)

    def observe(self, event: Event) -> Iterable[str]:
        """Compare what was written with the account's means."""
        home = self._homes.get(event.source)
        if home is None:
            return
        site = self._street.sites[home]
        cutoff = event.fields["cutoff_l"]
        assert isinstance(cutoff, int)
        account = site.hub.account
        if site.gas is None or account is None or min(account.prices) == 0:
            return
        means = max(account.balance + account.emergency_limit, 0)
        bought = means * 3_600 * 100_000 * 1_000 // (102_264 * account.cv * min(account.prices)) + 1
        if cutoff > site.gas.volume_l + bought + _FRIENDLY_MOST_L:
            yield f"home {site.plan.home} at {site.gas.volume_l} l was told {cutoff} l, and can buy {bought} l"

    def check(self, now: Instant) -> Iterable[str]:
        """Nothing more at the end of a day."""
        del now
        return ()


class RefusedOrders:
    """4, as far as this version has orders: a refused one changes nothing, is recorded, and is told with its reason."""

    name = "refused orders change nothing and are told"
    number = 4
    kinds = ("order.refused", "cutoff.written", "valve.")

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._homes = _homes_by_gas_meter(street)
        self._state = {name: _cutoff_and_valve(street.sites[home]) for name, home in self._homes.items()}

    def observe(self, event: Event) -> Iterable[str]:
        """A gas meter that refuses has it in its log, and its cut-off and valve as they were."""
        home = self._homes.get(event.source)
        if home is None:
            return
        site = self._street.sites[home]
        if site.gas is None:
            return
        state = _cutoff_and_valve(site)
        if event.kind == "order.refused":
            if not any(one.at == event.at and one.what == event.fields.get("reason") for one in site.gas.refusals):
                yield f"the gas meter of home {site.plan.home} refused an order and has no record of it"
            if state != self._state[event.source]:
                yield f"an order that the gas meter of home {site.plan.home} refused changed its state"
        self._state[event.source] = state

    def check(self, now: Instant) -> Iterable[str]:
        """Every payment whose token was refused says why."""
        del now
        for vend, stages in self._street.books.vends(_VENDS):
            if any(one.name is StageName.REFUSED and not one.reason for one in stages):
                yield f"payment {vend.request_id} ended as refused without a reason"


def _homes_by_gas_meter(street: LiveStreet) -> dict[str, str]:
    """Meter names to home ids; never the sites themselves, whose hubs may be others tomorrow."""
    return {site.gas.name: home for home, site in street.sites.items() if site.gas is not None}


def _cutoff_and_valve(site: HomeSite) -> tuple[int, int]:
    assert site.gas is not None
    return site.gas.cutoff_l, site.gas.valve
