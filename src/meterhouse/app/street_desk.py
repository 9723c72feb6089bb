"""The desk of a live street: what console and REST API ask, answered from its machines and its books."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from meterhouse.app.debt_history import DebtHistory, debt_history
from meterhouse.app.desk import (
    ButtonPress,
    DisplayView,
    GasTerms,
    HandAnswer,
    HomeDetail,
    HomeView,
    KeyIn,
    LinkWeek,
    MeterView,
    PaymentMode,
    Receipt,
    Stage,
    StageName,
    Supply,
)
from meterhouse.app.hand_desk import displays, key_in_meter, read_in, reopen_code
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import DAY, HALF_HOUR, DayProfile, Eui64, Fuel, Instant, Money, StorageError, day_start
from meterhouse.premises.prepay import UNUSED_BLOCK, PrepayAccount
from meterhouse.rules import NO_LIMIT_LITRES
from meterhouse.supplier.headend import GasLinkView
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

    async def key_in(self, home: str, token: str) -> KeyIn:
        """Type a token on the hub's keypad."""
        return self._street.key_in(home, token)

    async def select_emergency(self, home: str) -> KeyIn:
        """Select emergency credit on the hub's keypad."""
        return self._street.select_emergency(home)

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
        if fuel is Fuel.ELECTRICITY:
            supply = self._street.press_electricity(home)
            said = {
                Supply.ON: "The electricity is on.",
                Supply.OFF: "The supply is not armed: nothing to restore.",
            }.get(supply, "The supply is armed.")
            return ButtonPress(supply, said)
        before = self._street.gas_supply(site)
        supply = self._street.press_gas(home)
        return ButtonPress(supply, _gas_said(before, supply, link_ok=site.gas is not None and site.gas.comms_ok))

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
        meters = [self._electricity(site)]
        if site.gas is not None:
            meters.append(self._gas(site))
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

    def _electricity(self, site: HomeSite) -> MeterView:
        link_ok, read_at = site.hub.electricity_link
        supply = self._street.electricity_supply(site)
        why = {
            Supply.ARMED: "Armed by the supplier. Press the button on the meter to restore the supply.",
            Supply.OFF: "Disconnected. Ask your supplier.",
        }.get(supply, "")
        return MeterView(
            fuel=Fuel.ELECTRICITY,
            serial=site.serial(Fuel.ELECTRICITY),
            mode=PaymentMode.CREDIT,
            supply=supply,
            register=site.hub.electricity[0] if site.hub.electricity else site.electricity.register_wh,
            link_ok=link_ok,
            last_contact=read_at,
            why=why,
        )

    def _gas(self, site: HomeSite) -> MeterView:
        mirror, account, gas = site.hub.mirror, site.hub.account, site.gas
        assert mirror is not None
        assert gas is not None
        report = mirror.report
        supply = self._street.gas_supply(site)
        currency = self._street.plan.currency
        register = gas.volume_l if report is None else report.volume_l
        # Where the hub's balance ends: the meter itself may not have heard yet of credit that has just come.
        cutoff = gas.cutoff_l if account is None or account.charged is None else account.cutoff()
        low = report is not None and report.low_credit and cutoff - register < gas.settings.low_credit_threshold_l
        debt = None if account is None or account.debt_note is None else Money(account.debt_note, currency)
        return MeterView(
            fuel=Fuel.GAS,
            serial=site.serial(Fuel.GAS),
            mode=PaymentMode.CREDIT if account is None else PaymentMode.PREPAY,
            supply=supply,
            register=register,
            link_ok=not mirror.link_failed,
            last_contact=mirror.heard_at,
            balance=None if account is None else Money(account.balance, currency),
            debt=debt,
            cutoff_l=None if account is None or cutoff >= NO_LIMIT_LITRES else cutoff,
            countdown=mirror.countdown,
            low_credit=low,
            why=_gas_why(supply, link_ok=gas.comms_ok),
            valve=gas.settings.has_valve,
            mains=gas.settings.mains,
            terms=None if account is None else _terms(account, currency, self.now()),
            link_week=_link_week(self._street.head_end.links.view(site.names.hub)),
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


def _terms(account: PrepayAccount, currency: str, now: Instant) -> GasTerms:
    tariff, limits = account.tariff_in_force, account.limits
    left = limits.emergency + min(account.balance, 0) if account.emergency_active else limits.emergency
    return GasTerms(
        price=Money(account.price_now, currency),
        standing_charge=Money(tariff.standing_charge, currency),
        cv=tariff.cv,
        rates=len(set(tariff.rates)),
        blocks=1 + sum(threshold < UNUSED_BLOCK for threshold in tariff.thresholds_wh),
        emergency="in use" if account.emergency_active else ("offered" if account.emergency else "none"),
        emergency_limit=Money(limits.emergency, currency),
        emergency_left=Money(max(left, 0), currency),
        emergency_below=Money(limits.emergency_threshold, currency),
        low_below=Money(limits.low, currency),
        friendly_now=account.friendly_at(now),
        friendly_half_hours=sum(day.bit_count() for day in account.friendly),
    )


def _link_week(view: GasLinkView | None) -> LinkWeek | None:
    if view is None:
        return None
    down = view.down_for // HALF_HOUR if view.failed else 0
    return LinkWeek(view.read_at, view.availability_permille, view.misses_week, down, view.ticket)


def _amounts(profile: DayProfile) -> list[tuple[Instant, int | None]]:
    day = profile.day
    return [(Instant(day + slot * HALF_HOUR), amount) for slot, amount in enumerate(profile.intervals(), 1)]


def _gas_why(supply: Supply, *, link_ok: bool) -> str:
    if supply is Supply.ARMED and not link_ok:
        return "The link between hub and meter is down. Press the button on the gas meter to restore the gas for now."
    if supply is Supply.ARMED:
        return (
            "Credit is in. Make sure every appliance is off, then press the button on the gas meter to restore the gas."
        )
    if supply is Supply.OFF and not link_ok:
        return "The link between hub and meter is down, and the time allowed without it has ended. Ask your supplier."
    if supply is Supply.OFF:
        return "The credit is used up. Buy credit, or type a token on the hub's keypad."
    return ""


def _gas_said(before: Supply, after: Supply, *, link_ok: bool) -> str:
    if after is Supply.ON:
        return "The gas was on already." if before is Supply.ON else "The gas is on."
    if after is Supply.ARMED:
        return "The meter is calling its hub; the gas comes on within seconds."
    return "There is no credit: the gas stays off." if link_ok else "The link is down and no time is left on it."


def _receipt(vend: Vend, stages: Sequence[StageRecord]) -> Receipt:
    return Receipt(
        request=vend.request_id,
        account=vend.account_id,
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
