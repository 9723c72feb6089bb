"""One half hour of a gas prepayment home, meter and hub together: the rule-book as a single step.

It is the specification of what the gas meter and the hub do over their telegrams (figures 10 and 11 and the scenarios
of the scheme), on one record; and it is what a population runs. Device by device the same rules are applied where the
telegrams are; a test holds both to the same outcome.

A half hour is: gas flows (and may reach the cut-off on the way), the half hour is rated by the tariff of its own time,
then the report is heard or not. What was used while nobody heard is rated as it is used, and charged at the next
contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from meterhouse.rules.emergency import emergency_offered, friendly_cutoff_l, friendly_half_hours, spendable
from meterhouse.rules.energy_account import DENOMINATOR
from meterhouse.rules.gas_account import CONVERSION_FACTOR, energy_wh, register_after
from meterhouse.rules.gas_valve import button_opens, countdown_after_miss, countdown_may_reset, valve_closes
from meterhouse.rules.tariff import SLOTS, price_in_force

__all__ = ["CLOSED", "MISSED", "OPENED", "GasHomeRecord", "draw_gas", "gas_half_hour"]

CLOSED: Final = 1
OPENED: Final = 2
MISSED: Final = 4
"""What happened in a half hour, as bits."""

_WEEKEND: Final = 5


class GasHomeRecord(Protocol):
    """All integers. Meter: volume, cut-off, valve, countdown, comms. Hub: account, tariff, calendar.

    Attributes:
        volume_l, cutoff_l: registers, litres.
        valve_open, comms_ok: 0 or 1; comms_ok says whether the last report was heard.
        countdown, full_countdown: half hours without communication that are left, and allowed.
        pending: rated but not yet charged, because no contact came since.
    """

    volume_l: int
    cutoff_l: int
    valve_open: int
    comms_ok: int
    countdown: int
    full_countdown: int
    pending: int
    balance: int
    residue: int
    cv: int
    standing_charge: int
    emergency: int
    emergency_limit: int
    emergency_threshold: int
    low_threshold: int
    used_wh: int
    prices: Sequence[int]
    rates: Sequence[int]
    thresholds_wh: Sequence[int]
    friendly: Sequence[int]


def draw_gas(home: GasHomeRecord, wanted_l: int) -> int:
    """Let gas flow: what is wanted, or up to the cut-off where that closes the valve; returns the litres passed."""
    if home.valve_open == 0:
        return 0
    passed = wanted_l
    after = home.volume_l + wanted_l
    if valve_closes(True, after, home.cutoff_l, False, home.comms_ok == 1, home.countdown):
        passed = max(home.cutoff_l - home.volume_l, 0)
        home.valve_open = 0
    home.volume_l += passed
    return passed


def gas_half_hour(home: GasHomeRecord, wanted_l: int, slot: int, weekday: int, contact: bool, hand: bool) -> int:
    """Let one half hour pass; returns bits of CLOSED, OPENED and MISSED.

    Args:
        home: changed in place.
        wanted_l: litres that the home would use, ≥ 0.
        slot: 0 to 47, the half hour of the UTC day; weekday 0 is Monday.
        weekday: of the half hour.
        contact: whether its report is heard, and the hub's answer by the meter.
        hand: whether a person presses the meter's button before the report.
    """
    was_open = home.valve_open
    _rate(home, draw_gas(home, wanted_l), slot, weekday)
    code = 0
    if contact:
        _contact(home, slot, weekday, hand)
    else:
        code = MISSED
        home.comms_ok = 0
        home.countdown = countdown_after_miss(home.countdown)
        if hand and button_opens(home.valve_open == 0, False, home.countdown):
            home.valve_open = 1
        if valve_closes(home.valve_open == 1, home.volume_l, home.cutoff_l, False, False, home.countdown):
            home.valve_open = 0
    if was_open == 1 and home.valve_open == 0:
        return code + CLOSED
    if was_open == 0 and home.valve_open == 1:
        return code + OPENED
    return code


def _rate(home: GasHomeRecord, passed_l: int, slot: int, weekday: int) -> None:
    """Rate what flowed by the tariff of its own half hour; the day's standing charge falls at its end."""
    weekend = 1 if weekday >= _WEEKEND else 0
    due = home.residue + passed_l * CONVERSION_FACTOR * home.cv * price_in_force(home, slot, weekend)
    cost = due // DENOMINATOR
    home.residue = due - cost * DENOMINATOR
    home.pending += cost
    home.used_wh += energy_wh(passed_l, home.cv)
    if slot == SLOTS - 1:
        home.pending += home.standing_charge


def _contact(home: GasHomeRecord, slot: int, weekday: int, hand: bool) -> None:
    """Charge, then decide: the order matters, or a penny would refill the countdown (C-07)."""
    home.balance -= home.pending
    home.pending = 0
    home.comms_ok = 1
    emergency_offered(home)
    next_slot = slot + 1 if slot < SLOTS - 1 else 0
    next_weekday = weekday if next_slot > 0 else (weekday + 1) % 7
    price = price_in_force(home, next_slot, 1 if next_weekday >= _WEEKEND else 0)
    bought_l = register_after(spendable(home), home.residue, home.cv, price, home.volume_l)
    home.cutoff_l = friendly_cutoff_l(friendly_half_hours(home, next_weekday, next_slot), bought_l, home.volume_l)
    if countdown_may_reset(home.balance):
        home.countdown = home.full_countdown
    if valve_closes(home.valve_open == 1, home.volume_l, home.cutoff_l, False, True, home.countdown):
        home.valve_open = 0
    elif home.valve_open == 0 and hand and spendable(home) > 0:
        home.valve_open = 1
