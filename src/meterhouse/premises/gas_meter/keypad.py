"""Codes typed at the gas meter, and what its own display shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from meterhouse.companion.gas import NO_LIMIT_LITRES, ValveState, check_digits, code_grant
from meterhouse.model import HOUR, Instant
from meterhouse.premises.gas_meter.settings import GasMeterSettings
from meterhouse.premises.gas_meter.supply import Supply

__all__ = ["CodeVerdict", "Keypad", "MeterDisplay", "shown_by"]

_WRONG_BEFORE_LOCK: Final = 5
_LOCKED_FOR: Final = HOUR
"""Five guesses an hour of eight digits: two thousand years for an even chance."""
_CUBIC_METRE: Final = 1_000


class CodeVerdict(Enum):
    """What the meter says to a code; the value is for the person."""

    ACCEPTED = "The gas is on."
    NO_VALVE = "This meter has no valve."
    OPEN = "The gas is on already."
    LINK_WORKS = "The link to the hub works: press the button instead."
    WRONG = "This code is not for this meter and this reading."
    USED = "A code was used at this reading already."
    LOCKED = "Too many wrong codes: try again in an hour."


@dataclass(frozen=True, slots=True)
class MeterDisplay:
    """What stands on the meter itself; it knows no money (C-04).

    Attributes:
        volume_l: total register.
        check_digits: prove the register to the hub where it is keyed in by hand.
        remaining_l: left before the cut-off; None where there is none.
        countdown: half hours without communication that are left.
    """

    volume_l: int
    check_digits: str
    remaining_l: int | None
    valve: ValveState
    link_ok: bool
    countdown: int
    low_credit: bool


def shown_by(settings: GasMeterSettings, supply: Supply) -> MeterDisplay:
    """The display as the meter stands."""
    remaining = None if supply.cutoff_l >= NO_LIMIT_LITRES else max(0, supply.cutoff_l - supply.volume_l)
    return MeterDisplay(
        supply.volume_l,
        check_digits(settings.master_key, settings.address, supply.volume_l),
        remaining,
        supply.valve,
        supply.comms_ok,
        supply.countdown,
        supply.low_credit,
    )


class Keypad:
    """Takes the hub's code in place of its radio: opens a closed valve, off line, once for a reading."""

    __slots__ = ("_locked_until", "_settings", "_supply", "_used_at_l", "_wrong")

    def __init__(self, settings: GasMeterSettings, supply: Supply) -> None:
        self._settings = settings
        self._supply = supply
        self._wrong = 0
        self._locked_until = Instant(0)
        self._used_at_l = -1

    def enter(self, code: str, now: Instant) -> CodeVerdict:
        """Take a code. Nothing changes where it is refused, but the count of wrong ones."""
        supply, settings = self._supply, self._settings
        if not settings.has_valve:
            return CodeVerdict.NO_VALVE
        if supply.valve is ValveState.OPEN:
            return CodeVerdict.OPEN
        if supply.comms_ok:
            return CodeVerdict.LINK_WORKS
        if now < self._locked_until:
            return CodeVerdict.LOCKED
        granted_m3 = code_grant(settings.master_key, settings.address, supply.volume_l, code)
        if granted_m3 == 0:
            self._wrong += 1
            if self._wrong >= _WRONG_BEFORE_LOCK:
                self._wrong, self._locked_until = 0, Instant(now + _LOCKED_FOR)
            return CodeVerdict.WRONG
        if supply.volume_l == self._used_at_l:
            return CodeVerdict.USED
        self._wrong, self._used_at_l = 0, supply.volume_l
        supply.open_by_code(granted_m3 * _CUBIC_METRE)
        return CodeVerdict.ACCEPTED

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"wrong": self._wrong, "locked_until": self._locked_until, "used_at_l": self._used_at_l}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._wrong, self._locked_until = state["wrong"], Instant(state["locked_until"])
        self._used_at_l = state["used_at_l"]
