"""How a brake stands, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.companion.brake import Brake
from meterhouse.model import Instant

__all__ = ["BrakeView", "brake_view", "told_view"]


@dataclass(frozen=True, slots=True)
class BrakeView:
    """A brake, for people.

    Attributes:
        name: of the place.
        latched: whether it has tripped.
        why: what tripped it.
        trips: how often it has.
        released_by: whose word is there; one more opens it.
        hour: homes in the last hour, and how many may be.
        day: homes in the last 24 hours, and how many may be.
    """

    name: str
    latched: bool
    why: str
    trips: int
    released_by: tuple[str, ...]
    hour: tuple[int, int]
    day: tuple[int, int]


def brake_view(brake: Brake, now: Instant) -> BrakeView:
    """A brake, for people."""
    hour, day = brake.passed(now)
    return BrakeView(
        brake.name,
        brake.latched,
        brake.why,
        brake.trips,
        brake.released_by,
        (hour, brake.limits.an_hour),
        (day, brake.limits.a_day),
    )


def told_view(told: Mapping[str, Any]) -> BrakeView:
    """As the signing daemon tells it."""
    hour, day = told["hour"], told["day"]
    released = tuple(told["released_by"])
    return BrakeView(
        told["name"], told["latched"], told["why"], told["trips"], released, (hour[0], hour[1]), (day[0], day[1])
    )
