"""Small streets on virtual time, for scenarios: a few homes, a steady demand, wires that a script can cut."""

from __future__ import annotations

from collections.abc import Callable

from meterhouse.app.street import parse_street
from meterhouse.model import DAY, HALF_HOUR, Event, Instant, Money, parse_instant
from meterhouse.simulation.street_world import StreetWorld

__all__ = ["START", "Scene", "steady"]

START = parse_instant("2026-01-05T00:00:00Z")

_HEAD = """
[street]
name = "Test Row"
start = 2026-01-05T00:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500
"""


def steady(wh: int = 200, litres: int = 60) -> Callable[[object, int], Callable[[Instant], tuple[int, int]]]:
    """The same in every half hour of every home."""
    return lambda _home, _number: lambda _end: (wh, litres)


class Scene:
    """A street world whose events are kept."""

    def __init__(self, *homes: str, seed: int = 1, wh: int = 200, litres: int = 60) -> None:
        tables = "".join(f'\n[[home]]\nid = "{number:02d}"\n{home}\n' for number, home in enumerate(homes, 1))
        self.plan = parse_street(_HEAD + tables)
        self.street_world = StreetWorld(self.plan, seed, steady(wh, litres))
        self.world, self.street = self.street_world.world, self.street_world.street
        self.wires = self.street_world.wires
        self.events: list[Event] = []
        self.world.on_event(self.events.append)

    def days(self, days: float) -> None:
        self.world.run(Instant(self.world.now + int(days * DAY)))

    def half_hours(self, count: int) -> None:
        self.world.run(Instant(self.world.now + count * HALF_HOUR))

    def pay(self, home: str = "01", amount: str = "20.00", request: str = "r1"):
        return self.street.pay(self.street.site(home).account, Money.parse(amount), request, "shop")

    def site(self, home: str = "01"):
        return self.street.site(home)

    def kinds(self, source: str = "") -> list[str]:
        return [event.kind for event in self.events if source in event.source]

    def broken(self) -> set[int]:
        """Numbers of the invariants that were broken."""
        return {violation.number for violation in self.world.violations}
