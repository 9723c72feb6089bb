"""Codes typed at the electricity meter: the way back that needs no network (S0-74)."""

from __future__ import annotations

from enum import Enum
from hmac import compare_digest
from typing import Final

from meterhouse.companion.arm_code import ARM_CODE_DIGITS, ARM_NUMBER_LIMIT, arm_code, arm_code_key
from meterhouse.companion.sealed import Hindrance
from meterhouse.model import HOUR, Duration, Eui64, Instant, StorageError
from meterhouse.premises.electricity_meter.supply_switch import ControlState
from meterhouse.premises.orders import OrderGate

__all__ = ["ArmKeypad", "ArmVerdict"]

_WRONG_BEFORE_LOCK: Final = 5
_LOCKED_FOR: Final = HOUR


class ArmVerdict(Enum):
    """What the meter says to a code; the value is for the person."""

    ACCEPTED = "Press the button: it brings the supply back."
    NO_CODES = "This meter takes no codes."
    ON = "The supply is on, or the button alone brings it back."
    BACK_FEED = "There is voltage in the house while the supply is off. Switch off what makes it, and try again."
    NO_CREDIT = (
        "There is no credit. Top up first, and type this code again where the button does not bring the supply back."
    )
    WRONG = "This code is not for this meter and the number that it shows."
    LOCKED = "Too many wrong codes: try again in an hour."
    UNKEPT = "The meter could not write it down. Ask for the code of the number that it shows now."


class ArmKeypad:
    """Which number the meter shows, and how many wrong codes were typed; in run time, which nobody can set.

    Args:
        device: the meter.
        key: of its codes (`companion.arm_code`); empty where it takes none.

    Attributes:
        number: that the meter shows.
    """

    __slots__ = ("_device", "_key", "_locked_until", "_wrong", "number")

    def __init__(self, device: Eui64, key: bytes) -> None:
        self._device = device
        self._key = key
        self.number = 0
        self._wrong = 0
        self._locked_until: Duration = 0

    def enter(
        self,
        code: str,
        gate: OrderGate,
        switch: ControlState,
        now: Instant,
        *,
        back_feed: bool,
        no_credit: bool = False,
    ) -> ArmVerdict:
        """Take a code. It arms a switch that is off, and counts as used before it does."""
        if not self._key:
            return ArmVerdict.NO_CODES
        if switch is not ControlState.DISCONNECTED:
            return ArmVerdict.ON
        if back_feed:
            return ArmVerdict.BACK_FEED
        if no_credit:
            return ArmVerdict.NO_CREDIT
        lived = gate.run.at(now)
        if lived < self._locked_until:
            return ArmVerdict.LOCKED
        try:
            if self._is_right(code, gate):
                self.number, self._wrong = (self.number + 1) % ARM_NUMBER_LIMIT, 0
                gate.cut.drop(Hindrance.STATE, now)
                return ArmVerdict.ACCEPTED if gate.arm.by_code(now) is Hindrance.NONE else ArmVerdict.ON
            self._wrong += 1
            if self._wrong >= _WRONG_BEFORE_LOCK:
                self._wrong, self._locked_until = 0, lived + _LOCKED_FOR
            gate.keep(now)  # a power cut gives no more tries
        except StorageError:
            return ArmVerdict.UNKEPT
        return ArmVerdict.WRONG

    def _is_right(self, code: str, gate: OrderGate) -> bool:
        gained = gate.trust.gained
        key = self._key if gained is None else arm_code_key(gate.trust.agreement, gained, self._device)
        digits = len(code) == ARM_CODE_DIGITS and code.isascii() and code.isdigit()
        return digits and compare_digest(code, arm_code(key, self._device, self.number))

    def state(self) -> dict[str, int]:
        """For the record of orders."""
        return {"code_number": self.number, "code_wrong": self._wrong, "code_locked": self._locked_until}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from it."""
        self.number, self._wrong = state.get("code_number", 0), state.get("code_wrong", 0)
        self._locked_until = state.get("code_locked", 0)
