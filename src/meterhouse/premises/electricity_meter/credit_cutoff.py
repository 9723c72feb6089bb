"""The end of credit at an electricity meter: a cut-off that opens its switch, and that nothing but a hand undoes.

The automaton is the gas meter's (`rules.gas_valve`), on the meter's own register. The account stands in the meter, and
is always in reach; or in the hub, and a countdown of half hours runs while that is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meterhouse.model import REGISTER_LIMIT_WH, Instant
from meterhouse.premises.electricity_meter.supply_switch import ControlState, SupplySwitch
from meterhouse.rules import NO_LIMIT_WH, button_opens, countdown_after_miss, valve_closes

__all__ = ["CreditCutoff"]


class CreditCutoff:
    """When credit opens a switch, and when a hand may close one that credit opened.

    Args:
        switch: the meter's.
        delay: half hours that it goes on without its hub; None where the account is in the meter itself.
        tell: notes an event.

    Attributes:
        cutoff_wh: the register at which the switch opens; NO_LIMIT_WH for none, as before the first is told.
        countdown: half hours without the hub that are left; 0 where the account is in the meter.
        comms_ok: whether the hub wrote in the half hour that ended last, or since; always where the account is here.
        open_for_credit: the switch stands open because credit ended and for no other reason.
        armed: there is credit again for a switch that stands open for want of it.
    """

    __slots__ = (
        "_heard",
        "_switch",
        "_tell",
        "armed",
        "comms_ok",
        "countdown",
        "cutoff_wh",
        "delay",
        "open_for_credit",
    )

    def __init__(self, switch: SupplySwitch, delay: int | None, tell: Callable[..., None]) -> None:
        self._switch = switch
        self._tell = tell
        self._heard = True
        self.delay = delay
        self.cutoff_wh = NO_LIMIT_WH
        self.countdown = delay or 0
        self.comms_ok = True
        self.open_for_credit = False
        self.armed = False

    # the register --------------------------------------------------------------------------------------------------

    def reached(self, register_wh: int) -> bool:
        """Whether a switch that is on opens, or would at once were it closed."""
        # The largest register value stands for "never", so reaching it is no cut-off.
        return self.cutoff_wh < NO_LIMIT_WH and valve_closes(
            open_=True,
            volume_l=register_wh,
            cutoff_l=self.cutoff_wh,
            friendly=False,  # the account says it by a raised cut-off (C-05)
            comms_ok=self.comms_ok,
            countdown=self.countdown,
        )

    def passes(self, register_wh: int, energy_wh: int) -> int:
        """How much of the energy that is wanted passes a closed switch: none past a cut-off that opens it."""
        if self.reached(register_wh + energy_wh):
            return max(0, self.cutoff_wh - register_wh)
        if register_wh + energy_wh >= REGISTER_LIMIT_WH and self.cutoff_wh < NO_LIMIT_WH:
            self.cutoff_wh = 0  # it was passed without the hub, and stays passed when the register begins anew
        return energy_wh

    def settle(self, register_wh: int, now: Instant) -> None:
        """Open the switch where credit has ended."""
        if self._switch.closed and self.reached(register_wh) and self._switch.disconnect():
            self.open_for_credit, self.armed = True, False
            why = "cutoff" if self.comms_ok else "countdown_ended"
            self._tell(now, "switch.opened", by="credit", why=why, register_wh=register_wh, cutoff_wh=self.cutoff_wh)

    # the account ---------------------------------------------------------------------------------------------------

    def take(self, cutoff_wh: int, register_wh: int, now: Instant, *, arm: bool) -> None:
        """Take what the account says; may open the switch at once, may arm one that credit opened, never closes."""
        self.cutoff_wh = cutoff_wh
        self.settle(register_wh, now)
        if not self.open_for_credit:
            return
        if arm and not self.reached(register_wh):
            self.armed = True
            if self._switch.arm():
                self._tell(now, "switch.armed", by="credit")
        elif self.armed:
            self.armed = False
            if self._switch.state is ControlState.READY and self._switch.disconnect():
                self._tell(now, "switch.disarmed", by="credit")

    def hear(self, cutoff_wh: int, refill: int | None, register_wh: int, now: Instant, *, arm: bool) -> None:
        """What the hub writes, values that make sense: all of it, and a contact."""
        if refill is not None:
            self.countdown = refill
        self._heard = True
        if not self.comms_ok:
            self.comms_ok = True
            self._tell(now, "hub_link.restored", countdown_half_hours=self.countdown)
        self.take(cutoff_wh, register_wh, now, arm=arm)

    def half_hour_over(self, register_wh: int, now: Instant) -> None:
        """A half hour has ended; without a word of the hub in it, it is one of the countdown."""
        if self.delay is None:
            return
        heard, self._heard = self._heard, False
        if heard:
            return
        self.countdown = countdown_after_miss(self.countdown)
        if self.comms_ok:
            self.comms_ok = False
            self._tell(now, "hub_link.failed", countdown_half_hours=self.countdown)
        self.settle(register_wh, now)

    # the hand, and whoever else moves the switch --------------------------------------------------------------------

    def lets_close(self, register_wh: int, now: Instant) -> bool:
        """A hand comes onto the button: whether credit leaves it to the switch what that does.

        With the hub silent and its countdown not ended it arms a switch that credit opened (figure 11's button).
        """
        if self._switch.held or self._switch.closed:
            return True
        if self.reached(register_wh):
            if self.open_for_credit or self._switch.state is ControlState.READY:
                self._tell(now, "switch.no_credit", register_wh=register_wh, cutoff_wh=self.cutoff_wh)
            return False
        if button_opens(closed=self.open_for_credit, comms_ok=self.comms_ok, countdown=self.countdown):
            self._switch.arm()
        return True

    def overtaken(self) -> None:
        """A hand has closed the switch, or something else than credit has opened it."""
        self.open_for_credit = self.armed = False

    # a snapshot ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot: integers only."""
        return {
            "in_hub": int(self.delay is not None),
            "cutoff_wh": self.cutoff_wh,
            "countdown": self.countdown,
            "comms_ok": int(self.comms_ok),
            "heard": int(self._heard),
            "standing": self.standing,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from it; from that of another place of the account, with why the switch stands open alone."""
        self.standing = state["standing"]
        if bool(state["in_hub"]) != (self.delay is not None):
            return
        self.cutoff_wh, self.countdown = state["cutoff_wh"], state["countdown"]
        self.comms_ok, self._heard = bool(state["comms_ok"]), bool(state["heard"])

    @property
    def standing(self) -> int:
        """Why the switch stands open, for the record of orders: 0 not for credit, 1 for credit, 2 armed again."""
        return self.open_for_credit + self.armed

    @standing.setter
    def standing(self, value: int) -> None:
        self.open_for_credit, self.armed = value > 0, value > 1
