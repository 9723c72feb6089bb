"""Where sealed orders enter a device: believed or refused, done once, answered, and kept before they are done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from meterhouse.companion.receipt import Deed, Scribe
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    CHANGE_SUPPLIER,
    CONFIRM_ANSWER,
    Accepted,
    ConfirmAnswer,
    Hindrance,
    Mandate,
    OrderCode,
    OrderReply,
    OrderResult,
    Outcome,
    Reason,
    Refused,
    Repeated,
    Responder,
    Role,
    Standing,
    Verifier,
    decode_cancel,
    decode_mandate,
)
from meterhouse.model import (
    MINUTE,
    Instant,
    MalformedError,
    StorageError,
)
from meterhouse.premises.orders.arm import ARM_LASTS, Arm
from meterhouse.premises.orders.brake import LocalBrake
from meterhouse.premises.orders.changed_hands import ChangedHands
from meterhouse.premises.orders.cut import CutStage, RemoteCut
from meterhouse.premises.orders.device_trust import DeviceTrust
from meterhouse.premises.orders.kept_counters import KeptCounters
from meterhouse.premises.orders.run_time import RunTime
from meterhouse.premises.orders.uplink import UplinkQueue
from meterhouse.premises.orders.voice import Voice
from meterhouse.premises.orders.works import Works

__all__ = ["ARM_CODES", "ARM_LASTS", "CUT_CODES", "OrderGate", "newest_record"]

CUT_CODES: Final = frozenset(code for code in OrderCode if code.cuts)
ARM_CODES: Final = frozenset(code for code in OrderCode if code.arms)
_ANSWER_VALID: Final = 5 * MINUTE
"""The longest window of a confirm service's word."""
_OTHERS: Final = frozenset({Role.CONFIRM, Role.CHANGE_OF_SUPPLIER})
"""Who do not ask for `last`: that is the supplier's, about an order of its own."""
_PASSIVE: Final = frozenset({"nothing", "token", "supply", "order"})


class OrderGate:
    """The gate of one device.

    Args:
        trust: whom it believes, and its own keys.
        works: what it works on.
        clock: the device's clock, by true time.
        entropy: for nonces and the boot id.
        keep: writes `state()` down and returns when it stands there; raises StorageError where it cannot. None: the
            record is only as durable as the device's snapshots, for which the event `state.due` asks in either case.
        tell: notes an event.
        now: when the device is switched on.

    Attributes:
        uplink: what it has to tell.
        arm: what has armed the supply.
        last: the newest answer or alert.
        receipt: its newest receipt for an order; empty before the first.
        refused: refusals so far, by reason.
    """

    def __init__(
        self,
        trust: DeviceTrust,
        works: Works,
        clock: Callable[[Instant], Instant],
        entropy: Callable[[int], bytes],
        keep: Callable[[dict[str, Any]], None] | None,
        tell: Callable[..., None],
        now: Instant,
    ) -> None:
        self._works = works
        self._clock = clock
        self._write = keep
        self._tell = tell
        self._now = now
        self._writes = 0
        self._changed = ChangedHands()
        self.uplink = UplinkQueue()
        self.last = b""
        self.receipt = b""
        self.last_reason = 0
        self.refused: Counter[Reason] = Counter()
        self.run = RunTime(now)
        self.brake = LocalBrake()
        self.arm = Arm(works, self.run, self.keep)
        self._counters = KeptCounters(self._keep)
        self._voice = Voice(trust, self.uplink, self._keep)
        self.cut = RemoteCut(works, self.brake, self.run, self._voice, clock, entropy, self._keep, tell)
        self._scribe = Scribe(trust.identity, trust.signing)
        self._trusted(trust)

    def _trusted(self, trust: DeviceTrust) -> None:
        self.trust = trust
        self._verifier = Verifier(
            trust.identity, trust.premises, trust.parties, trust.sealing(), trust.catalogue, self._counters
        )
        self._responder = Responder(trust.identity, trust.signing, self._counters)
        self._voice.trusted(trust)

    # orders -------------------------------------------------------------------------------------------------------

    def take(self, octets: bytes, now: Instant) -> Reason | None:
        """One message for this device; the reason where it is not believed. Its reply is in `last`.

        Raises:
            StorageError: its counter could not be kept; nothing was done, and the same bytes may come again.
        """
        self._now = now
        try:
            verdict = self._verifier.verify(octets, self._clock(now))
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())
            raise
        if isinstance(verdict, Refused):
            self._refuse(verdict, now)
            return verdict.reason
        self.last_reason = 0
        if isinstance(verdict, Repeated):
            self._tell(now, "sealed.repeated", code=verdict.envelope.code, counter=verdict.envelope.counter)
            self._say_again(verdict, now)
            return None
        envelope = verdict.envelope
        self.receipt = self._scribe.write(
            Deed.TAKEN, envelope.identity, envelope.originator, envelope.target, self._shown(now)
        )
        self._tell(now, "sealed.taken", code=envelope.code, counter=envelope.counter, order=envelope.identity.hex())
        self._reply(verdict, self._do(verdict, now), now)
        return None

    def _say_again(self, repeated: Repeated, now: Instant) -> None:
        envelope = repeated.envelope
        if repeated.answer:
            self.last = repeated.answer
            return
        # The power went between the counter and the reply: what was not kept was not done, and never will be.
        order = Accepted(envelope, self.trust.catalogue[envelope.code], self.trust.parties[envelope.originator])
        self._reply(order, _reply(Hindrance.RESTARTED), now)

    def _do(self, order: Accepted, now: Instant) -> bytes:
        code = order.use_case.code
        try:
            if code in CUT_CODES:
                return _reply(self.cut.begin(order, now), Standing.PENDING)
            if code in ARM_CODES:
                return _reply(self._arm(order, now))
            if code == CONFIRM_ANSWER:
                return _reply(self._answered(order, now))
            if code == CANCEL_ORDER:
                return _reply(self.cut.cancel(decode_cancel(order.envelope.content), now))
            if code == CHANGE_SUPPLIER:
                return _reply(self._change_supplier(order, now))
            done = self._works.do(order, now)
        except (MalformedError, StorageError) as error:
            self._tell(now, "sealed.undone", code=code, why=error.sentence())
            return _reply(Hindrance.STORAGE if isinstance(error, StorageError) else Hindrance.LIMIT)
        if isinstance(done, bytes):
            return done
        if done is Hindrance.NONE and order.use_case.effect not in _PASSIVE:
            self.brake.effect_changed(self.run.at(now))
        if done is not Hindrance.NONE:
            self._tell(now, "sealed.undone", code=code, why=done.name.lower())
        return _reply(done)

    def _answered(self, order: Accepted, now: Instant) -> Hindrance:
        mandate: Mandate = decode_mandate(order.envelope.supplement)
        if mandate.not_after - mandate.not_before > _ANSWER_VALID:
            return Hindrance.LIMIT
        return self.cut.answered(ConfirmAnswer.decode(order.envelope.content), now)

    def _change_supplier(self, order: Accepted, now: Instant) -> Hindrance:
        """Another supplier's from here on, with its slots, its association and its tokens; or none of it."""
        run = self.run.at(now)
        judged = self._changed.judge(order, self.trust, self._works, run)
        if isinstance(judged, Hindrance):
            self._tell(now, "sealed.undone", code=order.use_case.code, why=self._changed.why)
            self._tell_office(order, Outcome.STAYED_BRAKE_OR_STATE, judged, now)
            return judged
        (trust, change), before = judged, self._changed.state()
        self._changed.keep(order, run)
        try:
            self.adopt(trust, now)
        except StorageError:
            self._changed.restore(before)
            raise
        self._works.take_tokens_of(change, trust.agreement, self._changed.order)
        self._tell(now, "supplier.changed", gainer=str(trust.supplier), loser=str(change.change.loser))
        self._tell_office(order, Outcome.HANDED_OVER, Hindrance.NONE, now)
        return Hindrance.NONE

    def _tell_office(self, order: Accepted, outcome: Outcome, hindrance: Hindrance, now: Instant) -> None:
        """What became of a change, to the office that ordered it; done, to the new supplier too."""
        shown = self._shown(now)
        result = OrderResult(shown, order.envelope.identity, outcome, self._works.control_state, hindrance)
        try:
            if outcome is Outcome.HANDED_OVER:
                self._voice.result(result, shown)
            self._voice.result(result, shown, order.envelope.originator)
            self._keep()
        except StorageError as error:  # it is done, and kept; only who asks will hear of it
            self._tell(now, "sealed.unkept", why=error.sentence())

    def _arm(self, order: Accepted, now: Instant) -> Hindrance:
        # An arm is newer than any cut that is still pending: who wants the supply back does not want it off.
        self.cut.drop(Hindrance.STATE, now)
        hindrance = self.arm.take(now)
        outcome = Outcome.ARMED if hindrance is Hindrance.NONE else Outcome.STAYED_BRAKE_OR_STATE
        shown = self._shown(now)
        result = OrderResult(shown, order.envelope.identity, outcome, self._works.control_state, hindrance)
        self._voice.result(result, shown)
        self._keep()
        return hindrance

    def _reply(self, order: Accepted, content: bytes, now: Instant) -> None:
        try:
            answer = self._responder.answer(order, content)
            if order.party.role not in _OTHERS:
                self.last = answer
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())

    def _refuse(self, refused: Refused, now: Instant) -> None:
        self.refused[refused.reason] += 1
        self.last_reason = refused.reason
        code = 0 if refused.envelope is None else refused.envelope.code
        self._tell(now, "sealed.refused", code=code, reason=refused.reason.name.lower(), why=refused.why)
        try:
            alert = self._voice.refusal(code, refused.reason, self._shown(now), self.run.at(now))
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())
            return
        if alert:
            self.last = alert

    # what else happens to it --------------------------------------------------------------------------------------

    def adopt(self, trust: DeviceTrust, now: Instant) -> None:
        """New slots, by a hand-over that somebody else has checked: what is pending is over, and 72 hours are frozen.

        The slots are no part of the record, unless an order brought them: whoever calls this makes the device with them
        from now on. A party that is new in its role begins its counters anew.

        Raises:
            StorageError: it could not be kept; the old slots stay, and the freeze holds all the same.
        """
        self._now = now
        self.cut.drop(Hindrance.FREEZE, now)
        self.brake.credentials_changed(self.run.at(now))
        self._keep()
        old, counters = self.trust, self._counters.state()
        before = {(party.identity, party.role, party.signing) for party in old.parties.values()}
        after = {(party.identity, party.role, party.signing) for party in trust.parties.values()}
        self._counters.forget({role for _, role, _ in before ^ after})
        self._trusted(trust)
        try:
            self._keep()
        except StorageError:
            self._counters.restore(counters)
            self._trusted(old)
            raise

    def changed(self, now: Instant) -> None:
        """A price, clock or limit was set by another way: credit does not run out for a day."""
        self.brake.effect_changed(self.run.at(now))

    def closed_by_hand(self) -> None:
        """A hand has used the arm up."""
        self.arm.until = None

    @property
    def pending(self) -> bool:
        """Whether a cut waits for its answer."""
        return self.cut.stage is CutStage.PENDING

    @property
    def armed(self) -> bool:
        """Whether an order or a code has armed the supply, and neither a hand nor a day has ended that."""
        return self.arm.until is not None

    @property
    def highest(self) -> int:
        """The highest counter believed."""
        return self._counters.highest

    # time ---------------------------------------------------------------------------------------------------------

    def deadline(self) -> Instant | None:
        """When to ask again, to give up, or to disarm."""
        cut = self.cut.deadline()
        if self.arm.until is None:
            return cut
        arm = self.run.instant(self.arm.until)
        return arm if cut is None or arm < cut else cut

    def elapse(self, now: Instant) -> None:
        """Do what is due; and see what a valve has done meanwhile."""
        self._now = now
        self.cut.elapse(now)
        if self.arm.elapse(now):
            self._keep_quietly(now)

    # a snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that must not be forgotten; no keys. `writes` says which of two is newer."""
        return {
            "writes": self._writes,
            "run": self.run.state(),
            "brake": self.brake.state(),
            "counters": self._counters.state(),
            "voice": self._voice.state(),
            "uplink": self.uplink.state(),
            "cut": self.cut.state(),
            "armed_until": self.arm.until,
            "changed": self._changed.state(),
            "receipts": [self._scribe.number, self._scribe.previous.hex(), self.receipt.hex()],
            "last": self.last.hex(),
            "refused": {str(int(reason)): count for reason, count in self.refused.items()},
            "works": self._works.orders_state(),
        }

    def restore(self, state: dict[str, Any], now: Instant) -> None:
        """Go on from a record, the newer of the device's snapshot and what `keep` was given last."""
        self._now = now
        self._writes = state["writes"]
        self.run.restore(state["run"])
        self.brake.restore(state["brake"])
        self._counters.restore(state["counters"])
        self._voice.restore(state["voice"])
        self.uplink.restore(state["uplink"])
        self.cut.restore(state["cut"])
        self.arm.until = state["armed_until"]
        number, previous, receipt = state["receipts"]
        self._scribe.number, self._scribe.previous, self.receipt = (
            number,
            bytes.fromhex(previous),
            bytes.fromhex(receipt),
        )
        self.last = bytes.fromhex(state["last"])
        self.refused = Counter({Reason(int(reason)): count for reason, count in state["refused"].items()})
        self._works.restore_orders(state["works"])
        change = self._changed.restore(state.get("changed"))
        if change is not None:
            self._trusted(self.trust.given(change))
            self._works.take_tokens_of(change, self.trust.agreement, self._changed.order)
        self.cut.awake(now)

    def keep(self, now: Instant) -> None:
        """Write the record down.

        Raises:
            StorageError: it could not be kept.
        """
        self._now = now
        self._keep()

    def _keep(self) -> None:
        self._writes += 1
        if self._write is not None:
            self._write(self.state())
        self._tell(self._now, "state.due", writes=self._writes)

    def _keep_quietly(self, now: Instant) -> None:
        try:
            self._keep()
        except StorageError as error:
            self._tell(now, "sealed.unkept", why=error.sentence())

    def _shown(self, now: Instant) -> Instant:
        return self._voice.sayable(self._clock(now))


def newest_record(*records: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a device's snapshot and what `keep` was given, the one to go on from; the first of equals."""
    return max((one for one in records if one is not None), key=lambda one: int(one["writes"]), default=None)


def _reply(hindrance: Hindrance, good: Standing = Standing.DONE) -> bytes:
    return OrderReply(good if hindrance is Hindrance.NONE else Standing.REFUSED, hindrance).encode()
