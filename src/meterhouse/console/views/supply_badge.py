"""The state of one supply as an icon, a word and a tone: never as a colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meterhouse.app.desk import HomeView, MeterView, Supply
from meterhouse.model import Fuel

__all__ = ["FUEL_ICONS", "FUEL_WORDS", "SupplyBadge", "Tone", "meter_of", "supply_badge", "worst_supply"]


class Tone(StrEnum):
    """The mood of a badge; the theme gives it a colour, and its word and icon say the same."""

    GOOD = "good"
    WAITING = "waiting"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class SupplyBadge:
    """What to draw. `icon` is a Material icon's name."""

    icon: str
    word: str
    tone: Tone


FUEL_ICONS: Final = {Fuel.ELECTRICITY: "bolt", Fuel.GAS: "local_fire_department"}
FUEL_WORDS: Final = {Fuel.ELECTRICITY: "Electricity", Fuel.GAS: "Gas"}

_BADGES: Final = {
    Supply.ON: SupplyBadge("check_circle", "On", Tone.GOOD),
    Supply.ARMED: SupplyBadge("touch_app", "Armed", Tone.WAITING),
    Supply.OFF: SupplyBadge("cancel", "Off", Tone.BAD),
    Supply.UNKNOWN: SupplyBadge("help", "Not known", Tone.QUIET),
}
_ABSENT: Final = SupplyBadge("remove", "Not fitted", Tone.QUIET)
_WORST_FIRST: Final = (Supply.OFF, Supply.ARMED, Supply.UNKNOWN)


def meter_of(home: HomeView, fuel: Fuel) -> MeterView | None:
    """The home's meter of that fuel; None in a home without it."""
    return next((meter for meter in home.meters if meter.fuel is fuel), None)


def supply_badge(meter: MeterView | None) -> SupplyBadge:
    """The badge of a meter; a quiet dash where the home doesn't have that fuel."""
    return _ABSENT if meter is None else _BADGES[meter.supply]


def worst_supply(home: HomeView) -> Supply:
    """Off before armed before not known before on, over the home's fuels."""
    states = {meter.supply for meter in home.meters}
    return next((state for state in _WORST_FIRST if state in states), Supply.ON)
