"""What has happened in one meter, until somebody asks."""

from __future__ import annotations

from collections.abc import Mapping

from meterhouse.model import Event, Instant
from meterhouse.premises.gas_meter.supply import Supply

__all__ = ["Journal"]


class Journal:
    """Events in order. The supply does not know the time; what it did is stamped when it is drained."""

    __slots__ = ("_events", "_source", "_supply")

    def __init__(self, source: str, supply: Supply) -> None:
        self._source = source
        self._supply = supply
        self._events: list[Event] = []

    def tell(self, now: Instant, kind: str, fields: Mapping[str, object]) -> None:
        """Add an event, after all that the supply did before it."""
        self.drain(now)
        self._events.append(Event(now, self._source, kind, dict(fields)))

    def drain(self, now: Instant) -> None:
        """Take over what the supply did."""
        happened = self._supply.happened
        if happened:
            self._events += [Event(now, self._source, kind, fields) for kind, fields in happened]
            happened.clear()

    def take(self) -> list[Event]:
        """Hand out, and forget, all events."""
        events, self._events = self._events, []
        return events
