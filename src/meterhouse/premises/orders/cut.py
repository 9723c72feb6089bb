"""A remote cut: pending, asked back, and only then done. In every doubt the supply stays on.

::

    order ──▶ PENDING ──yes, in time──▶ OPENING ──▶ switch open, result OPENED
                 │                        (its record stands before the switch moves)
                 └── no · no answer in 15 min · cancel · payment · brake · restart ──▶ stays on, result says why

Cancel wins until the record of the opening stands; and where a valve by radio takes its time, cancel, payment and the
end of the order's own window win until it has closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from meterhouse.companion.sealed import (
    ANSWER_WITHIN,
    Accepted,
    ConfirmAnswer,
    ConfirmQuery,
    Hindrance,
    OrderResult,
    Outcome,
    decode_mandate,
)
from meterhouse.model import MINUTE, Duration, Instant, StorageError
from meterhouse.premises.orders.brake import LocalBrake
from meterhouse.premises.orders.run_time import RunTime
from meterhouse.premises.orders.voice import Voice
from meterhouse.premises.orders.works import Works

__all__ = ["CutStage", "RemoteCut"]

_ASK_AGAIN: Final = 5 * MINUTE
_NONCE: Final = 16
_REMEMBERED: Final = 16
"""So many cancelled orders, and so many done, are known by their identity."""
_OFF: Final = 0


class CutStage(IntEnum):
    """How far a cut is."""

    PENDING = 1
    OPENING = 2


@dataclass(slots=True)
class _Cut:
    """The one that is under way; `until` and `ask_at` in run time, `not_after` by the device's clock."""

    order: bytes
    nonce: bytes
    stage: CutStage
    not_after: Instant
    vend: Instant | None
    until: Duration
    ask_at: Duration


class RemoteCut:
    """At most one cut at a time.

    Args:
        works: the switch.
        brake: the device's own.
        run: its run time.
        voice: asks and tells.
        clock: the device's clock, by true time.
        entropy: for nonces, and the boot id.
        keep: writes the whole record down.
        tell: notes an event.
    """

    def __init__(
        self,
        works: Works,
        brake: LocalBrake,
        run: RunTime,
        voice: Voice,
        clock: Callable[[Instant], Instant],
        entropy: Callable[[int], bytes],
        keep: Callable[[], None],
        tell: Callable[..., None],
    ) -> None:
        self._works = works
        self._brake = brake
        self._run = run
        self._voice = voice
        self._clock = clock
        self._entropy = entropy
        self._keep = keep
        self._tell = tell
        self._boot = entropy(8)
        self._cut: _Cut | None = None
        self._cancelled: list[bytes] = []
        self._done: list[bytes] = []

    @property
    def stage(self) -> CutStage | None:
        """How far the cut is; None where none is under way."""
        return None if self._cut is None else self._cut.stage

    # what orders do -----------------------------------------------------------------------------------------------

    def begin(self, order: Accepted, now: Instant) -> Hindrance:
        """A genuine order to open: NONE where it is pending now, and the confirm service asked.

        Raises:
            StorageError: it could not be kept; nothing is pending.
        """
        identity = order.envelope.identity
        hindrance = self._hindrance(identity, now)
        if hindrance is Hindrance.NONE and self._cut is not None:
            hindrance = Hindrance.BUSY
        if hindrance is not Hindrance.NONE:
            outcome = Outcome.CANCELLED if hindrance is Hindrance.CANCELLED else Outcome.STAYED_BRAKE_OR_STATE
            self._result(identity, outcome, hindrance, now)
            return hindrance
        lived = self._run.at(now)
        not_after = decode_mandate(order.envelope.supplement).not_after
        self._cut = _Cut(
            identity,
            self._entropy(_NONCE),
            CutStage.PENDING,
            not_after,
            self._works.facts().last_vend,
            lived + ANSWER_WITHIN,
            lived + _ASK_AGAIN,
        )
        try:
            self._ask(self._cut, now)
            self._keep()
        except StorageError:
            self._cut = None
            raise
        self._tell(now, "sealed.pending", order=identity.hex())
        return Hindrance.NONE

    def answered(self, answer: ConfirmAnswer, now: Instant) -> Hindrance:
        """The confirm service's word, from whoever is in its slot; NONE where it is the answer to our question."""
        cut = self._cut
        if cut is None or cut.stage is not CutStage.PENDING or (answer.nonce, answer.order) != (cut.nonce, cut.order):
            self._tell(now, "sealed.unmatched", order=answer.order.hex())
            return Hindrance.NOTHING_PENDING
        if not answer.yes:
            self._tell(now, "sealed.said_no", order=cut.order.hex(), reason=answer.reason)
            self._end(Outcome.STAYED_SAID_NO, Hindrance.SAID_NO, now)
            return Hindrance.NONE
        if self._run.at(now) >= cut.until:
            self._end(Outcome.STAYED_NO_ANSWER, Hindrance.NO_ANSWER, now)
            return Hindrance.NO_ANSWER
        hindrance = self._hindrance(cut.order, now)
        if hindrance is Hindrance.NONE:
            hindrance = self._overtaken(cut, now)
        if hindrance is not Hindrance.NONE:
            self._end(Outcome.STAYED_BRAKE_OR_STATE, hindrance, now)
            return hindrance
        return self._open(cut, now)

    def cancel(self, order: bytes, now: Instant) -> Hindrance:
        """Take an order back, pending or yet to come; NONE where it will not be done any more.

        Raises:
            StorageError: it could not be kept.
        """
        cut = self._cut
        if order in self._done:
            return Hindrance.STATE
        self._cancelled = [*self._cancelled[1 - _REMEMBERED :], order]
        if cut is not None and cut.order == order:
            self._works.stay(now)
            self._end(Outcome.CANCELLED, Hindrance.CANCELLED, now)
        self._keep()
        return Hindrance.NONE

    def drop(self, hindrance: Hindrance, now: Instant) -> None:
        """End what is pending, for a reason of the device's own."""
        if self.stage is CutStage.PENDING:
            self._end(Outcome.STAYED_BRAKE_OR_STATE, hindrance, now)

    # time ---------------------------------------------------------------------------------------------------------

    def deadline(self) -> Instant | None:
        """When to ask again, or to give up; None while a valve is on its way."""
        if self._cut is None or self._cut.stage is not CutStage.PENDING:
            return None
        return self._run.instant(min(self._cut.until, self._cut.ask_at))

    def elapse(self, now: Instant) -> None:
        """Give up, ask again, or see that the valve has closed."""
        cut = self._cut
        if cut is None:
            return
        if cut.stage is CutStage.OPENING:
            self._settle(cut, now)
            return
        lived = self._run.at(now)
        if lived >= cut.until:
            self._end(Outcome.STAYED_NO_ANSWER, Hindrance.NO_ANSWER, now)
        elif lived >= cut.ask_at:
            cut.ask_at += _ASK_AGAIN
            try:
                self._ask(cut, now)
            except StorageError as error:
                self._tell(now, "sealed.unkept", why=error.sentence())

    # the steps ----------------------------------------------------------------------------------------------------

    def _hindrance(self, identity: bytes, now: Instant) -> Hindrance:
        if identity in self._cancelled:
            return Hindrance.CANCELLED
        if not self._works.fitted:
            return Hindrance.NOT_FITTED
        if self._works.control_state == _OFF:
            return Hindrance.STATE
        return self._brake.hindrance(self._run.at(now))

    def _ask(self, cut: _Cut, now: Instant) -> None:
        facts = self._works.facts()
        shown = self._voice.sayable(self._clock(now))
        load = max(0, min(facts.load, 0xFFFF_FFFF))
        state = self._works.control_state
        query = ConfirmQuery(shown, cut.nonce, cut.order, state, facts.balance, load, facts.last_vend, self._boot)
        self._voice.ask(query, shown)

    def _open(self, cut: _Cut, now: Instant) -> Hindrance:
        cut.stage = CutStage.OPENING
        self._brake.count(self._run.at(now))
        try:
            self._keep()
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())
            self._end(Outcome.STAYED_BRAKE_OR_STATE, Hindrance.STORAGE, now)
            return Hindrance.STORAGE
        self._works.open(now)
        self._settle(cut, now)
        return Hindrance.NONE

    def _overtaken(self, cut: _Cut, now: Instant) -> Hindrance:
        if self._works.facts().last_vend != cut.vend:
            return Hindrance.PAID
        return Hindrance.LATE if self._clock(now) > cut.not_after else Hindrance.NONE

    def _settle(self, cut: _Cut, now: Instant) -> None:
        if self._works.opening():
            hindrance = self._overtaken(cut, now)
            if hindrance is Hindrance.NONE:
                return
            self._works.stay(now)
            self._end(Outcome.STAYED_BRAKE_OR_STATE, hindrance, now)
        elif self._works.control_state == _OFF:
            self._done = [*self._done[1 - _REMEMBERED :], cut.order]
            self._end(Outcome.OPENED, Hindrance.NONE, now)
        else:
            self._end(Outcome.STAYED_BRAKE_OR_STATE, Hindrance.STATE, now)

    def _end(self, outcome: Outcome, hindrance: Hindrance, now: Instant) -> None:
        cut, self._cut = self._cut, None
        if cut is not None:
            self._result(cut.order, outcome, hindrance, now)

    def _result(self, order: bytes, outcome: Outcome, hindrance: Hindrance, now: Instant) -> None:
        shown = self._voice.sayable(self._clock(now))
        told = {"order": order.hex(), "outcome": outcome.name.lower(), "why": hindrance.name.lower()}
        self._tell(now, "sealed.ended", **told)
        try:
            self._voice.result(OrderResult(shown, order, outcome, self._works.control_state, hindrance), shown)
            self._keep()
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())

    # a snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        cut = self._cut
        return {
            "cut": None if cut is None else [cut.order.hex(), int(cut.stage), cut.not_after, cut.vend],
            "cancelled": [one.hex() for one in self._cancelled],
            "done": [one.hex() for one in self._done],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; what was under way ends at `awake`."""
        self._cancelled = [bytes.fromhex(one) for one in state["cancelled"]]
        self._done = [bytes.fromhex(one) for one in state["done"]]
        self._cut = None
        if state["cut"] is not None:
            order, stage, not_after, vend = state["cut"]
            paid = None if vend is None else Instant(vend)
            self._cut = _Cut(bytes.fromhex(order), b"", CutStage(stage), Instant(not_after), paid, 0, 0)

    def awake(self, now: Instant) -> None:
        """After a restart: what was pending is over; what was opening is told as it stands.

        How long the power was away nobody knows, so a yes from before it is worth nothing.
        """
        if self._cut is None:
            return
        if self._cut.stage is CutStage.OPENING and (self._works.opening() or self._works.control_state == _OFF):
            self._settle(self._cut, now)
        else:
            self._end(Outcome.STAYED_BRAKE_OR_STATE, Hindrance.RESTARTED, now)
