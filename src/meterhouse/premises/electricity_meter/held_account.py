"""The account that a meter holds, at work: charged from the meter's own log, and followed by its switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from meterhouse.model import HALF_HOUR, Duration, Instant
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.premises.orders import OrderGate
from meterhouse.premises.prepay import CutoffOrder, PrepaidElectricity, PrepaySetup

__all__ = ["HeldAccount"]

_CHANGES: Final = frozenset({"tariff.set", "limits.set", "calendar.set"})
"""After these, set by the head end's plain association, credit does not run out for a day."""


class HeldAccount:
    """Keeps account, log and switch of one meter in step.

    Args:
        setup: what the account is opened with.
        credit: opens the switch, and lets it be armed.
        log: the meter's.
        clock: by which its half hours end.
        gate: of a meter that takes sealed orders: its brake holds the end of credit.
        vended: told when a token was accepted.
        tell: notes an event.

    Attributes:
        prepaid: the account itself.
    """

    __slots__ = ("_clock", "_credit", "_gate", "_log", "_setup", "_tell", "_vended", "prepaid")

    def __init__(
        self,
        setup: PrepaySetup,
        credit: CreditCutoff,
        log: HalfHourLog,
        clock: DeviceClock,
        gate: OrderGate | None,
        vended: Callable[[Instant], None],
        tell: Callable[..., None],
    ) -> None:
        self._setup = setup
        self._credit = credit
        self._log = log
        self._clock = clock
        self._gate = gate
        self._vended = vended
        self._tell = tell
        self.prepaid = PrepaidElectricity(setup, self._happened)

    def begin(self, now: Instant) -> None:
        """Of a new meter: charge from a register of nothing. A snapshot may follow, so nothing moves yet."""
        self.prepaid.account.begin(0, self._half_hour_begun(now))
        self._credit.cutoff_wh = self.prepaid.order().cutoff_wh

    def charge(self, register_wh: int, now: Instant) -> None:
        """Charge what the log has and the account has not; the switch follows."""
        newest, until = self._log.newest, self.prepaid.account.charged_until or 0
        rows = [] if newest is None else self._log.between(Instant(until + 1), newest.end)
        shown = self._clock.reads(now)
        self._follow(self.prepaid.settle(register_wh, rows, now, held=self._held(now), shown=shown), register_wh, now)

    def follow(self, register_wh: int, now: Instant) -> None:
        """After a token, a tariff or an emergency credit: the switch follows at once."""
        order = self.prepaid.order(held=self._held(now), shown=self._clock.reads(now))
        self._follow(order, register_wh, now)

    def turn_back(self, now: Instant) -> None:
        """The log has dropped the rows of a clock that was plainly wrong."""
        self.prepaid.account.turn_back(self._half_hour_begun(now))

    def restore(self, state: dict[str, Any] | None, register_wh: int, now: Instant) -> None:
        """Go on from a snapshot; None: the home was on credit, and what was used before is on another bill."""
        if state is not None:
            self.prepaid.restore(state)
        elif self._setup.basis is None:
            self.prepaid.account.rebase(register_wh, self._half_hour_begun(now))

    def _follow(self, order: CutoffOrder, register_wh: int, now: Instant) -> None:
        self._credit.take(order.cutoff_wh, register_wh, now, arm=order.arm)

    def _held(self, now: Instant) -> Duration:
        return 0 if self._gate is None else self._gate.brake.held_until - self._gate.run.at(now)

    def _half_hour_begun(self, now: Instant) -> Instant:
        shown = self._clock.reads(now)
        return Instant(shown - shown % HALF_HOUR)

    def _happened(self, now: Instant, kind: str, **fields: object) -> None:
        self._tell(now, kind, **fields)
        if kind == "token.accepted":
            self._vended(now)
        elif kind in _CHANGES and self._gate is not None:
            self._gate.changed(now)
