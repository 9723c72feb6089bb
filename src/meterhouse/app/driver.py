"""What drives a street's machines: the pump in real or paced time, the world in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from meterhouse.model import Event, Instant, Machine

__all__ = ["Driver"]

R = TypeVar("R")


class Driver(Protocol):
    """The part of `links.Pump` and `simulation.World` that a street uses."""

    @property
    def now(self) -> Instant:
        """The instant that the machines were told last."""

    def add(self, machine: Machine) -> None:
        """Take a machine in."""

    def runs(self, machine: Machine) -> bool:
        """Whether a machine has power."""

    def remove(self, machine: Machine) -> None:
        """Take a machine out: its links break."""

    def call(self, machine: Machine, act: Callable[[Instant], R]) -> R:
        """Do `act(now)` to a machine from outside, then drain it."""

    def at(self, instant: Instant, act: Callable[[Instant], None]) -> None:
        """Do `act(now)` at an instant."""

    def on_event(self, callback: Callable[[Event], None], prefix: str | tuple[str, ...] = "") -> None:
        """Tell `callback` of events."""
