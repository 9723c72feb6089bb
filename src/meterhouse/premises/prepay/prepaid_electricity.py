"""Prepaid electricity, wherever its account stands: half hours in, a cut-off and perhaps an arm out.

In the meter the result is applied at once; in the hub it goes to the meter over the wire. Either way the meter compares
its register with the cut-off, opens by itself, and is closed by a hand on its button and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from meterhouse.model import HALF_HOUR, Duration, Fuel, HalfHour, Instant
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.account_objects import account_objects
from meterhouse.premises.prepay.setup import PrepaySetup, open_account, open_slot
from meterhouse.protocols import dlms
from meterhouse.rules import countdown_may_reset, friendly_cutoff

__all__ = ["CutoffOrder", "PrepaidElectricity"]


@dataclass(frozen=True, slots=True)
class CutoffOrder:
    """All that a meter is told of an account: no price, no balance (S0-105).

    Attributes:
        cutoff_wh: the register at which the supply opens; `NO_LIMIT_WH` for none.
        refill: whether the countdown of half hours without its hub begins anew: the balance is above zero (C-07).
        arm: whether a hand may close a switch that stands open for want of credit.
    """

    cutoff_wh: int
    refill: bool
    arm: bool


class PrepaidElectricity:
    """One account of electricity with its token slot.

    Args:
        setup: what it is opened with.
        tell: notes an event.
    """

    def __init__(self, setup: PrepaySetup, tell: Callable[..., None]) -> None:
        self._setup = setup
        self._tell = self._named(tell)
        self.account = open_account(setup, Fuel.ELECTRICITY)
        self.slot = open_slot(setup, self.account, self._tell)

    @staticmethod
    def _named(tell: Callable[..., None]) -> Callable[..., None]:
        """Whoever hears of an account in a home of two must know which."""

        def told(now: Instant, kind: str, **fields: object) -> None:
            tell(now, kind, fuel=Fuel.ELECTRICITY.value, **fields)

        return told

    def objects(self) -> list[dlms.ServerObject]:
        """Its COSEM objects."""
        return account_objects(self.account, self.slot, self._tell)

    def settle(
        self,
        register_wh: int,
        rows: Iterable[HalfHour],
        now: Instant,
        *,
        all_told: bool = True,
        held: Duration = 0,
        shown: Instant | None = None,
    ) -> CutoffOrder:
        """Charge half hours and say what the meter is to be told.

        Args:
            register_wh: of the meter now; charging begins here where nothing has been charged yet and there is no row.
            rows: half hours, oldest first; those that were charged change nothing.
            now: of this look.
            all_told: False where older half hours are still to come: then nothing is refilled or armed.
            held: for so long credit must not run out, after a price or clock was set: see `order`.
            shown: see `order`.
        """
        account, rows = self.account, list(rows)
        if account.charged is None:
            first = rows[0] if rows else None
            account.begin(register_wh if first is None else first.register, now if first is None else first.end)
        disbelieved, was_offered = account.disbelieved, account.emergency
        account.charge(rows)
        if account.disbelieved and not disbelieved:
            self._tell(now, "electricity_rows.refused", why="The register fell, or rose by more than a meter passes.")
        if account.offer_emergency() and not was_offered:
            self._tell(now, "emergency.offered", balance_money5=account.balance)
        return self.order(all_told=all_told, held=held, shown=shown)

    def order(self, *, all_told: bool = True, held: Duration = 0, shown: Instant | None = None) -> CutoffOrder:
        """What the meter is to be told as the account stands: after a token, or an emergency credit selected.

        Args:
            all_told: see `settle`.
            held: ms for which credit must not run out: the cut-off is raised so far, and no further.
            shown: time by the clock of the half hours, for a friendly window that began while there were none: see
                `PrepayAccount.cutoff`.
        """
        account, cutoff = self.account, self.account.cutoff(shown)
        if held > 0 and account.charged is not None:
            measure, ahead = account.measure, -(-held // HALF_HOUR)
            cutoff = friendly_cutoff(ahead, cutoff, account.charged, measure.flow, measure.allowance, measure.furthest)
        return CutoffOrder(
            cutoff, all_told and countdown_may_reset(account.balance), all_told and account.spendable > 0
        )

    def select_emergency(self, now: Instant) -> bool:
        """A person selects emergency credit; whether it was on offer."""
        if not self.account.select_emergency():
            return False
        self._tell(now, "emergency.selected", limit_money5=self.account.emergency_limit)
        return True

    def state(self) -> dict[str, Any]:
        """For a snapshot; holds the token key's decoder state."""
        return {"account": self.account.state(), "slot": self.slot.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.account = PrepayAccount.restored(state["account"], Fuel.ELECTRICITY)
        self.slot = open_slot(self._setup, self.account, self._tell)
        self.slot.restore(state["slot"])
