"""What the head end knows of each home's gas link: how long it is down, how often, and when somebody should look.

Fed by what is read at the hubs: once a day, and whenever a hub rings. A home's link gets a ticket when it misses too
many half hours in a week (S0-133), and loses it when a week has passed with fewer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterhouse.companion.hub_log import HubEvent, HubLogRow
from meterhouse.model import DAY, HALF_HOUR, SECOND, Duration, Eui64, Event, Instant

__all__ = ["GasLinkReading", "GasLinkView", "LinkWatch"]

_WEEK: Final = 7 * DAY
_KEPT: Final = 8 * DAY
"""A day more than a week, so that a week is always covered whole."""
_WHOLE: Final = 1_000
_NEVER: Final = Instant(0)


@dataclass(frozen=True, slots=True)
class GasLinkReading:
    """What a hub says of its gas link. Half hours.

    Attributes:
        full: how many without communication are allowed.
        left: how many of them are left.
        failed: whether the last report is missing.
        misses: reports that did not come, since the hub was new.
    """

    full: int
    left: int
    failed: bool
    misses: int


@dataclass(frozen=True, slots=True)
class GasLinkView:
    """A home's gas link, as the head end knows it.

    Attributes:
        read_at: when the hub was asked last.
        failed: whether the link was down then.
        down_for: how long by the countdown, ms: (full - left) half hours (S0-129). It counts on over contacts without
            credit, which don't refill the countdown; and it says no more than the full delay.
        misses_week: half hours missed in the week before.
        availability_permille: half hours heard of those in that week, in thousandths, rounded down.
        ticket: whether somebody should look at it.
    """

    read_at: Instant
    failed: bool
    down_for: Duration
    misses_week: int
    availability_permille: int
    ticket: bool


@dataclass(slots=True)
class _Link:
    """One home's."""

    reading: GasLinkReading
    samples: deque[tuple[Instant, int]] = field(default_factory=deque)
    number: int = 0
    row_at: Instant = _NEVER
    ticket: bool = False


class LinkWatch:
    """The gas links of all homes.

    Args:
        source: the name that its events bear.
        misses_for_ticket: half hours missed in a week that open a ticket.
    """

    def __init__(self, source: str = "head_end", misses_for_ticket: int = 24) -> None:
        self._source = source
        self._limit = misses_for_ticket
        self._links: dict[Eui64, _Link] = {}
        self._events: list[Event] = []

    def rows_from(self, hub: Eui64) -> Instant:
        """From when on the hub's log is to be read."""
        link = self._links.get(hub)
        return Instant(0) if link is None else link.row_at

    def take(self, hub: Eui64, reading: GasLinkReading, rows: Sequence[HubLogRow], now: Instant) -> None:
        """Take what one call at a hub has read: its countdown, and the rows of its log from `rows_from` on."""
        link = self._links.setdefault(hub, _Link(reading))
        link.reading = reading
        if not link.samples or now > link.samples[-1][0]:
            link.samples.append((now, reading.misses))
        while link.samples[0][0] < now - _KEPT:
            link.samples.popleft()
        for row in rows:
            self._row(hub, link, row)
        misses = self._misses(link, now)
        if link.ticket != (misses >= self._limit):
            link.ticket = not link.ticket
            kind = "link_ticket.opened" if link.ticket else "link_ticket.closed"
            self._events.append(Event(now, self._source, kind, {"hub": str(hub), "misses_week": misses}))

    def _row(self, hub: Eui64, link: _Link, row: HubLogRow) -> None:
        if row.number <= link.number and row.at <= link.row_at + SECOND:
            return  # known; a hub that took another's place begins again at 1, but later
        lost = row.number - link.number - 1
        fields: dict[str, object] = {"hub": str(hub), **row.fields()}
        if link.number and lost > 0:
            fields["rows_lost"] = lost
        kind = row.code.word if isinstance(row.code, HubEvent) else "hub.noted"
        link.number, link.row_at = row.number, row.at
        self._events.append(Event(row.at, self._source, f"home.{kind}", fields))

    def _misses(self, link: _Link, now: Instant) -> int:
        """In the week before `now`; a count that fell is a new hub's, and counts from nothing."""
        begin, missed, later = now - _WEEK, 0, -1
        for at, misses in reversed(link.samples):
            if later >= 0:
                missed += later - misses if later >= misses else later
            later = misses
            if at <= begin:
                break
        return missed

    def view(self, hub: Eui64) -> GasLinkView | None:
        """One home's; None before its hub was asked."""
        link = self._links.get(hub)
        if link is None:
            return None
        now = link.samples[-1][0]
        misses = self._misses(link, now)
        span = (now - max(link.samples[0][0], now - _WEEK)) // HALF_HOUR
        heard = _WHOLE if span == 0 else max(0, span - misses) * _WHOLE // span
        reading = link.reading
        down_for = (reading.full - reading.left) * HALF_HOUR
        return GasLinkView(now, reading.failed, down_for, misses, heard, link.ticket)

    def events(self) -> Iterable[Event]:
        """Hand out what the hubs' logs told, and tickets opened and closed."""
        events, self._events = self._events, []
        return events

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            str(hub): {
                "reading": [link.reading.full, link.reading.left, link.reading.failed, link.reading.misses],
                "samples": list(link.samples),
                "number": link.number,
                "row_at": link.row_at,
                "ticket": link.ticket,
            }
            for hub, link in self._links.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._links = {
            Eui64.parse(hub): _Link(
                GasLinkReading(*kept["reading"]),
                deque((Instant(at), misses) for at, misses in kept["samples"]),
                kept["number"],
                Instant(kept["row_at"]),
                kept["ticket"],
            )
            for hub, kept in state.items()
        }
