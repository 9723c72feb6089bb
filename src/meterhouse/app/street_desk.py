"""The desk of a live street: what console and REST API ask, answered from its machines and its books."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from meterhouse.app.debt_history import DebtHistory, debt_history
from meterhouse.app.desk import (
    AccountPlace,
    ButtonPress,
    DisplayView,
    HandAnswer,
    HomeDetail,
    HomeView,
    KeyIn,
    Receipt,
    Stage,
    StageName,
)
from meterhouse.app.hand_desk import displays, key_in_meter, read_in, reopen_code
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.meter_views import electricity_said, electricity_view, gas_said, gas_view
from meterhouse.app.site import HomeSite
from meterhouse.model import DAY, HALF_HOUR, DayProfile, Eui64, Fuel, Instant, Money, StorageError, day_start
from meterhouse.supplier.vending import StageRecord, Vend

__all__ = ["StreetDesk"]

_DAYS_SHOWN: Final = 3
_FOR_EVER: Final = Instant(1 << 53)
_EVENTS_SHOWN: Final = 40
_RECEIPTS_SHOWN: Final = 20


class StreetDesk:
    """Implements `desk.Desk`. Runs in the street's own loop; nothing here waits for long."""

    def __init__(self, street: LiveStreet, speed: int) -> None:
        self._street = street
        self._speed = speed
        self._carrying = False

    def now(self) -> Instant:
        """The street's own time."""
        return self._street.driver.now

    def speed(self) -> int:
        """As asked for."""
        return self._speed

    async def homes(self) -> tuple[HomeView, ...]:
        """The street, in order."""
        return tuple(self._view(site) for site in self._street.sites.values())

    async def home(self, home: str) -> HomeDetail:
        """One home."""
        site = self._street.site(home)
        sources = [machine.name for machine in (site.hub, site.electricity, site.gas) if machine is not None]
        events = self._street.books.events_of(sources, _EVENTS_SHOWN)
        return HomeDetail(
            view=self._view(site),
            half_hours={fuel: self._half_hours(meter) for meter, fuel in site.fuels},
            receipts=tuple(_receipt(*vend) for vend in self._street.books.vends(_RECEIPTS_SHOWN, home)),
            events=tuple(events),
        )

    async def half_hours(
        self, home: str, fuel: Fuel, since: Instant | None = None, until: Instant | None = None
    ) -> tuple[tuple[Instant, int | None], ...]:
        """All that is stored between two instants."""
        site = self._street.site(home)
        meter = next((identity for identity, one in site.fuels if one is fuel), None)
        if meter is None:
            return ()
        first, last = since or Instant(0), until or _FOR_EVER
        profiles = self._street.books.days(meter, first, Instant(last - 1))
        return tuple(row for profile in profiles for row in _amounts(profile) if first < row[0] <= last)

    async def pay(self, account: str, amount: Money, request: str, network: str) -> Receipt:
        """Sell credit."""
        taken = asyncio.wrap_future(self._street.submit_payment(account, amount, request, network))
        taken.add_done_callback(self._taken)
        await asyncio.shield(taken)  # a caller who hangs up does not stop what the writer has begun
        return await self.receipt(request)

    async def receipt(self, request: str) -> Receipt:
        """A payment's receipt with its life line."""
        return _receipt(*self._street.books.vend(request))

    async def receipts(self, limit: int = 50) -> tuple[Receipt, ...]:
        """The newest payments."""
        return tuple(_receipt(*vend) for vend in self._street.books.vends(limit))

    async def debt_history(self, account: str) -> DebtHistory:
        """An account's debt."""
        return self._street.books.database.read(lambda tx: debt_history(tx, account))

    async def key_in(self, home: str, token: str, place: AccountPlace = AccountPlace.HUB) -> KeyIn:
        """Type a token on a keypad."""
        return self._street.key_in(home, token, place)

    async def select_emergency(self, home: str, fuel: Fuel | None = None) -> KeyIn:
        """Select emergency credit where the account is."""
        return self._street.select_emergency(home, fuel)

    async def displays(self, home: str) -> tuple[DisplayView, ...]:
        """Of hub and gas meter."""
        return displays(self._street, home)

    async def read_in(self, home: str, register_l: int, check: str) -> HandAnswer:
        """Type a reading on the hub."""
        return read_in(self._street, home, register_l, check)

    async def reopen_code(self, home: str) -> HandAnswer:
        """Ask the hub for a code."""
        return reopen_code(self._street, home)

    async def key_in_meter(self, home: str, code: str) -> HandAnswer:
        """Type a code on the gas meter."""
        return key_in_meter(self._street, home, code)

    async def press_button(self, home: str, fuel: Fuel) -> ButtonPress:
        """Press the restore button of a meter."""
        site = self._street.site(home)
        before = self._street.supply(site, fuel)
        if fuel is Fuel.ELECTRICITY:
            supply = self._street.press_electricity(home)
            return ButtonPress(supply, electricity_said(site, supply))
        supply = self._street.press_gas(home)
        return ButtonPress(supply, gas_said(before, supply, link_ok=site.gas is not None and site.gas.comms_ok))

    # inside ------------------------------------------------------------------------------------------------------

    def _taken(self, payment: asyncio.Future[Any]) -> None:
        if not payment.cancelled():
            payment.exception()  # seen: the caller is told of it, where there still is one
        if not self._carrying:  # payments of one commit end together, so one look at the outbox is enough for all
            self._carrying = True
            asyncio.get_running_loop().call_soon(self._carry)

    def _carry(self) -> None:
        self._carrying = False
        with suppress(StorageError):  # the payments are safe, and the hourly look finds their orders
            self._street.carry_orders()

    # views -------------------------------------------------------------------------------------------------------

    def _view(self, site: HomeSite) -> HomeView:
        meters = [electricity_view(self._street, site)]
        if site.gas is not None:
            meters.append(gas_view(self._street, site))
        collected = [self._street.books.last_half_hour(meter) for meter, _ in site.fuels]
        told = [at for at in collected if at is not None]
        return HomeView(
            home=site.plan.home,
            account=site.account,
            meters=tuple(meters),
            hub_online=site.hub.online,
            last_collected=min(told) if len(told) == len(collected) else None,
            note=site.plan.note,
        )

    def _half_hours(self, meter: Eui64) -> tuple[tuple[Instant, int | None], ...]:
        newest = self._street.books.last_half_hour(meter)
        if newest is None:
            return ()
        last = day_start(Instant(newest - 1))
        shown: list[tuple[Instant, int | None]] = []
        for back in range(_DAYS_SHOWN - 1, -1, -1):
            day = Instant(last - back * DAY)
            profile = self._street.books.day(meter, day)
            if profile is not None:
                shown += _amounts(profile)
        return tuple(shown)


def _amounts(profile: DayProfile) -> list[tuple[Instant, int | None]]:
    day = profile.day
    return [(Instant(day + slot * HALF_HOUR), amount) for slot, amount in enumerate(profile.intervals(), 1)]


def _receipt(vend: Vend, stages: Sequence[StageRecord]) -> Receipt:
    return Receipt(
        request=vend.request_id,
        account=vend.account_id,
        fuel=vend.fuel,
        home=vend.home,
        paid=vend.paid,
        to_debt=vend.to_debt,
        in_token=vend.in_token,
        debt_left=vend.debt_left,
        token=vend.token,
        made_at=vend.at,
        stages=tuple(_stage(stage) for stage in stages),
    )


def _stage(stage: StageRecord) -> Stage:
    return Stage(StageName(stage.name.value), stage.at, stage.reason)
