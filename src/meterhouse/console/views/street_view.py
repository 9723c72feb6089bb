"""The street page as texts: its summary and one line a home."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.desk import HomeView, PaymentMode, Supply
from meterhouse.console.views.supply_badge import SupplyBadge, Tone, meter_of, supply_badge, worst_supply
from meterhouse.console.views.words import NOTHING, age_text, clock_text, day_text, money_text, sum_text, time_text
from meterhouse.model import HALF_HOUR, Fuel, Instant, Money

__all__ = ["HomeLine", "StreetSummary", "home_line", "street_summary"]

_LATE: Final = 2 * HALF_HOUR
"""A gas meter speaks each half hour: one missed contact is a warning, in words and tone."""


@dataclass(frozen=True, slots=True)
class HomeLine:
    """One home on the street page. Texts only; the badges carry icon and word."""

    home: str
    electricity: SupplyBadge
    gas: SupplyBadge
    balance: str
    balance_hint: str
    low_credit: bool
    contact: str
    contact_late: bool
    collected: str
    hub: SupplyBadge
    note: str
    why: str


@dataclass(frozen=True, slots=True)
class StreetSummary:
    """The figures above the street; the four counts add up to the number of homes."""

    on: int
    armed: int
    off: int
    unknown: int
    credit: str
    clock: str
    speed: str


def home_line(home: HomeView, now: Instant, zone: tzinfo) -> HomeLine:
    """The line of one home at the street's time `now`."""
    prepaid = [meter for meter in home.meters if meter.mode is PaymentMode.PREPAY]
    balances = [meter.balance for meter in prepaid if meter.balance is not None]
    contacts = [meter.last_contact for meter in home.meters if meter.last_contact is not None]
    oldest = min(contacts) if len(contacts) == len(home.meters) and contacts else None
    return HomeLine(
        home=home.home,
        electricity=supply_badge(meter_of(home, Fuel.ELECTRICITY)),
        gas=supply_badge(meter_of(home, Fuel.GAS)),
        balance=" · ".join(money_text(balance) for balance in balances) if prepaid else "Pays by bill",
        balance_hint=_balance_hint(home),
        low_credit=any(meter.low_credit for meter in home.meters),
        contact=age_text(oldest, now),
        contact_late=oldest is None or now - oldest >= _LATE,
        collected=_moment(home.last_collected, zone),
        hub=_hub_badge(home),
        note=home.note,
        why=" ".join(meter.why for meter in home.meters if meter.why),
    )


def street_summary(homes: tuple[HomeView, ...], now: Instant, speed: int, zone: tzinfo) -> StreetSummary:
    """Counts by each home's worst supply, credit at the premises, and the street's clock."""
    counts = Counter(worst_supply(home) for home in homes)
    credit: list[Money] = [meter.balance for home in homes for meter in home.meters if meter.balance is not None]
    return StreetSummary(
        on=counts[Supply.ON],
        armed=counts[Supply.ARMED],
        off=counts[Supply.OFF],
        unknown=counts[Supply.UNKNOWN],
        credit=sum_text(credit),
        clock=clock_text(now, zone),
        speed=f"{speed} × real time" if speed != 1 else "real time",
    )


def _moment(at: Instant | None, zone: tzinfo) -> str:
    return "none yet" if at is None else f"{day_text(at, zone)} {time_text(at, zone)}"


def _balance_hint(home: HomeView) -> str:
    fuels = [meter.fuel.value for meter in home.meters if meter.mode is PaymentMode.PREPAY]
    return " · ".join(fuels) if len(fuels) != len(home.meters) else ""


def _hub_badge(home: HomeView) -> SupplyBadge:
    if not home.meters:
        return SupplyBadge("remove", NOTHING, Tone.QUIET)
    return (
        SupplyBadge("router", "Online", Tone.GOOD)
        if home.hub_online
        else SupplyBadge("cloud_off", "Offline", Tone.WAITING)
    )
