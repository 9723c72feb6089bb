"""What a hub writes down for its supplier: one row an event, with a code, a number and its place in the log.

The log is a profile of three columns (clock, code, detail). The detail is a long64: the row's number since the hub's
first, times 2³², and below it one whole number whose meaning the code says. So a reader that has some rows already
knows which are new, and whether any were lost between.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import Instant, MalformedError

__all__ = ["DETAIL_LIMIT", "HubEvent", "HubLogRow", "RowRefusal"]

DETAIL_LIMIT: Final = 1 << 32


class HubEvent(IntEnum):
    """What happened, and what the detail then is."""

    GAS_LINK_FAILED = 1
    """The first report is missing; half hours without communication that are left."""
    GAS_LINK_RESTORED = 2
    """A report is heard again; half hours missed between."""
    GAS_ORDER_REFUSED = 3
    """The gas meter refused an order; the code of its refusal."""
    GAS_ORDER_UNANSWERED = 4
    """The gas meter answered no repetition of an order; how many were sent."""
    GAS_ROWS_REFUSED = 5
    """Half hours that cannot be: a `RowRefusal`. Nothing was charged for them."""
    GAS_TELEGRAM_REFUSED = 6
    """Telegrams that were not our meter's or not new; how many since the last such row."""
    MANUAL_READING = 7
    """A reading was keyed in and proved; litres."""
    REOPEN_CODE = 8
    """A code was shown that opens the gas meter's valve by hand; cubic metres that it grants."""
    ELECTRICITY_CUTOFF_REFUSED = 9
    """The electricity meter takes no cut-off; its data-access-result."""
    ELECTRICITY_ROWS_REFUSED = 10
    """Its half hours cannot be: the register fell, or rose by more than any meter passes. Nothing was charged."""
    ELECTRICITY_ROWS_UNREAD = 11
    """It gives no half hours; its data-access-result."""
    ELECTRICITY_ROWS_OVERDUE = 12
    """It answers, and for two hours has had no half hour of this time: its clock is off."""

    @property
    def word(self) -> str:
        """Dotted, for an event of the head end."""
        return _WORDS[self]


_WORDS: Final = {
    HubEvent.GAS_LINK_FAILED: "gas_link.failed",
    HubEvent.GAS_LINK_RESTORED: "gas_link.restored",
    HubEvent.GAS_ORDER_REFUSED: "gas_order.refused",
    HubEvent.GAS_ORDER_UNANSWERED: "gas_order.unanswered",
    HubEvent.GAS_ROWS_REFUSED: "gas_rows.refused",
    HubEvent.GAS_TELEGRAM_REFUSED: "gas_telegram.refused",
    HubEvent.MANUAL_READING: "gas.manual_reading",
    HubEvent.REOPEN_CODE: "gas.reopen_code",
    HubEvent.ELECTRICITY_CUTOFF_REFUSED: "electricity_cutoff.refused",
    HubEvent.ELECTRICITY_ROWS_REFUSED: "electricity_rows.refused",
    HubEvent.ELECTRICITY_ROWS_UNREAD: "electricity_rows.unread",
    HubEvent.ELECTRICITY_ROWS_OVERDUE: "electricity_rows.overdue",
}


class RowRefusal(IntEnum):
    """Why a hub does not believe half hours of its gas meter."""

    CLOCK = 1
    """The meter's clock is more than a day off the hub's."""
    REGISTER = 2
    """The register fell, or rose by more than any meter passes."""

    @property
    def sentence(self) -> str:
        """In words."""
        return _REFUSED[self]


_REFUSED: Final = {
    RowRefusal.CLOCK: "the gas meter's clock is more than a day off",
    RowRefusal.REGISTER: "the gas meter's register fell, or rose by more than any meter passes",
}


@dataclass(frozen=True, slots=True)
class HubLogRow:
    """One row.

    Attributes:
        number: from 1 for the hub's first.
        code: a `HubEvent`, or the number of one that this version does not know.
        detail: 0 to DETAIL_LIMIT - 1.
    """

    at: Instant
    number: int
    code: HubEvent | int
    detail: int

    def encoded(self) -> tuple[int, int, int]:
        """As the profile's columns have it."""
        return self.at, int(self.code), self.number * DETAIL_LIMIT + min(max(self.detail, 0), DETAIL_LIMIT - 1)

    @classmethod
    def of(cls, at: Instant, code: int, packed: int) -> HubLogRow:
        """From the profile's columns.

        Raises:
            MalformedError: a row without a number.
        """
        number, detail = divmod(packed, DETAIL_LIMIT)
        if number < 1:
            raise MalformedError("a row of a hub's log has no number")
        return cls(at, number, HubEvent(code) if code in tuple(HubEvent) else code, detail)

    def fields(self) -> dict[str, object]:
        """The detail by its name, for an event."""
        if not isinstance(self.code, HubEvent):
            return {"code": self.code, "detail": self.detail}
        if self.code is HubEvent.GAS_ROWS_REFUSED and self.detail in tuple(RowRefusal):
            return {"why": RowRefusal(self.detail).sentence}
        if self.code in _WHY:
            return {"why": _WHY[self.code]}
        return {_DETAILS[self.code]: self.detail}


_DETAILS: Final = {
    HubEvent.GAS_LINK_FAILED: "countdown_half_hours",
    HubEvent.GAS_LINK_RESTORED: "missed_half_hours",
    HubEvent.GAS_ORDER_REFUSED: "refusal",
    HubEvent.GAS_ORDER_UNANSWERED: "tries",
    HubEvent.GAS_ROWS_REFUSED: "why",
    HubEvent.GAS_TELEGRAM_REFUSED: "telegrams",
    HubEvent.MANUAL_READING: "register_l",
    HubEvent.REOPEN_CODE: "granted_m3",
    HubEvent.ELECTRICITY_CUTOFF_REFUSED: "refusal",
    HubEvent.ELECTRICITY_ROWS_UNREAD: "refusal",
}
_WHY: Final = {
    HubEvent.ELECTRICITY_ROWS_REFUSED: "the register fell, or rose by more than any meter passes",
    HubEvent.ELECTRICITY_ROWS_OVERDUE: "the electricity meter's clock is off: it has no half hours of this time",
}
