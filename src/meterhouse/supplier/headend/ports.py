"""What the head end needs from others: who the devices are, where readings go, what became of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from meterhouse.model import DayProfile, Eui64, Fuel, Instant
from meterhouse.protocols.dlms import Client

__all__ = ["Clients", "HubEntry", "MeterEntry", "OrderBook", "ReadingStore"]


@dataclass(frozen=True, slots=True)
class MeterEntry:
    """A meter and how it is reached: electricity through the hub's gateway prefix, gas at the hub's mirror."""

    identity: Eui64
    fuel: Fuel


@dataclass(frozen=True, slots=True)
class HubEntry:
    """A hub and what hangs on it."""

    identity: Eui64
    meters: tuple[MeterEntry, ...]


class Clients(Protocol):
    """Makes DLMS clients with the keys and counters of one device each."""

    def client(self, device: Eui64) -> Client:
        """A client for one association with the device; its invocation counter only ever rises."""


class ReadingStore(Protocol):
    """Where collected days go."""

    def missing(self, meter: Eui64, first: Instant, last: Instant) -> Sequence[Instant]:
        """UTC midnights of the days, first ≤ day ≤ last, that are not whole yet, oldest first."""

    def keep(self, profile: DayProfile, now: Instant) -> None:
        """Keep what was read; reading a day again adds rows and never changes one."""


class OrderBook(Protocol):
    """Keeps the life line of orders; every order ends as done, refused or expired (invariant 7)."""

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """Note that an order has come so far; the same stage twice is one."""
