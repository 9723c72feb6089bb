"""The hub's log for its supplier, and the bell that asks to be called when something stands in it that is urgent."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from meterhouse.companion.hub_log import HubEvent, HubLogRow
from meterhouse.model import HOUR, MINUTE, Instant

__all__ = ["EventLog"]

_CAPACITY: Final = 500
"""Rows; at the worst link's rate, one failure and one return an hour, ten days."""
_FIRST_PAUSE: Final = 5 * MINUTE
_LONGEST_PAUSE: Final = 6 * HOUR
_TELEGRAMS_EVERY: Final = HOUR
"""Whoever floods the air writes one row an hour, and rings no bell."""

_NOTED: Final[Mapping[str, tuple[HubEvent, str]]] = {
    "gas_link.failed": (HubEvent.GAS_LINK_FAILED, "countdown_half_hours"),
    "gas_link.restored": (HubEvent.GAS_LINK_RESTORED, "missed_half_hours"),
    "order.refused": (HubEvent.GAS_ORDER_REFUSED, "refusal"),
    "order.unanswered": (HubEvent.GAS_ORDER_UNANSWERED, "tries"),
    "gas_rows.refused": (HubEvent.GAS_ROWS_REFUSED, "refusal"),
    "gas_link.refused": (HubEvent.GAS_TELEGRAM_REFUSED, ""),
    "gas.manual_reading": (HubEvent.MANUAL_READING, "register_l"),
    "gas.reopen_code": (HubEvent.REOPEN_CODE, "granted_m3"),
    "electricity_cutoff.refused": (HubEvent.ELECTRICITY_CUTOFF_REFUSED, "refusal"),
    "electricity_rows.refused": (HubEvent.ELECTRICITY_ROWS_REFUSED, ""),
    "electricity_rows.unread": (HubEvent.ELECTRICITY_ROWS_UNREAD, "refusal"),
    "electricity_rows.overdue": (HubEvent.ELECTRICITY_ROWS_OVERDUE, ""),
}
"""The hub's own events that its supplier is told, and the field that is their detail."""

_SILENT: Final = frozenset({HubEvent.GAS_TELEGRAM_REFUSED, HubEvent.GAS_ORDER_UNANSWERED, HubEvent.REOPEN_CODE})


class EventLog:
    """Rows, newest last, the oldest dropped first; `dlms.ProfileSource`.

    Attributes:
        number: of the newest row; 0 before the first.
    """

    __slots__ = ("_pause", "_ring_at", "_rows", "_telegrams", "_telegrams_at", "number")

    def __init__(self) -> None:
        self._rows: deque[HubLogRow] = deque(maxlen=_CAPACITY)
        self.number = 0
        self._ring_at: Instant | None = None
        self._pause = _FIRST_PAUSE
        self._telegrams = 0
        self._telegrams_at = Instant(0)

    def note(self, kind: str, fields: Mapping[str, object], now: Instant) -> None:
        """Write a row if the event is one of those that the supplier is told."""
        code, name = _NOTED.get(kind, (None, ""))
        if code is None:
            return
        value = fields.get(name, 0)
        detail = value if isinstance(value, int) else 0
        if code is HubEvent.GAS_TELEGRAM_REFUSED:
            self._telegrams += 1
            if now < self._telegrams_at:
                return
            detail, self._telegrams = self._telegrams, 0
            self._telegrams_at = Instant(now + _TELEGRAMS_EVERY)
        self.number += 1
        self._rows.append(HubLogRow(now, self.number, code, detail))
        if code not in _SILENT:
            self._ring_at, self._pause = now, _FIRST_PAUSE

    # the bell ------------------------------------------------------------------------------------------------------

    @property
    def ring_at(self) -> Instant | None:
        """When to ring; None where all that is urgent has been read."""
        return self._ring_at

    def rings(self, now: Instant) -> bool:
        """Whether to ring now; rings again, with growing pauses, until the log is read."""
        if self._ring_at is None or now < self._ring_at:
            return False
        self._ring_at = Instant(now + self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True

    # the profile ---------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many rows."""
        return len(self._rows)

    def rows(self, start: Instant, end: Instant) -> Sequence[Sequence[int]]:
        """Rows by time, both ends included; the newest being among them, the bell falls silent."""
        return self._told([row for row in self._rows if start <= row.at <= end])

    def entries(self, first: int, last: int) -> Sequence[Sequence[int]]:
        """Rows by place, from 1, both included."""
        return self._told(list(self._rows)[first - 1 : last])

    def _told(self, rows: list[HubLogRow]) -> list[tuple[int, int, int]]:
        if rows and rows[-1].number == self.number:
            self._ring_at = None
        return [row.encoded() for row in rows]

    # a snapshot ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"number": self.number, "ring_at": self._ring_at, "rows": [row.encoded() for row in self._rows]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a snapshot's rows in place of those held."""
        self.number, ring_at = state["number"], state["ring_at"]
        self._ring_at = None if ring_at is None else Instant(ring_at)
        self._rows.clear()
        self._rows.extend(HubLogRow.of(Instant(at), code, packed) for at, code, packed in state["rows"])
