"""The register, the cut-off volume and the valve: all that a gas meter decides by itself.

The decisions are the rule-book's; here is only the state they work on, and what follows from them.
"""

from __future__ import annotations

from typing import Any, Final

from meterhouse.companion.gas import NO_LIMIT_LITRES, ValveState, WriteCutoff
from meterhouse.model import REGISTER_LIMIT_LITRES, UsageError
from meterhouse.rules import button_opens, countdown_after_miss, valve_closes

__all__ = ["Supply"]

_STATE: Final = ("volume_l", "cutoff_l", "countdown", "comms_ok", "low_credit")

Happening = tuple[str, dict[str, object]]


class Supply:
    """Metrology and valve of one meter.

    Attributes:
        volume_l: total register, litres, 0 to 99 999 999; then it rolls over.
        cutoff_l: cut-off volume, litres; NO_LIMIT_LITRES until a hub writes one.
        valve: OPEN or CLOSED; always OPEN where there is none.
        countdown: half hours without communication that are left.
        comms_ok: whether the last half hour's report was acknowledged.
        low_credit: whether less than the threshold is left.
        happened: event kinds and fields since they were last taken, in order.
    """

    __slots__ = (
        "_has_valve",
        "_threshold_l",
        "comms_ok",
        "countdown",
        "cutoff_l",
        "happened",
        "low_credit",
        "valve",
        "volume_l",
    )

    def __init__(self, *, has_valve: bool, threshold_l: int, countdown: int) -> None:
        self._has_valve = has_valve
        self._threshold_l = threshold_l
        self.volume_l = 0
        self.cutoff_l = NO_LIMIT_LITRES
        self.valve = ValveState.OPEN
        self.countdown = countdown
        self.comms_ok = True
        self.low_credit = False
        self.happened: list[Happening] = []

    @property
    def _limited(self) -> bool:
        # The largest register value stands for "never", so reaching it is no cut-off.
        return self._has_valve and self.cutoff_l < NO_LIMIT_LITRES

    def pass_gas(self, litres: int) -> int:
        """Let up to `litres` flow; returns how many did: none through a closed valve, none past a cut-off that closes.

        Raises:
            UsageError: `litres` is negative.
        """
        if litres < 0:
            raise UsageError(f"{litres} litres: gas does not flow back")
        if self.valve != ValveState.OPEN:
            return 0
        if self._limited and self.volume_l + litres >= self.cutoff_l and self._closes_at(self.cutoff_l):
            litres = max(0, self.cutoff_l - self.volume_l)
        self.volume_l = (self.volume_l + litres) % REGISTER_LIMIT_LITRES
        self.settle()
        return litres

    def _closes_at(self, volume_l: int, *, open_: bool | None = None) -> bool:
        return valve_closes(
            open_=self.valve == ValveState.OPEN if open_ is None else open_,
            volume_l=volume_l,
            cutoff_l=self.cutoff_l,
            friendly=False,  # the hub expresses friendly credit by a raised cut-off (C-05)
            comms_ok=self.comms_ok,
            countdown=self.countdown,
        )

    def settle(self) -> None:
        """Apply the valve rule and the low-credit threshold to the state as it stands."""
        if self._limited and self._closes_at(self.volume_l):
            self._close("cutoff" if self.comms_ok else "countdown_ended")
        low = self._limited and self.cutoff_l - self.volume_l < self._threshold_l
        if low and not self.low_credit:
            self.happened.append(("low_credit", {"remaining_l": max(0, self.cutoff_l - self.volume_l)}))
        self.low_credit = low

    def _close(self, reason: str) -> None:
        if self.valve != ValveState.CLOSED:
            self.valve = ValveState.CLOSED
            fields: dict[str, object] = {"reason": reason, "volume_l": self.volume_l, "cutoff_l": self.cutoff_l}
            self.happened.append(("valve.closed", fields))

    def _open(self, reason: str) -> None:
        if self.valve != ValveState.OPEN:
            self.valve = ValveState.OPEN
            fields: dict[str, object] = {"reason": reason, "volume_l": self.volume_l, "cutoff_l": self.cutoff_l}
            self.happened.append(("valve.opened", fields))

    def contact(self) -> None:
        """An exchange with the hub succeeded: the link works."""
        if not self.comms_ok:
            self.comms_ok = True
            self.happened.append(("link.restored", {"countdown_half_hours": self.countdown}))

    def miss(self) -> None:
        """A half hour's report was not acknowledged: the link is down, and one half hour of the countdown is gone."""
        self.countdown = countdown_after_miss(self.countdown)
        if self.comms_ok:
            self.comms_ok = False
            self.happened.append(("link.failed", {"countdown_half_hours": self.countdown}))
        self.settle()

    def write(self, order: WriteCutoff) -> None:
        """Take a cut-off volume, and the delay where one is given; may close the valve at once."""
        self.cutoff_l = order.cutoff_l
        if order.delay_half_hours is not None:
            self.countdown = order.delay_half_hours
        self.settle()

    def open_by_order(self) -> None:
        """Open; where the cut-off is reached already it stays closed: what is undone at once moves no valve."""
        if not (self._limited and self._closes_at(self.volume_l, open_=True)):
            self._open("order")
        self.settle()

    def close_by_order(self) -> None:
        """Close, whatever the volume."""
        self._close("order")

    def press(self) -> bool:
        """A hand on the button: whether it opened the valve (figure 11)."""
        closed = self.valve == ValveState.CLOSED
        if not button_opens(closed=closed, comms_ok=self.comms_ok, countdown=self.countdown):
            return False
        self._open("button")
        self.settle()
        return True

    def open_by_code(self, granted_l: int) -> None:
        """A code of the hub, typed by hand: opens, for so many litres from here (S0-139)."""
        self.cutoff_l = min(self.volume_l + granted_l, NO_LIMIT_LITRES - 1)
        self._open("code")
        self.settle()

    def state(self) -> dict[str, Any]:
        """For a snapshot: integers only."""
        return {name: int(getattr(self, name)) for name in _STATE} | {"valve": int(self.valve)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's state in place of the one held."""
        self.volume_l = state["volume_l"]
        self.cutoff_l = state["cutoff_l"]
        self.countdown = state["countdown"]
        self.comms_ok = bool(state["comms_ok"])
        self.low_credit = bool(state["low_credit"])
        self.valve = ValveState(state["valve"])
