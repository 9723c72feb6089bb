"""Who wants to hear of which events."""

from __future__ import annotations

import logging
from collections.abc import Callable

from meterhouse.model import Event

__all__ = ["Subscriptions"]


_log = logging.getLogger("meterhouse.links")


class Subscriptions:
    """Tells events to those who asked for their kind, in the order of asking.

    Args:
        strict: True: what a listener raises goes on to the teller; False: it is logged, and the next is told.
    """

    __slots__ = ("_all", "_by_kind", "_strict")

    def __init__(self, *, strict: bool = True) -> None:
        self._strict = strict
        self._all: list[tuple[str | tuple[str, ...], Callable[[Event], None]]] = []
        self._by_kind: dict[str, tuple[Callable[[Event], None], ...]] = {}

    def add(self, callback: Callable[[Event], None], prefix: str | tuple[str, ...] = "") -> None:
        """From now on, tell `callback` of each event whose kind begins with `prefix`, or one of them."""
        self._all.append((prefix, callback))
        self._by_kind.clear()

    def tell(self, event: Event) -> None:
        """Tell an event to all who want it."""
        listeners = self._by_kind.get(event.kind)
        if listeners is None:
            listeners = tuple(callback for prefix, callback in self._all if event.kind.startswith(prefix))
            self._by_kind[event.kind] = listeners
        for callback in listeners:
            try:
                callback(event)
            except Exception:
                if self._strict:
                    raise
                _log.exception("a listener failed on: %s", event.line())
