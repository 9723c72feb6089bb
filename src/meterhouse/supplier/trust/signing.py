"""The signing daemon's mind: it alone has the supplier's key, and signs what its own rules let pass (S0-54).

It believes nobody: not the desk, not the data base. It checks the people's signatures itself, by its own list of staff;
only words that were written with its own pen, at times of its own clock, count; it has its own policy, its own counters
and its own brake (B2). Whoever owns console, API and data base, but not two people's passphrases, gets no signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from meterhouse.companion.brake import Brake, Limit, is_braked
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    Catalogue,
    CounterClass,
    Envelope,
    Mandate,
    Role,
    Signer,
    encode_cancel,
)
from meterhouse.crypto import KeyPair
from meterhouse.model import DAY, MINUTE, Eui64, Instant, PolicyError
from meterhouse.supplier.trust.order_policy import OrderPolicy, check_statements, use_case_of
from meterhouse.supplier.trust.people import Deed, Staff, Statement, state
from meterhouse.supplier.trust.work_order import WorkOrder

__all__ = ["BLOCK", "RESTORE_STEP", "OrderCounters", "PenBook", "SigningDesk"]

BLOCK: Final = 1_000
"""Counters that are reserved durably at a time; a crash skips the rest of them."""
RESTORE_STEP: Final = 1 << 32
"""What a restore from a backup adds to each counter: more than the lost time can have used."""
_SLOW: Final = MINUTE
"""How far the desk's clock may be before ours; what has come a little early is only to be asked again."""
_MOMENT: Final = "Ask again in a moment."
_BEFORE: Final = 5 * MINUTE
"""How far back a cancel's mandate begins: a device's clock may be slow."""


class OrderCounters(Protocol):
    """Counters of the supplier, one for each class; a value is never given out twice, whatever crashes."""

    def next(self, name: str) -> int:
        """The next value; durable before it is returned."""


class PenBook(Protocol):
    """What the pen has written: durable before it returns."""

    def wrote(self, statement: Statement, digest: bytes) -> None:
        """Remember a word."""

    def knows(self, statement: Statement, digest: bytes) -> bool:
        """Whether this word, about this order, was written here."""


@dataclass(frozen=True, slots=True)
class SigningDesk:
    """The rules.

    Attributes:
        supplier: the party that signs.
        pair: its signature key.
        catalogue: use cases and their limits.
        staff: everybody who may sign words, by its own list.
        policy: its own.
        brake: B2; `keep_brake` is called before a signature leaves.
        counters: its own.
        pen: its memory of words.
        keep_brake: writes the brake's state durably.
    """

    supplier: Eui64
    pair: KeyPair
    catalogue: Catalogue
    staff: Staff
    policy: OrderPolicy
    brake: Brake
    counters: OrderCounters
    pen: PenBook
    keep_brake: Callable[[Brake], None]

    def write(self, person: str, key: KeyPair, deed: Deed, digest: bytes, now: Instant) -> Statement:
        """A person's word, under the key that their passphrase has just opened.

        Raises:
            PolicyError: nobody of the staff, or not their duty.
        """
        known = self.staff.get(person)
        if known is None or not known.duties & deed.duties or key.public != known.public:
            raise PolicyError(f"'{person}' may not {deed} {deed.about}")
        word = state(person, key, deed, digest, now)
        self.pen.wrote(word, digest)
        return word

    def sign(self, order: WorkOrder, now: Instant) -> Envelope:
        """The signed message of an order.

        Raises:
            PolicyError: a rule says no, and which.
            AuthenticationError: a person's signature is wrong.
            SealedError: the content is not what its code holds, or outside its limits.
        """
        use_case = use_case_of(self.catalogue, order.code)
        if Role.SUPPLIER not in use_case.roles or not use_case.critical:
            raise PolicyError(f"{use_case.name} is not for the supplier's key")
        use_case.check(order.content)
        last = check_statements(order, use_case, self.policy, self.staff)
        self._check_pen(order)
        self._check_time(order, last, now, braked=is_braked(use_case))
        mandate = Mandate(order.premises, order.not_before, order.not_after)
        mandate.encode()
        if is_braked(use_case):
            self._ask_brake(order, now)
        signer = Signer(self.supplier, self.pair, self.catalogue)
        counter = self.counters.next(use_case.counter_class.value)
        return signer.order(order.device, order.code, order.content, counter, mandate)

    def cancel(self, order: WorkOrder, now: Instant) -> Envelope:
        """The signed message that cancels an order at its device. It only keeps a supply on, so no rule holds it back.

        Raises:
            PolicyError: the order was never signed.
        """
        if len(order.order_hash) != 32:
            raise PolicyError(f"order {order.number} was never signed: nothing is to be cancelled at the device")
        mandate = Mandate(order.premises, Instant(max(0, now - _BEFORE)), Instant(now - _BEFORE + DAY))
        signer = Signer(self.supplier, self.pair, self.catalogue)
        counter = self.counters.next(CounterClass.CANCEL.value)
        return signer.order(order.device, CANCEL_ORDER, encode_cancel(order.order_hash), counter, mandate)

    # inside ------------------------------------------------------------------------------------------------------

    def _check_pen(self, order: WorkOrder) -> None:
        assert order.raised is not None  # check_statements has seen it
        for word in (order.raised, *order.approvals):
            if not self.pen.knows(word, order.digest):
                raise PolicyError(f"the word of {word.person} was not written here")

    def _check_time(self, order: WorkOrder, last: Instant, now: Instant, *, braked: bool) -> None:
        cooling = self.policy.cooling_off if braked else 0
        if now < last + cooling or order.not_before < last + cooling:
            remedy = _MOMENT if now + _SLOW >= last + cooling else "Ask again when it has."
            why = f"{cooling // MINUTE} min must pass."
            raise PolicyError(f"order {order.number} has not cooled off", why=why, remedy=remedy)
        if now < order.not_before:
            raise PolicyError(f"order {order.number} is for later", remedy=_MOMENT)
        if not now <= order.not_after <= order.not_before + self.policy.lasts:
            raise PolicyError(f"the mandate of order {order.number} is over, or too long")
        effect = use_case_of(self.catalogue, order.code).effect
        if braked and effect == "supply":
            begin, end = self.policy.hours.window(order.not_before)
            if begin != order.not_before or order.not_after > end:
                raise PolicyError(f"order {order.number} is for an hour at which nothing is cut")

    def _ask_brake(self, order: WorkOrder, now: Instant) -> None:
        # The desk's own count of homes is not believed below one.
        held = self.brake.ask({order.feeder: max(1, order.homes_off)}, now)
        self.keep_brake(self.brake)
        if held is not None:
            again = _MOMENT if held.limit is Limit.PACE else "Two of three officers release it."
            raise PolicyError(f"brake {self.brake.name} holds order {order.number}", why=f"{held.why}.", remedy=again)
