"""What the counter reads and writes, and the port through which it does: all in one transaction of its keeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.supplier.ledger import Book

__all__ = [
    "AccountRecord",
    "AccountState",
    "Agreement",
    "CardState",
    "ClosedKind",
    "Customer",
    "DebtPlace",
    "Delivery",
    "MeterRecord",
    "StageName",
    "StageRecord",
    "Tally",
    "Vend",
    "VendKind",
    "VendState",
    "VendingRecords",
]


class AccountState(StrEnum):
    """Whether an account takes payments."""

    OPEN = "open"
    CLOSED = "closed"


class ClosedKind(StrEnum):
    """Why an account takes no payments any more."""

    NOT = ""
    CLOSED = "closed"
    TENANCY = "tenancy"
    SUPPLIER = "supplier"


class CardState(StrEnum):
    """Whether a card may still be used."""

    CURRENT = "current"
    REPLACED = "replaced"


class DebtPlace(StrEnum):
    """Where debt is recovered: never in both places (contradiction C-02)."""

    COUNTER = "counter"
    """A share of each payment, before the token is made."""
    METER = "meter"
    """By the meter, from its balance: for equipment that was there before. Nothing is taken at the counter."""
    MOVING = "moving"
    """On its way from the meter to the counter: the meter is to forget its debt, and has not confirmed it yet. Nothing
    is taken at the counter; what the meter took until then still counts."""


class VendKind(StrEnum):
    """What a vend is for."""

    PAYMENT = "payment"
    FREE = "free"
    OPENING = "opening"
    TEST = "test"


class VendState(StrEnum):
    """How a vend stands in the ledger; the last three are ends."""

    PENDING = "pending"
    """Paid, debt taken, the rest held: its token is being made."""
    POSTED = "posted"
    VOIDED = "voided"
    """No token was made; all was given back."""
    REVERSED = "reversed"
    """Its token was given back unused, or revoked."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What an account has done in the present day and week, for the limits that hold there.

    Attributes:
        day: days since 1970-01-01 UTC.
        paid: in that day, 10⁻⁵ of the unit.
        week: weeks since Monday 1969-12-29 UTC.
        to_debt: in that week, 10⁻⁵ of the unit.
    """

    day: int = 0
    paid: int = 0
    week: int = 0
    to_debt: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed about debt and tariff, from an instant on; earlier ones stay as history.

    Attributes:
        since: when it begins to hold.
        debt_share: of each payment, in 1/100 of a per cent.
        weekly_cap: most debt in one week; None for no cap.
        place: where debt is recovered.
        tariff: name of the tariff.
        why: a phrase for whoever reads the history.
    """

    since: Instant
    debt_share: int
    weekly_cap: Money | None = None
    place: DebtPlace = DebtPlace.COUNTER
    tariff: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A prepayment account: one customer, one meter, one tenancy.

    Attributes:
        account_id: what the customer's card says.
        home: the home's short id.
        debt: owed before the next payment; never below zero. Its currency is the account's.
        debt_share: agreed part of each payment, in 1/100 of a per cent.
        state: open, or closed for ever (a new tenancy or supplier opens another account).
        closed_why: a phrase for the person at the counter; empty while open.
        closed_kind: what closed it.
        successor: the account that took its place, or the supplier that did; empty where unknown.
        supplier: whose customer it is; empty where there is only one.
        weekly_cap: most debt recovered in one week; None for no cap.
        place: where debt is recovered.
        tariff: name of the agreed tariff.
        tally: of the present day and week.
    """

    account_id: str
    home: str
    debt: Money
    debt_share: int
    state: AccountState = AccountState.OPEN
    closed_why: str = ""
    closed_kind: ClosedKind = ClosedKind.NOT
    successor: str = ""
    supplier: str = ""
    weekly_cap: Money | None = None
    place: DebtPlace = DebtPlace.COUNTER
    tariff: str = ""
    tally: Tally = Tally()


@dataclass(frozen=True, slots=True)
class MeterRecord:
    """What a token is bound to.

    Attributes:
        meter: identity of the meter.
        fuel: decides the token's subclass.
        hub: identity of the hub that the token is delivered to.
        pan: MeterPAN, 18 digits (IEC 62055-41 §6.1.2).
        supply_group: SGC, 6 digits.
        tariff_index: TI, 0 to 99.
        key_revision: KRN, 1 to 9.
        base_date: year from which its token identifiers count: 1993, 2014 or 2035.
        last_tid: token identifier of its newest token; None before the first.
        scheme: the encryption service that makes its tokens.
    """

    meter: Eui64
    fuel: Fuel
    hub: Eui64
    pan: str
    supply_group: str
    tariff_index: int = 1
    key_revision: int = 1
    base_date: int = 2014
    last_tid: int | None = None
    scheme: str = "sts"


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with the meter that it pays for."""

    account: AccountRecord
    meter: MeterRecord


@dataclass(frozen=True, slots=True)
class Vend:
    """A payment that was taken, and what was made of it; written once. `paid = to_debt + in_token`.

    Attributes:
        request_id: names it.
        at: when it was taken.
        value: what the token carries: `in_token` and the rounding in the customer's favour; zero where there is none.
        debt_left: owed after it.
        token: its digits; empty where all went to debt, and while pending.
        tid: the token's identifier; None where there is none.
        state: how it stands; what was written stays, and only the state and a pending vend's token change.
        kind: what it is for; only a PAYMENT has money in.
        rnd: the random number its token is made with, 0 to 15.
        fuel: of its meter, whose registration says it; a vend is kept without.
    """

    request_id: str
    account_id: str
    home: str
    meter: Eui64
    fuel: Fuel
    network: str
    at: Instant
    paid: Money
    to_debt: Money
    in_token: Money
    value: Money
    debt_left: Money
    token: str
    tid: int | None
    state: VendState = VendState.POSTED
    kind: VendKind = VendKind.PAYMENT
    rnd: int = 0

    def with_token(self, token: str) -> Vend:
        """The same vend with its token."""
        return replace(self, token=token)

    def in_state(self, state: VendState) -> Vend:
        """The same vend in another state."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order to the hub: take this token, and show this much debt (S3-88). Never a balance (S3-107).

    Attributes:
        token: 20 digits; empty where only the debt changed.
        value: what the token carries.
        debt_left: for display only.
        expiry: after it, nobody tries any more; the token itself stays good and can be typed.
    """

    request_id: str
    hub: Eui64
    meter: Eui64
    fuel: Fuel
    token: str
    value: Money
    debt_left: Money
    due: Instant
    expiry: Instant


class StageName(StrEnum):
    """The life line of a vend; it ends as accepted or refused."""

    MADE = "made"
    CARRIED = "carried"
    HUB = "hub"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One step of a vend's life.

    Attributes:
        reason: why it was refused; empty otherwise.
    """

    name: StageName
    at: Instant
    reason: str = ""


class VendingRecords(Protocol):
    """The counter's keeper. Everything between the begin and the commit of its transaction happens, or nothing."""

    @property
    def book(self) -> Book:
        """The ledger, in the same transaction."""

    def customer(self, account_id: str) -> Customer | None:
        """The account and its meter, held against change by others until the commit; None where there is none."""

    def vend(self, request_id: str) -> Vend | None:
        """The vend of a request, if it was taken."""

    def save_vend(self, vend: Vend) -> None:
        """Write a new vend."""

    def settle_vend(self, request_id: str, state: VendState, token: str) -> None:
        """Give a vend its new state, and its token."""

    def latest(self, account_id: str) -> Vend | None:
        """The newest vend of an account."""

    def unaccepted(self, account_id: str) -> Sequence[Vend]:
        """Posted vends of an account whose tokens nobody has reported as accepted, oldest first."""

    def vends_of_network(self, network: str, first: Instant, last: Instant) -> Sequence[Vend]:
        """What a payment network sold from `first` up to and with `last`, oldest first."""

    def pending(self) -> Sequence[Vend]:
        """Every vend that is pending, oldest first."""

    def card(self, card: str) -> tuple[str, CardState] | None:
        """The account of a card, and whether the card may still be used; None for an unknown card."""

    def accounts_of_pan(self, pan: str) -> Sequence[str]:
        """The accounts that pay, or paid, for the meter with this MeterPAN; empty where there is none."""

    def save_owed(self, account_id: str, debt: Money, tally: Tally) -> None:
        """Set what an account owes, and what it has done today and this week."""

    def save_agreement(self, account_id: str, agreement: Agreement) -> None:
        """Let an agreement hold from now on; the former ones stay readable."""

    def agreements(self, account_id: str) -> Sequence[Agreement]:
        """All agreements of an account, oldest first."""

    def close(self, account_id: str, kind: ClosedKind, why: str, successor: str) -> None:
        """Close an account for ever."""

    def spend(self, name: str, day: int, amount: int, most: int) -> bool:
        """Add to a tally of one day; whether it stays at or below `most` (if not, nothing was added)."""

    def withdraw_delivery(self, request_id: str, reason: str) -> bool:
        """Take an order out of the outbox; whether nobody had claimed it yet (then it can never be delivered)."""

    def save_tid(self, meter: Eui64, tid: int) -> None:
        """Set the newest token identifier of a meter; never lowered."""

    def save_delivery(self, delivery: Delivery) -> None:
        """Put an order to the hub into the outbox."""

    def stages(self, request_id: str) -> Sequence[StageRecord]:
        """The life line so far, in the order written."""

    def save_stage(self, request_id: str, stage: StageRecord) -> None:
        """Add a step that is not there yet."""
