"""What a home uses, as a machine: it draws energy and gas through the meters, step by step, and has no port.

The last step of a half hour falls one millisecond before its end, so that a meter which closes its half hour at the end
has all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from meterhouse.model import HALF_HOUR, Event, Instant, Outgoing, half_hour_end
from meterhouse.premises.electricity_meter import ElectricityMeter
from meterhouse.premises.gas_meter import GasMeter

__all__ = ["Demand", "HomeLoad"]

Demand = Callable[[Instant], tuple[int, int]]
"""The end of a half hour to (Wh, litres) wanted in it."""

_LAST: Final = 1
"""ms before the end of the half hour."""


class HomeLoad:
    """The machine.

    Args:
        name: unique in its street.
        demand: what is wanted each half hour; with the supply off nothing is drawn, and it is not made up for later.
        electricity, gas: the meters; gas is None in a home without.
        steps: how many parts a half hour is drawn in.
        now: when it begins; the rest of the half hour under way is not drawn.
    """

    def __init__(
        self,
        name: str,
        demand: Demand,
        electricity: ElectricityMeter,
        gas: GasMeter | None,
        steps: int,
        now: Instant,
    ) -> None:
        self._name = name
        self._demand = demand
        self._electricity = electricity
        self._gas = gas
        self._steps = steps
        self._end = half_hour_end(Instant(now - 1))
        self._step = 0
        self._wanted = (0, 0)
        if self._end == now:
            self._begin(half_hour_end(now))
        else:
            self._step = steps
        self.drawn_wh = 0
        self.drawn_l = 0
        self._plan()

    def feed_from(self, electricity: ElectricityMeter, gas: GasMeter | None) -> None:
        """Draw through these meters from now on, after one was changed."""
        self._electricity, self._gas = electricity, gas

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._name

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Nobody talks to a load."""

    def outgoing(self) -> Iterable[Outgoing]:
        """Nothing."""
        return ()

    def events(self) -> Iterable[Event]:
        """Nothing: the meters tell."""
        return ()

    def deadline(self) -> Instant | None:
        """The next step."""
        return self._due

    def _plan(self) -> None:
        if self._step >= self._steps - 1:
            self._due = Instant(self._end - _LAST) if self._step < self._steps else self._end
        else:
            self._due = Instant(self._end - HALF_HOUR + HALF_HOUR * (self._step + 1) // self._steps)

    def elapse(self, now: Instant) -> None:
        """Draw all steps that are due."""
        while self._due <= now:
            if self._step >= self._steps:
                self._begin(Instant(self._end + HALF_HOUR))
            else:
                self._draw(now)
            self._plan()

    def _begin(self, end: Instant) -> None:
        self._end, self._step = end, 0
        self._wanted = self._demand(end)

    def _draw(self, now: Instant) -> None:
        """One part: parts add up to the whole exactly."""
        part, whole = self._step, self._steps
        wh, litres = self._wanted
        energy = wh * (part + 1) // whole - wh * part // whole
        volume = litres * (part + 1) // whole - litres * part // whole
        self._step += 1
        self.drawn_wh += self._electricity.use(energy, now)
        if self._gas is not None and volume:
            self.drawn_l += self._gas.pass_gas(volume, now)
