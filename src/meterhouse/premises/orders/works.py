"""What a gate needs of the device behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterhouse.companion.sealed import Accepted, Hindrance, SupplierChange
from meterhouse.crypto import KeyPair
from meterhouse.model import Instant

__all__ = ["SupplyFacts", "Works"]


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """What a confirm service should know of a home before it says yes.

    Attributes:
        balance: 10⁻⁵ of the unit; None where the device keeps none.
        load: W, as last measured; 0 where it measures none.
        last_vend: when a token was last accepted; None for never.
    """

    balance: int | None = None
    load: int = 0
    last_vend: Instant | None = None


class Works(Protocol):
    """Switch or valve, account and settings. Nothing of it decides whether an order is genuine."""

    @property
    def fitted(self) -> bool:
        """Whether there is a switch or valve that an order can open."""

    @property
    def control_state(self) -> int:
        """0 off, 1 on, 2 armed: as class 70 numbers them."""

    def facts(self) -> SupplyFacts:
        """What a confirm service is told."""

    def open(self, now: Instant) -> None:
        """Open the switch, or begin to: a valve by radio closes at the next contact. Called once its record stands."""

    def opening(self) -> bool:
        """Whether `open` was called and the supply is not off yet."""

    def stay(self, now: Instant) -> None:
        """Take `open` back where the supply is still on."""

    def arm(self, now: Instant) -> Hindrance:
        """Let a hand restore the supply; NONE if a hand can now. Never restores it itself."""

    def disarm(self, now: Instant) -> None:
        """The arm is a day old: take it back. A supply that is on stays on."""

    def do(self, order: Accepted, now: Instant) -> bytes | Hindrance:
        """Any other order: all of it, or none with the reason; bytes where a read has its own answer."""

    def knows_tokens_of(self, change: SupplierChange, own: KeyPair) -> bool:
        """Whether the new supplier's wrapped key for tokens is one for here; `own` opens it. Changes nothing."""

    def take_tokens_of(self, change: SupplierChange, own: KeyPair, order: str) -> None:
        """Take the new supplier's tokens and nobody else's, `knows_tokens_of` being true.

        Args:
            change: checked.
            own: the device's key-agreement pair.
            order: names the change: one that was taken before changes nothing again.
        """

    def orders_state(self) -> dict[str, int]:
        """What of the works belongs into the record of orders: above all where the switch stands."""

    def restore_orders(self, state: dict[str, int]) -> None:
        """Go on from it."""
