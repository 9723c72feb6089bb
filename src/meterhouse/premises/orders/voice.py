"""The device's own words: queries, results and refusals, signed, numbered, and put where they are fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.sealed import (
    CONFIRM_QUERY,
    ORDER_RESULT,
    AlertBuilder,
    ConfirmQuery,
    OrderResult,
    Reason,
)
from meterhouse.model import MINUTE, Duration, Eui64, Instant, parse_instant
from meterhouse.premises.orders.device_trust import DeviceTrust
from meterhouse.premises.orders.uplink import UplinkQueue

__all__ = ["Voice"]

_BLOCK: Final = 1_000
"""Alert counters reserved at a time; after a restart the device goes on above them."""
_REFUSALS_AT_ONCE: Final = 8
_REFUSAL_EVERY: Final = MINUTE
_EARLIEST: Final = parse_instant("2000-01-01T00:00:00Z")
_LATEST: Final = parse_instant("2136-01-01T00:00:00Z")
"""A clock that was set outside them tells the nearest: the time in an alert has 32 bits of seconds."""


class Voice:
    """Speaks for one device.

    Args:
        trust: its identity and key.
        uplink: where its words wait.
        keep: writes the whole record down.
    """

    __slots__ = ("_builder", "_counter", "_keep", "_refusals", "_refused_at", "_reserved", "_trust", "_uplink")

    def __init__(self, trust: DeviceTrust, uplink: UplinkQueue, keep: Callable[[], None]) -> None:
        self._trust = trust
        self._builder = AlertBuilder(trust.identity, trust.signing)
        self._uplink = uplink
        self._keep = keep
        self._counter = 0
        self._reserved = 0
        self._refusals = _REFUSALS_AT_ONCE
        self._refused_at: Duration = 0

    def trusted(self, trust: DeviceTrust) -> None:
        """Speak to other parties from now on."""
        self._trust = trust
        self._builder = AlertBuilder(trust.identity, trust.signing)

    def ask(self, query: ConfirmQuery, at: Instant) -> None:
        """A query to the confirm service.

        Raises:
            StorageError: its counter could not be kept.
        """
        octets = self._builder.words(self._trust.confirm, CONFIRM_QUERY, query.encode(), self._next())
        self._uplink.add(self._trust.confirm, octets, at)

    def result(self, result: OrderResult, at: Instant, target: Eui64 | None = None) -> None:
        """How an order ended: to the supplier, or to another party that is named.

        Raises:
            StorageError: its counter could not be kept.
        """
        target = self._trust.supplier if target is None else target
        octets = self._builder.words(target, ORDER_RESULT, result.encode(), self._next())
        self._uplink.add(target, octets, at)

    def refusal(self, code: int, reason: Reason, at: Instant, lived: Duration) -> bytes:
        """A refused order, to the supplier: eight at once, then one a minute; empty where it was one too many.

        Raises:
            StorageError: its counter could not be kept.
        """
        earned = (lived - self._refused_at) // _REFUSAL_EVERY
        if earned:
            self._refusals = min(self._refusals + earned, _REFUSALS_AT_ONCE)
            self._refused_at += earned * _REFUSAL_EVERY
        if not self._refusals:
            return b""
        self._refusals -= 1
        octets = self._builder.refusal(self._trust.supplier, code, reason, self._next(), at)
        self._uplink.add(self._trust.supplier, octets, at, spare=True)
        return octets

    def sayable(self, shown: Instant) -> Instant:
        """The device's time, as far as an alert can say it."""
        return max(_EARLIEST, min(shown, _LATEST))

    def _next(self) -> int:
        if self._counter == self._reserved:
            self._reserved += _BLOCK
            self._keep()
        self._counter += 1
        return self._counter

    def state(self) -> int:
        """For a snapshot: up to where alert counters are reserved."""
        return self._reserved

    def restore(self, reserved: int) -> None:
        """Go on above every counter that may have been used."""
        self._counter = self._reserved = reserved
