"""The electricity meter as sealed orders see it: a switch, a load limit, a clock, and whose tokens it takes."""

from __future__ import annotations

from typing import Final, Protocol

from meterhouse.companion.sealed import Accepted, CosemStep, Hindrance, OrderCode, SupplierChange, decode_steps
from meterhouse.crypto import KeyPair
from meterhouse.model import SECOND, Instant
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.electricity_meter.arm_keypad import ArmKeypad
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.electricity_meter.supply_switch import ControlState, SupplySwitch
from meterhouse.premises.orders import SupplyFacts
from meterhouse.premises.prepay import PrepaidElectricity, knows_tokens_of, take_tokens_of
from meterhouse.protocols import dlms

__all__ = ["MeterWorks", "Switched"]

_LARGEST_STEP: Final = 10 * SECOND
"""A clock goes further by no order; a larger error is a visit, or steps of ten seconds that everybody can see."""


class Switched(Protocol):
    """What the works need of the meter."""

    switch: SupplySwitch
    clock: DeviceClock
    load_w: int
    load_limit_w: int
    back_feed: bool
    keypad: ArmKeypad
    prepaid: PrepaidElectricity | None
    credit: CreditCutoff | None

    def arm(self, now: Instant) -> None:
        """Let a hand restore the supply."""

    def open_by_order(self, now: Instant) -> None:
        """Open the switch."""

    def disarm(self, now: Instant) -> None:
        """The arm is over."""

    def set_clock(self, shown: Instant, now: Instant) -> None:
        """Set the clock."""


class MeterWorks:
    """`Works` of one meter."""

    def __init__(self, meter: Switched) -> None:
        self._meter = meter
        self._vend_at: Instant | None = None

    @property
    def fitted(self) -> bool:
        """See `Works`: a switch of control mode 0 opens for nobody."""
        return self._meter.switch.mode != 0

    @property
    def control_state(self) -> int:
        """See `Works`."""
        return self._meter.switch.state

    def facts(self) -> SupplyFacts:
        """See `Works`: the load; and of the account, where it stands here."""
        prepaid = self._meter.prepaid
        balance = None if prepaid is None else prepaid.account.balance
        return SupplyFacts(balance, self._meter.load_w, self._vend_at)

    def vended(self, now: Instant) -> None:
        """A token was accepted, by whichever way."""
        self._vend_at = now

    def open(self, now: Instant) -> None:
        """See `Works`."""
        self._meter.open_by_order(now)

    def opening(self) -> bool:
        """See `Works`: a switch moves at once."""
        return False

    def stay(self, now: Instant) -> None:
        """See `Works`: never too early for a switch."""

    def arm(self, now: Instant) -> Hindrance:
        """See `Works`."""
        if self._meter.switch.state is ControlState.CONNECTED:
            return Hindrance.STATE
        if self._meter.back_feed:
            return Hindrance.BACK_FEED
        self._meter.arm(now)
        return Hindrance.NONE

    def disarm(self, now: Instant) -> None:
        """See `Works`."""
        self._meter.disarm(now)

    def do(self, order: Accepted, now: Instant) -> bytes | Hindrance:
        """See `Works`."""
        steps = decode_steps(order.envelope.content)
        code = order.use_case.code
        if code == OrderCode.READ_SWITCH:
            return self._read(len(steps))
        if code == OrderCode.SET_LOAD_LIMIT:
            return self._limit(steps)
        if code == OrderCode.SET_CLOCK:
            return self._set_clock(steps, now)
        return Hindrance.NOT_FITTED

    def _read(self, steps: int) -> bytes:
        state = dlms.encode_data(dlms.enum(self._meter.switch.state))
        result = dlms.AccessResult(dlms.AccessKind.GET, dlms.DataAccessResult.SUCCESS, state)
        return dlms.encode_access_response(dlms.AccessResponse(0, b"", (result,) * steps))

    def _limit(self, steps: tuple[CosemStep, ...]) -> Hindrance:
        self._meter.load_limit_w = [step.data.whole() for step in steps if step.data is not None][-1]
        return Hindrance.NONE

    def _set_clock(self, steps: tuple[CosemStep, ...], now: Instant) -> Hindrance:
        if len(steps) != 1 or steps[0].data is None:
            return Hindrance.LIMIT
        shown = dlms.instant_from(steps[0].data)
        if abs(shown - self._meter.clock.reads(now)) > _LARGEST_STEP:
            return Hindrance.LIMIT
        self._meter.set_clock(shown, now)
        return Hindrance.NONE

    def knows_tokens_of(self, change: SupplierChange, own: KeyPair) -> bool:
        """See `Works`: where no account stands here, there are no tokens."""
        prepaid = self._meter.prepaid
        return knows_tokens_of(None if prepaid is None else prepaid.slot, change, own)

    def take_tokens_of(self, change: SupplierChange, own: KeyPair, order: str) -> None:
        """See `Works`."""
        prepaid = self._meter.prepaid
        if prepaid is not None:
            take_tokens_of(prepaid.slot, prepaid.account, change, own, order)

    def orders_state(self) -> dict[str, int]:
        """See `Works`."""
        state = {"switch": int(self._meter.switch.state), "load_limit_w": self._meter.load_limit_w}
        if self._meter.credit is not None:  # or a cut by order, newer than a snapshot, were one that credit undoes
            state["for_credit"] = self._meter.credit.standing
        if self._vend_at is not None:
            state["vend_at"] = self._vend_at
        return state | self._meter.keypad.state()

    def restore_orders(self, state: dict[str, int]) -> None:
        """See `Works`."""
        self._meter.switch.state = ControlState(state["switch"])
        self._meter.load_limit_w = state["load_limit_w"]
        self._meter.keypad.restore(state)
        if self._meter.credit is not None and "for_credit" in state:
            self._meter.credit.standing = state["for_credit"]
        self._vend_at = Instant(state["vend_at"]) if "vend_at" in state else None
