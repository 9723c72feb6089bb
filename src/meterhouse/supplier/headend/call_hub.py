"""Call a hub for nothing but its answer: who does not pass on what is for its meter can still be found at home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.model import Instant
from meterhouse.supplier.headend.account_address import HUB, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["CallHub"]


@dataclass(frozen=True, slots=True)
class CallHub:
    """One association with the hub itself, under its own keys.

    Attributes:
        order: why.
        reached: told when the hub has answered.
    """

    order: str
    reached: Callable[[Instant], None]
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "call the hub"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Associate, release."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        yield from via(HUB, client.release())
        self.reached(now)
