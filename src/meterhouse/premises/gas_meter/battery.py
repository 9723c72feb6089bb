"""The battery of a gas meter, in microcoulombs: what sleep, radio and valve take from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import DAY, HALF_HOURS_A_DAY, Duration

__all__ = ["MAX_DAYS", "Battery", "BatteryModel"]

MAX_DAYS: Final = 9_999
"""No battery is promised for longer."""

_TYPICAL_TRANSMISSION: Final = 16
"""Time on the air of an ordinary report, ms."""

_TYPICAL_LISTENING: Final = 30
"""A hub answers long before the listen window ends."""


@dataclass(frozen=True, slots=True)
class BatteryModel:
    """What a battery holds and what each act takes; charges in µC (1 µA for 1 s).

    Attributes:
        capacity_uc: 19 Ah, one lithium D cell.
        sleep_ua: current while asleep, metrology included, µA.
        transmit_ua: current while transmitting, µA.
        listen_ua: current while listening, µA.
        valve_uc: charge of one movement of the valve.
    """

    capacity_uc: int = 19 * 3_600 * 1_000_000
    sleep_ua: int = 90
    transmit_ua: int = 45_000
    listen_ua: int = 18_000
    valve_uc: int = 500_000

    @property
    def daily_uc(self) -> int:
        """What an ordinary day takes: sleep and 48 reports, each acknowledged."""
        sleep = self.sleep_ua * DAY // 1_000
        radio = self.transmit_ua * _TYPICAL_TRANSMISSION + self.listen_ua * _TYPICAL_LISTENING
        return sleep + HALF_HOURS_A_DAY * radio // 1_000


class Battery:
    """How much one meter has used. A count, not a measurement: the radio's duty cycle can be judged by it (S0-116)."""

    __slots__ = ("_model", "used_uc")

    def __init__(self, model: BatteryModel, used_uc: int = 0) -> None:
        self._model = model
        self.used_uc = used_uc

    def sleep(self, duration: Duration) -> None:
        """Count `duration` ms asleep."""
        self.used_uc += self._model.sleep_ua * duration // 1_000

    def transmit(self, duration: Duration) -> None:
        """Count `duration` ms on the air."""
        self.used_uc += self._model.transmit_ua * duration // 1_000

    def listen(self, duration: Duration) -> None:
        """Count `duration` ms of listening."""
        self.used_uc += self._model.listen_ua * duration // 1_000

    def move_valve(self) -> None:
        """Count one movement of the valve."""
        self.used_uc += self._model.valve_uc

    @property
    def days_left(self) -> int:
        """Ordinary days that are left, at most MAX_DAYS."""
        return min(MAX_DAYS, max(0, self._model.capacity_uc - self.used_uc) // self._model.daily_uc)
