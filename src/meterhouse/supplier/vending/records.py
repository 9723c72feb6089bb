"""What the counter reads and writes, and the port through which it does: all in one transaction of its keeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.supplier.ledger import Book

__all__ = [
    "AccountRecord",
    "AccountState",
    "Customer",
    "Delivery",
    "MeterRecord",
    "StageName",
    "StageRecord",
    "Vend",
    "VendingRecords",
]


class AccountState(StrEnum):
    """Whether an account takes payments."""

    OPEN = "open"
    CLOSED = "closed"


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
    """

    account_id: str
    home: str
    debt: Money
    debt_share: int
    state: AccountState = AccountState.OPEN
    closed_why: str = ""


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
        token: 20 digits; empty where all went to debt.
        tid: the token's identifier; None where there is none.
    """

    request_id: str
    account_id: str
    home: str
    meter: Eui64
    network: str
    at: Instant
    paid: Money
    to_debt: Money
    in_token: Money
    value: Money
    debt_left: Money
    token: str
    tid: int | None


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

    def save_debt(self, account_id: str, debt: Money) -> None:
        """Set what an account owes."""

    def save_tid(self, meter: Eui64, tid: int) -> None:
        """Set the newest token identifier of a meter; never lowered."""

    def save_delivery(self, delivery: Delivery) -> None:
        """Put an order to the hub into the outbox."""

    def stages(self, request_id: str) -> Sequence[StageRecord]:
        """The life line so far, in the order written."""

    def save_stage(self, request_id: str, stage: StageRecord) -> None:
        """Add a step that is not there yet."""
