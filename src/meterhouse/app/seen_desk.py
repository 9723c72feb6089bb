"""A street's desk as somebody in one role sees it: what the privacy matrix hides is not there (S3-17)."""

from __future__ import annotations

from dataclasses import replace

from meterhouse.app.debt_history import DebtHistory
from meterhouse.app.desk import (
    AccountPlace,
    ButtonPress,
    Desk,
    DisplayView,
    HandAnswer,
    HomeDetail,
    HomeView,
    KeyIn,
    MeterView,
    Receipt,
    Supply,
)
from meterhouse.app.sight import Sight, SightError, event_seen
from meterhouse.model import Fuel, Instant, Money
from meterhouse.supplier.trust import DataKind

__all__ = ["SeenDesk"]

_MONEY = (DataKind.PAYMENTS, DataKind.DEBT)


class SeenDesk:
    """A `Desk`. An act whose answer would tell what is not seen raises `SightError`, and nothing is done.

    Args:
        desk: of the whole street.
        sight: what is seen.
    """

    def __init__(self, desk: Desk, sight: Sight) -> None:
        self._desk = desk
        self._sight = sight

    def now(self) -> Instant:
        """See `Desk`."""
        return self._desk.now()

    def speed(self) -> int:
        """See `Desk`."""
        return self._desk.speed()

    async def homes(self) -> tuple[HomeView, ...]:
        """See `Desk`; homes of which nothing is seen are left out."""
        return tuple(self._home(view) for view in await self._desk.homes() if self._sight.sees_any(view.home))

    async def home(self, home: str) -> HomeDetail:
        """See `Desk`."""
        if not self._sight.sees_any(home):
            self._sight.require(home, *DataKind)
        found, sees = await self._desk.home(home), self._sight.sees
        return HomeDetail(
            self._home(found.view),
            found.half_hours if sees(DataKind.HALF_HOURS, home) else {},
            found.receipts if all(sees(kind, home) for kind in _MONEY) else (),
            tuple(each for each in found.events if event_seen(each.kind, home, self._sight)),
        )

    async def half_hours(
        self, home: str, fuel: Fuel, since: Instant | None = None, until: Instant | None = None
    ) -> tuple[tuple[Instant, int | None], ...]:
        """See `Desk`."""
        self._sight.require(home, DataKind.HALF_HOURS)
        return await self._desk.half_hours(home, fuel, since, until)

    async def pay(self, account: str, amount: Money, request: str, network: str) -> Receipt:
        """See `Desk`."""
        await self._require_account(account)
        return await self._desk.pay(account, amount, request, network)

    async def receipt(self, request: str) -> Receipt:
        """See `Desk`."""
        found = await self._desk.receipt(request)
        self._sight.require(found.home, *_MONEY)
        return found

    async def receipts(self, limit: int = 50) -> tuple[Receipt, ...]:
        """See `Desk`."""
        found = await self._desk.receipts(limit)
        return tuple(each for each in found if all(self._sight.sees(kind, each.home) for kind in _MONEY))

    async def debt_history(self, account: str) -> DebtHistory:
        """See `Desk`."""
        await self._require_account(account)
        return await self._desk.debt_history(account)

    async def key_in(self, home: str, token: str, place: AccountPlace = AccountPlace.HUB) -> KeyIn:
        """See `Desk`."""
        self._sight.require(home, DataKind.PAYMENTS)
        return await self._desk.key_in(home, token, place)

    async def select_emergency(self, home: str, fuel: Fuel | None = None) -> KeyIn:
        """See `Desk`."""
        self._sight.require(home, DataKind.PAYMENTS)
        return await self._desk.select_emergency(home, fuel)

    async def displays(self, home: str) -> tuple[DisplayView, ...]:
        """See `Desk`."""
        self._sight.require(home, DataKind.REGISTERS, DataKind.EVENTS, *_MONEY)
        return await self._desk.displays(home)

    async def read_in(self, home: str, register_l: int, check: str) -> HandAnswer:
        """See `Desk`."""
        self._sight.require(home, DataKind.REGISTERS)
        return await self._desk.read_in(home, register_l, check)

    async def reopen_code(self, home: str) -> HandAnswer:
        """See `Desk`."""
        self._sight.require(home, DataKind.REGISTERS, DataKind.PAYMENTS)
        return await self._desk.reopen_code(home)

    async def key_in_meter(self, home: str, code: str) -> HandAnswer:
        """See `Desk`."""
        self._sight.require(home, DataKind.REGISTERS)
        return await self._desk.key_in_meter(home, code)

    async def press_button(self, home: str, fuel: Fuel) -> ButtonPress:
        """See `Desk`."""
        self._sight.require(home, DataKind.EVENTS)
        pressed = await self._desk.press_button(home, fuel)
        if pressed.supply is not Supply.OFF or self._sight.sees(DataKind.PAYMENTS, home):
            return pressed
        return replace(pressed, said=f"The {fuel} stays off.")  # why, is what the home pays

    # inside ------------------------------------------------------------------------------------------------------

    def _home(self, view: HomeView) -> HomeView:
        home, sees = view.home, self._sight.sees
        told = replace(view, meters=tuple(self._meter(meter, home) for meter in view.meters))
        if not sees(DataKind.EVENTS, home):  # not known here: the line looks like any other
            told = replace(told, hub_online=True, last_collected=None, note="")
        return told if sees(DataKind.PAYMENTS, home) else replace(told, account="")

    def _meter(self, meter: MeterView, home: str) -> MeterView:
        sees = self._sight.sees
        if not sees(DataKind.REGISTERS, home):
            meter = replace(meter, register=None, cutoff_l=None, cutoff_wh=None)
        if not sees(DataKind.EVENTS, home):
            meter = replace(meter, supply=Supply.UNKNOWN, link_ok=True, last_contact=None, countdown=None)
            meter = replace(meter, link_week=None)
        if not sees(DataKind.PAYMENTS, home):
            meter = replace(meter, balance=None, low_credit=False, terms=None, why="", account="")
        return meter if sees(DataKind.DEBT, home) else replace(meter, debt=None)

    async def _require_account(self, account: str) -> None:
        homes = [view.home for view in await self._desk.homes() if account in view.accounts]
        if not homes and self._sight.viewer is not None and not self._sight.sees(DataKind.DEBT, ""):
            raise SightError(f"A console of the role {self._sight.viewer} does not see accounts.")
        for home in homes:
            self._sight.require(home, *_MONEY)
