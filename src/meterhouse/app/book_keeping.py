"""Keeps the books of a running street by the street's own clock: checkpoints, events, and what its people do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from meterhouse.app.books import Books
from meterhouse.app.customers import Customers
from meterhouse.app.live_street import LiveStreet
from meterhouse.links import Pump
from meterhouse.model import HOUR, MINUTE, Event, Instant, StorageError

__all__ = ["BookKeeping"]

_CHECKPOINT_EVERY: Final = 6 * HOUR
_CHECKPOINT_AT: Final = MINUTE
"""Past each sixth hour: after the half hour's reports, and before the head end collects the day. So a street that is
killed never goes back behind a half hour that is stored already."""
_EVENTS_EVERY: Final = MINUTE
_RESUME_EVERY: Final = 30 * MINUTE
_AT_ONCE: Final = ("token.accepted", "counter.reserved", "state.due", "switch.", "valve.")
"""What must not be forgotten by a power cut: a checkpoint follows at once, before anybody can hear of it."""
_ROUTINE: Final = frozenset(
    {"report.sent", "report.acknowledged", "cutoff.written", "call.answered", "counter.reserved", "state.due"}
)
"""Told every half hour or to nobody: not kept for people."""


class BookKeeping:
    """Begins at once.

    Attributes:
        failed: ends with the first error of the store; whoever runs the street stops it then.
    """

    def __init__(self, pump: Pump, street: LiveStreet, books: Books) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pump = pump
        self._street = street
        self._books = books
        self._waiting: list[Event] = []
        self._asked = False
        pump.every(_RESUME_EVERY, self._guarded(books.resume_apart), _RESUME_EVERY)
        pump.every(Customers.LOOKS, self._guarded(Customers(street).look), Customers.LOOKS)
        next_checkpoint = _CHECKPOINT_EVERY - (pump.now - _CHECKPOINT_AT) % _CHECKPOINT_EVERY
        pump.every(_CHECKPOINT_EVERY, self._guarded(self._checkpoint), next_checkpoint)
        pump.every(_EVENTS_EVERY, self._guarded(self._keep_events), _EVENTS_EVERY)
        pump.every(HOUR, self._guarded(self._keep_usage), HOUR)
        pump.on_event(self._ask, _AT_ONCE)
        pump.on_event(self._note)

    def _guarded(self, act: Callable[[Instant], None]) -> Callable[[Instant], None]:
        def run(now: Instant) -> None:
            try:
                act(now)
            except StorageError as error:
                if not self.failed.done():
                    self.failed.set_exception(error)

        return run

    def _checkpoint(self, _now: Instant) -> None:
        self._asked = False
        self._street.checkpoint()

    def _ask(self, event: Event) -> None:
        if not self._asked:
            self._asked = True
            self._pump.at(event.at, self._guarded(self._checkpoint))

    def _note(self, event: Event) -> None:
        if event.kind not in _ROUTINE:
            self._waiting.append(event)

    def _keep_usage(self, _now: Instant) -> None:
        self._books.keep_usage(self._street.carrier.usage.take())

    def _keep_events(self, _now: Instant) -> None:
        if self._waiting:
            self._books.note_events(tuple(self._waiting))
            self._waiting.clear()
