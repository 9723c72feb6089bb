"""A device that changes its supplier in the field: whether it does, and what of it is kept in its record."""

from __future__ import annotations

from typing import Any

from meterhouse.companion.sealed import MAX_WINDOW, Accepted, Hindrance, SupplierChange
from meterhouse.model import AuthenticationError, ConfigurationError, Duration, PolicyError
from meterhouse.premises.orders.device_trust import DeviceTrust
from meterhouse.premises.orders.works import Works

__all__ = ["ChangedHands"]


class ChangedHands:
    """The newest change of supplier of one device.

    Attributes:
        why: why the last one that was ordered was refused.
    """

    __slots__ = ("_kept", "why")

    def __init__(self) -> None:
        self._kept: tuple[Duration, bytes, str] | None = None
        self.why = ""

    def judge(
        self, order: Accepted, trust: DeviceTrust, works: Works, run: Duration
    ) -> tuple[DeviceTrust, SupplierChange] | Hindrance:
        """The slots after it, or why it is not done; nothing has changed yet.

        Raises:
            SealedError: the content is none.
        """
        change = SupplierChange.decode(order.envelope.content)
        if self._kept is not None and run - self._kept[0] < MAX_WINDOW:
            # Counters begin anew with a supplier: by then, whatever the one before last had signed is over.
            self.why = "it changed its supplier less than a day ago"
            return Hindrance.TOO_OFTEN
        try:
            after = trust.handed_over(change)
        except (PolicyError, AuthenticationError, ConfigurationError) as error:
            self.why = error.sentence()
            return Hindrance.NOT_ITS_SUPPLIER
        if not works.knows_tokens_of(change, trust.agreement):
            self.why = "the new supplier's key for tokens is missing, or not for this device"
            return Hindrance.TOKEN
        return after, change

    def keep(self, order: Accepted, run: Duration) -> None:
        """It is being done."""
        self._kept = run, order.envelope.content, order.envelope.identity.hex()

    @property
    def order(self) -> str:
        """Names the newest one; empty before the first."""
        return "" if self._kept is None else self._kept[2]

    def state(self) -> list[Any] | None:
        """For a snapshot; the one secret in it is wrapped for the device."""
        return None if self._kept is None else [self._kept[0], self._kept[1].hex(), self._kept[2]]

    def restore(self, state: list[Any] | None) -> SupplierChange | None:
        """Go on from a snapshot; the change that holds."""
        if state is None:
            self._kept = None
            return None
        run, content, order = state
        self._kept = run, bytes.fromhex(content), order
        return SupplierChange.decode(self._kept[1])
