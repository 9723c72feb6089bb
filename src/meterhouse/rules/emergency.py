"""Emergency credit, friendly credit and the low-credit warning of an account at the premises.

Emergency credit is a limit below zero that a person selects once it is offered; using it makes the balance negative,
and the next payment repays it by itself. It never counts as credit where the no-communication countdown is refilled
(C-07). Friendly credit is a weekly calendar of half hours in which no supply closes; the hub expresses it by a cut-off
raised out of the reach of the half hour to come (C-05), and never without end: the meter may not hear of its hub again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from meterhouse.rules.gas_account import NO_LIMIT_LITRES

__all__ = [
    "ACTIVE",
    "FRIENDLY_ALLOWANCE_L",
    "FRIENDLY_ALLOWANCE_WH",
    "FRIENDLY_FLOW_L",
    "FRIENDLY_FLOW_WH",
    "FRIENDLY_LONGEST",
    "NONE",
    "OFFERED",
    "EmergencyRecord",
    "FriendlyRecord",
    "emergency_after_credit",
    "emergency_offered",
    "friendly_cutoff",
    "friendly_cutoff_l",
    "friendly_half_hours",
    "friendly_in_force",
    "low_credit",
    "select_emergency",
    "spendable",
]

NONE: Final = 0
OFFERED: Final = 1
ACTIVE: Final = 2

FRIENDLY_FLOW_L: Final = 3_500
"""More than a domestic meter passes in one half hour: 3 000 litres at its 6 m³/h, the rest for a late report."""
FRIENDLY_ALLOWANCE_L: Final = 500
"""For each further half hour of the window, in case the link fails inside it: 5.6 kWh, a cold evening's heating."""
FRIENDLY_LONGEST: Final = 48
"""No window counts for more than a day at a time; where the link works, each contact sees a day further."""
FRIENDLY_FLOW_WH: Final = 40_000
"""The same for electricity: 35 kWh through three phases of 100 A, the rest for a late contact."""
FRIENDLY_ALLOWANCE_WH: Final = 2_000
"""For each further half hour of the window: 4 kW, a cold evening with electric heating."""

_DAYS: Final = 7
_SLOTS: Final = 48


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


def friendly_half_hours(record: FriendlyRecord, weekday: int, slot: int) -> int:
    """How many half hours of a friendly window lie ahead, the one asked for included; at most FRIENDLY_LONGEST."""
    count = 0
    while count < FRIENDLY_LONGEST and friendly_in_force(record, weekday, slot):
        count += 1
        slot += 1
        if slot == _SLOTS:
            slot = 0
            weekday = (weekday + 1) % _DAYS
    return count


def friendly_cutoff_l(half_hours: int, cutoff_l: int, register_l: int) -> int:
    """The same for gas, litres."""
    return friendly_cutoff(half_hours, cutoff_l, register_l, FRIENDLY_FLOW_L, FRIENDLY_ALLOWANCE_L, NO_LIMIT_LITRES)


def friendly_cutoff(half_hours: int, cutoff: int, register: int, flow: int, allowance: int, furthest: int) -> int:
    """The cut-off that the meter is told while a friendly window is in force.

    Out of reach of the half hour to come, whatever flows, so that nothing closes while the link works (S0-109); and
    with the allowance for the rest of the window, so that a link lost inside it closes nothing by ordinary use, yet
    gives no supply without end (S0-137).

    Args:
        half_hours: of the window that lie ahead; 0 outside of one: the cut-off stays as it is.
        cutoff: what the account can buy.
        register: up to which the account has been charged.
        flow: more than a meter passes in one half hour.
        allowance: for each further half hour.
        furthest: no cut-off is beyond it.
    """
    if half_hours == 0:
        return cutoff
    raised = register + flow + (half_hours - 1) * allowance
    return min(max(cutoff, raised), furthest)
