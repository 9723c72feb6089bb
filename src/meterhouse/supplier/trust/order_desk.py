"""The life of work orders at the supplier: raised, approved by another, cooled off, signed, carried out, read back.

Every method checks, then writes the order and one line of its history together. What a device does is believed only by
its own signed word, which others have verified before they come here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from meterhouse.companion.brake import WAYS_BACK, Brake, Limit, is_braked
from meterhouse.companion.sealed import (
    Catalogue,
    Envelope,
    Hindrance,
    Kind,
    Mandate,
    OrderReply,
    OrderResult,
    Outcome,
    SealedError,
    Standing,
    UseCase,
)
from meterhouse.model import Eui64, Instant, NotFoundError, PolicyError, StateError
from meterhouse.supplier.trust.order_policy import (
    HomeBook,
    HomeStanding,
    OrderPolicy,
    WhatIf,
    check_statements,
    use_case_of,
)
from meterhouse.supplier.trust.order_records import OneEach, OrderRecords, OrderRequest
from meterhouse.supplier.trust.people import Deed, Staff, Statement, believe
from meterhouse.supplier.trust.work_order import ENDED, LIVE, ReadBack, Step, WorkOrder, WorkState

__all__ = ["OrderDesk"]

_SYSTEM: Final = "meterhouse"
_DONE: Final = frozenset({Outcome.OPENED, Outcome.ARMED})
_ARMED: Final = 2
_OFF: Final = 0


class OrderDesk:
    """The rules, within one transaction.

    Args:
        records: the orders.
        homes: what is known of homes.
        staff: who may sign what.
        catalogue: use cases.
        policy: the rules' numbers.
        brake: B1; whoever made it keeps its state.
        what_if: reckons homes; None for `OneEach`.
        audit: told of every step: number, state, who, why, when.
    """

    __slots__ = ("_audit", "_brake", "_catalogue", "_homes", "_policy", "_records", "_staff", "_what_if")

    def __init__(
        self,
        records: OrderRecords,
        homes: HomeBook,
        staff: Staff,
        catalogue: Catalogue,
        policy: OrderPolicy,
        brake: Brake,
        what_if: WhatIf | None = None,
        audit: Callable[[WorkOrder, Step], None] = lambda _order, _step: None,
    ) -> None:
        self._records = records
        self._homes = homes
        self._staff = staff
        self._catalogue = catalogue
        self._policy = policy
        self._brake = brake
        self._what_if = what_if or OneEach(catalogue)
        self._audit = audit

    # people ------------------------------------------------------------------------------------------------------

    def draft(self, request: OrderRequest, now: Instant) -> WorkOrder:
        """The order that a person is to sign so that it is raised; nothing is kept yet.

        Raises:
            PolicyError: no reason, no evidence, a protected customer, a group where there are none, or an unknown code.
            NotFoundError: the device is not in that home.
            SealedError: the content is not what the code holds, or a field is outside its limits.
        """
        use_case = use_case_of(self._catalogue, request.code)
        use_case.check(request.content)
        least = self._policy.reason_length
        if is_braked(use_case) and min(len(request.reason.strip()), len(request.evidence.strip())) < least:
            raise PolicyError(
                "the order has no reason or no evidence",
                why=f"Each has {least} letters at least: the customer will be told.",
                remedy="Say why, and where the proof is.",
            )
        standing = self._standing(request.home, request.device, use_case)
        order = WorkOrder(
            self._records.number(),
            request.device,
            request.home,
            standing.feeder,
            standing.premises,
            request.code,
            request.content,
            request.reason.strip(),
            request.evidence.strip(),
            now,
            request.group,
        )
        if order.group and not self._policy.group_disable and is_braked(use_case):
            raise PolicyError(
                "orders for a group of homes are off",
                why="Each home is looked at by itself (C-06).",
                remedy="Raise an order for each home.",
            )
        return replace(order, homes_off=self._what_if.homes_off((order,)))

    def raise_order(self, order: WorkOrder, word: Statement, now: Instant) -> WorkOrder:
        """Keep a drafted order with its raiser's word. An order that leads back to supply is approved by it.

        Raises:
            PolicyError, AuthenticationError: the word does not let it be raised.
            StateError: there is an order of that number.
        """
        if self._records.get(order.number) is not None:
            raise StateError(f"order {order.number} is there already")
        use_case = use_case_of(self._catalogue, order.code)
        if word.deed is not Deed.RAISE:
            raise PolicyError(f"a statement to {word.deed} raises nothing")
        person = believe(word, order.digest, self._staff)
        raised = replace(order, state=WorkState.RAISED, raised=word, approvals=(), envelope=b"", order_hash=b"")
        self._keep(raised, now, person.name)
        if self._policy.approvals_needed(raised, use_case):
            return raised
        first, last = self._policy.mandate(use_case, max(now, word.at))
        approved = replace(raised.at_state(WorkState.APPROVED), not_before=first, not_after=last)
        return self._keep(approved, now, person.name, "it leads back to supply: nobody else needs to approve it")

    def approve(self, number: str, word: Statement, now: Instant) -> WorkOrder:
        """Take another person's approval; the last one needed counts the homes against the brake B1.

        Raises:
            PolicyError: the raiser's own, twice the same person, a wrong duty, a protected customer, or the brake.
            AuthenticationError: the signature is wrong.
            StateError: the order is not waiting for approval.
        """
        order = self._get(number)
        if order.state is not WorkState.RAISED:
            raise StateError(f"order {number} is {order.state} and waits for no approval")
        use_case = use_case_of(self._catalogue, order.code)
        with_word = replace(order, approvals=(*order.approvals, word))
        signed = check_statements(with_word, use_case, self._policy, self._staff, complete=False)
        self._standing(order.home, order.device, use_case)
        if len(with_word.approvals) < self._policy.approvals_needed(order, use_case):
            return self._keep(with_word, now, word.person, "approved by one; another must")
        first, last = self._policy.mandate(use_case, max(now, signed))
        self._ask_brake(order, now)
        approved = replace(with_word.at_state(WorkState.APPROVED), not_before=first, not_after=last)
        return self._keep(approved, now, word.person)

    def cancel(self, number: str, word: Statement, now: Instant) -> WorkOrder:
        """End an order, at any time before its end. What is signed already is `cancelling` until its device has said.

        Raises:
            PolicyError, AuthenticationError: not a word to cancel it.
            StateError: it has ended.
        """
        order = self._get(number)
        if word.deed is not Deed.CANCEL:
            raise PolicyError(f"a statement to {word.deed} cancels nothing")
        person = believe(word, order.digest, self._staff)
        if order.state is WorkState.CANCELLING:
            return order
        state = WorkState.CANCELLING if order.state in LIVE else WorkState.CANCELLED
        return self._keep(order.at_state(state, f"cancelled by {person.name}"), now, person.name)

    # time --------------------------------------------------------------------------------------------------------

    def due(self, now: Instant) -> list[WorkOrder]:
        """Approved orders whose cooling-off is over: to be signed now. What may not go any more is ended instead."""
        ready = []
        for order in self._records.live():
            if order.state is not WorkState.APPROVED or now < order.not_before:
                continue
            objection = self._objection(order)
            if objection:
                self._keep(order.at_state(WorkState.REFUSED, objection), now, _SYSTEM)
            elif now <= order.not_after:
                ready.append(order)
        return ready

    def expire(self, now: Instant) -> list[WorkOrder]:
        """End every order whose time is over without a word about how it ended."""
        ended = []
        for order in self._records.live():
            if order.state is WorkState.RAISED:
                late, why = now > order.raised_at + self._policy.unapproved, "nobody approved it in time"
            elif order.state is WorkState.APPROVED:
                late, why = now > order.not_after, "it was not signed in time"
            elif order.state is WorkState.CANCELLING:
                late, why = now > order.not_after, "cancelled, and its mandate has ended"
            else:
                late, why = now > order.not_after, "no result came while its mandate held"
            if late:
                state = WorkState.CANCELLED if order.state is WorkState.CANCELLING else WorkState.EXPIRED
                ended.append(self._keep(order.at_state(state, why), now, _SYSTEM))
        return ended

    # the way to the device ---------------------------------------------------------------------------------------

    def signed(self, number: str, envelope: Envelope, now: Instant) -> WorkOrder:
        """Keep what the signing daemon gave.

        Raises:
            PolicyError: it is not this order.
            StateError: the order is not waiting for it: it was cancelled meanwhile.
        """
        order = self._get(number)
        mandate = Mandate(order.premises, order.not_before, order.not_after).encode()
        told = (envelope.kind, envelope.target, envelope.code, envelope.content, envelope.supplement)
        if told != (Kind.COMMAND, order.device, order.code, order.content, mandate):
            raise PolicyError(f"what was signed is not order {number}")
        if order.state is not WorkState.APPROVED:
            raise StateError(f"order {number} is {order.state}", why="What was signed for it is thrown away.")
        ready = replace(order.at_state(WorkState.SIGNED), envelope=envelope.encode(), order_hash=envelope.identity)
        return self._keep(ready, now, _SYSTEM)

    def refused(self, number: str, who: str, why: str, now: Instant) -> WorkOrder:
        """End an order that the signing daemon, the carrier or the device refused."""
        return self._keep(self._get(number).at_state(WorkState.REFUSED, why), now, who)

    def sent(self, number: str, now: Instant) -> WorkOrder:
        """The device's port has taken it; taken and queued is not executed."""
        order = self._get(number)
        return (
            order if order.state is not WorkState.SIGNED else self._keep(order.at_state(WorkState.SENT), now, _SYSTEM)
        )

    def replied(self, number: str, reply: OrderReply, now: Instant) -> WorkOrder:
        """The device's signed response to the order."""
        order = self._get(number)
        who = str(order.device)
        if order.state not in {*LIVE, WorkState.CANCELLING}:
            return order
        if reply.standing is Standing.REFUSED:
            why = reply.hindrance.name.lower().replace("_", " ")
            return self._keep(order.at_state(WorkState.REFUSED, f"the device refused: {why}"), now, who)
        if reply.standing is Standing.DONE:
            return self._keep(order.at_state(WorkState.DONE, "the device has done it"), now, who)
        if order.state in {WorkState.SIGNED, WorkState.SENT}:
            return self._keep(order.at_state(WorkState.PENDING), now, who)
        return order

    def result(self, result: OrderResult, device: Eui64, now: Instant) -> WorkOrder:
        """The device's signed word about how the order ended; it stands above what was thought before.

        Raises:
            NotFoundError: no order of ours for that device: an alarm, not a mistake.
        """
        order = self._records.by_hash(result.order)
        if order is None or order.device != device:
            raise NotFoundError(f"{device} tells the end of an order that is none of ours")
        who = str(device)
        if result.outcome in _DONE:
            if order.state is WorkState.DONE:
                return order
            word = result.outcome.name.lower()
            late = order.state is WorkState.CANCELLING or order.state in ENDED
            why = f"{word} all the same, after: {order.why}" if late else word
            return self._keep(order.at_state(WorkState.DONE, why), now, who)
        if order.state in ENDED:
            return order
        return self._keep(order.at_state(*_end_of(result, order)), now, who)

    def read_back(self, number: str, switch: int, load: int, now: Instant) -> WorkOrder:
        """What an independent look at the switch said, after the order was done; a difference is a red alert.

        Args:
            number: of the order.
            switch: control state: 0 off, 1 on, 2 armed.
            load: W.
            now: when it was read.
        """
        order = self._get(number)
        if order.state is not WorkState.DONE:
            raise StateError(f"order {number} is {order.state}: there is nothing to look at")
        arms = not is_braked(use_case_of(self._catalogue, order.code))
        right = switch != _OFF if arms else (switch in {_OFF, _ARMED} and load == 0)
        found = ReadBack.MATCHES if right else ReadBack.DIFFERS
        why = f"read back: switch {switch}, load {load} W"
        return self._keep(replace(order, read_back=found), now, _SYSTEM, why)

    # inside ------------------------------------------------------------------------------------------------------

    def _get(self, number: str) -> WorkOrder:
        order = self._records.get(number)
        if order is None:
            raise NotFoundError(f"there is no order {number}")
        return order

    def _keep(self, order: WorkOrder, now: Instant, who: str, why: str = "") -> WorkOrder:
        step = Step(now, order.state, who, why or order.why)
        self._records.put(order, step)
        self._audit(order, step)
        return order

    def _standing(self, home: str, device: Eui64, use_case: UseCase) -> HomeStanding:
        standing = self._homes.standing(home, device)
        if standing is None:
            raise NotFoundError(f"device {device} is not in home {home}", remedy="Look at the registry.")
        if standing.protected and is_braked(use_case) and use_case.effect == "supply":
            raise PolicyError(
                f"home {home} is not to be cut",
                why=f"{standing.protected}.",
                remedy="Speak with the customer; a protected supply stays on.",
            )
        if standing.visit and use_case.code in WAYS_BACK:
            raise PolicyError(
                f"home {home} is not to be armed",
                why=f"{standing.visit}: nobody brings a supply back over a worker's hands.",
                remedy="Wait until the visit has restored the supply or is abandoned, and order it again.",
            )
        return standing

    def _objection(self, order: WorkOrder) -> str:
        """Why an approved order may not go any more."""
        use_case = use_case_of(self._catalogue, order.code)
        try:
            use_case.check(order.content)
            check_statements(order, use_case, self._policy, self._staff)
            standing = self._standing(order.home, order.device, use_case)
        except (PolicyError, NotFoundError, SealedError) as error:
            return error.sentence()
        if standing.premises != order.premises:
            return "the home has another tenancy now"
        if is_braked(use_case) and order.not_before < standing.frozen_until:
            return "credentials or supplier have changed: nothing is cut for 72 hours"
        if is_braked(use_case) and standing.last_paid is not None and standing.last_paid >= order.raised_at:
            return "somebody has paid since it was raised"
        return ""

    def _ask_brake(self, order: WorkOrder, now: Instant) -> None:
        """Count an order's homes against B1. Everything about it was checked before: a refusal counts nothing."""
        least = 1 if use_case_of(self._catalogue, order.code).effect == "supply" else 0
        held = self._brake.ask({order.feeder: max(least, order.homes_off)}, now)
        if held is None:
            return
        if held.limit is Limit.PACE:
            raise PolicyError("too fast", why=f"{held.why}.", remedy="Approve it again in a moment.")
        raise PolicyError(
            f"brake {self._brake.name} holds order {order.number}",
            why=f"{held.why}.",
            remedy="Two of three officers release it, once it is clear why so many homes were to go off.",
        )


def _end_of(result: OrderResult, order: WorkOrder) -> tuple[WorkState, str]:
    if result.outcome is Outcome.CANCELLED:
        return WorkState.CANCELLED, order.why or "the device was told to cancel"
    if order.state is WorkState.CANCELLING:
        return WorkState.CANCELLED, order.why
    words = result.outcome.name.lower().replace("_", " ")
    hindrance = "" if result.hindrance is Hindrance.NONE else f" ({result.hindrance.name.lower().replace('_', ' ')})"
    return WorkState.REFUSED, f"{words}{hindrance}"
