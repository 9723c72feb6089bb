"""Emergency credit, friendly credit and the low-credit warning of an account at the premises.

Emergency credit is a limit below zero that a person selects once it is offered; using it makes the balance negative,
and the next payment repays it by itself. It never counts as credit where the no-communication countdown is refilled
(C-07). Friendly credit is a weekly calendar of half hours in which no supply closes; the hub expresses it by a cut-off
that never comes (C-05).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

__all__ = [
    "ACTIVE",
    "NONE",
    "OFFERED",
    "EmergencyRecord",
    "FriendlyRecord",
    "emergency_after_credit",
    "emergency_offered",
    "friendly_in_force",
    "low_credit",
    "select_emergency",
    "spendable",
]

NONE: Final = 0
OFFERED: Final = 1
ACTIVE: Final = 2


class EmergencyRecord(Protocol):
    """The fields that these rules read and write; money in 10⁻⁵ of the unit.

    Attributes:
        emergency: NONE, OFFERED or ACTIVE.
        emergency_limit: how far below zero an active one lets the balance go; 0 where there is none.
        emergency_threshold: it is offered while the balance is below this.
        low_threshold: the warning is on while what can be spent is below this.
    """

    balance: int
    emergency: int
    emergency_limit: int
    emergency_threshold: int
    low_threshold: int


class FriendlyRecord(Protocol):
    """Seven integers, Monday first; bit n is the half hour n of that day (UTC)."""

    friendly: Sequence[int]


def emergency_offered(account: EmergencyRecord) -> bool:
    """Offer emergency credit if it is due; whether it is on offer now."""
    if account.emergency == NONE and account.emergency_limit > 0 and account.balance < account.emergency_threshold:
        account.emergency = OFFERED
    return account.emergency == OFFERED


def select_emergency(account: EmergencyRecord) -> bool:
    """A person selects it: takes effect only while on offer, so once until it is repaid."""
    if account.emergency != OFFERED:
        return False
    account.emergency = ACTIVE
    return True


def emergency_after_credit(account: EmergencyRecord) -> int:
    """After a credit: from the threshold up, emergency credit is repaid and rests; returns its state."""
    if account.balance >= account.emergency_threshold:
        account.emergency = NONE
    return account.emergency


def spendable(account: EmergencyRecord) -> int:
    """What may still be used before the supply closes; not above zero: nothing."""
    if account.emergency == ACTIVE:
        return account.balance + account.emergency_limit
    return account.balance


def low_credit(account: EmergencyRecord) -> bool:
    """Whether the low-credit warning is on."""
    return spendable(account) < account.low_threshold


def friendly_in_force(record: FriendlyRecord, weekday: int, slot: int) -> bool:
    """Whether no supply closes in this half hour: `weekday` 0 is Monday, `slot` 0 to 47 from UTC midnight."""
    return (record.friendly[weekday] >> slot) & 1 == 1
