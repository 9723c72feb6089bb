"""The hub's account of electricity on the wire: half hours are read from the meter, a cut-off is written to it.

Prices and balance stay in the hub. Whatever happened between, each talk begins from what the account knows and ends
with one write that says all: so a charge without its write, a token while the wire was down, a restart need no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.account_objects import ELECTRICITY_CUTOFF
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    MINUTE,
    Duration,
    Fuel,
    HalfHour,
    Instant,
    MalformedError,
    Quality,
    half_hour_end,
)
from meterhouse.premises.prepay import CutoffOrder, PrepaidElectricity
from meterhouse.protocols import dlms
from meterhouse.rules import NO_LIMIT_WH

__all__ = ["ElectricityWire", "SupplySeen"]

_PORTION: Final = 4 * DAY
"""So many half hours are asked for at once: 192 rows, some 5 kB."""
_LATE_ROW: Final = MINUTE
_LATE_ROWS_FOR: Final = 10 * MINUTE
"""A meter whose clock is slow has its row a little later than its hub looks for it."""
_OVERDUE: Final = 2 * HOUR
_STATUS: Final = 0xFF


@dataclass(frozen=True, slots=True)
class SupplySeen:
    """How the meter's supply stands after it was told.

    Attributes:
        state: control state of its disconnect control.
        countdown: half hours that it goes on without this hub.
        open_for_credit: the switch stands open for want of credit and for no other reason.
    """

    state: int
    countdown: int
    open_for_credit: bool


_SEEN: Final = (
    (dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 3),
    (dlms.DATA, ELECTRICITY_CUTOFF, 2),
)


class ElectricityWire:
    """What the M link says and asks for an account that stands in the hub.

    Args:
        prepaid: the account.
        delay: half hours that the meter goes on without its hub, from each refill.
        clock: the hub's: no half hour is believed before it is over by this.
        held: for how long from now credit must not run out, because a price was set; 0 for not at all.
        tell: notes an event.

    Attributes:
        seen: None before the first answer, and where a meter does not say it.
    """

    def __init__(
        self,
        prepaid: PrepaidElectricity,
        delay: int,
        clock: Callable[[Instant], Instant],
        held: Callable[[Instant], Duration],
        tell: Callable[..., None],
    ) -> None:
        self._prepaid = prepaid
        self._delay = delay
        self._clock = clock
        self._held = held
        self._tell = tell
        self._told: CutoffOrder | None = None
        self._looked_until = Instant(0)
        self._rowless_since: Instant | None = None
        self._overdue = False
        self._refused: dict[str, str] = {}
        self.seen: SupplySeen | None = None

    @property
    def waits(self) -> bool:
        """Whether the meter has not been told how the account stands."""
        return self._told != self._prepaid.order()

    def next_reading(self, now: Instant) -> Instant | None:
        """When the meter must be read again for the account; None: no sooner than for its register."""
        if self.waits:
            return now
        since = self._rowless_since
        return Instant(now + _LATE_ROW) if since is not None and now < since + _LATE_ROWS_FOR else None

    def talk(self, client: dlms.Client, register_wh: int, now: Instant) -> dlms.Procedure[None]:
        """Charge what has been used and tell the meter where its supply ends, the register having been read."""
        if self._prepaid.account.charged is not None:
            yield from self._charge(client, register_wh, now)
        order = self._prepaid.settle(register_wh, (), now, held=self._held(now), shown=self._clock(now))
        told = self._prepaid.order()
        yield from self._write(client, self._tempered(order, register_wh, now), now)
        self._told = told  # without what is raised for a time, which is looked at with each reading
        self.seen = _seen((yield from client.get_list(_SEEN)))

    def _charge(self, client: dlms.Client, register_wh: int, now: Instant) -> dlms.Procedure[None]:
        account, until = self._prepaid.account, self._clock(now)
        assert account.charged_until is not None
        begins = account.charged_until
        if account.disbelieved:  # what was refused stays so, and is not fetched again with every reading
            begins = max(begins, self._looked_until)
        start = half_hour_end(begins)
        asked, found = start <= until, False
        while start <= until:
            end = Instant(min(start + _PORTION - HALF_HOUR, until))
            rows = yield from self._rows(client, start, end, now)
            if rows:
                found, self._looked_until = True, rows[-1].end
                self._prepaid.settle(register_wh, rows, now, all_told=False)
            start = half_hour_end(end)
        if asked:
            self._note_rows(now, found=found)

    def _rows(self, client: dlms.Client, start: Instant, end: Instant, now: Instant) -> dlms.Procedure[list[HalfHour]]:
        try:
            rows = yield from client.profile(objects.ELECTRICITY_PROFILE, dlms.Range(start, end))
        except dlms.AccessRefusedError as error:
            self._refuse("electricity_rows.unread", error, now)
            return []
        self._refused.pop("electricity_rows.unread", None)
        return [
            HalfHour(at, register, Quality(status & _STATUS)) for at, status, register in rows if start <= at <= end
        ]

    def _note_rows(self, now: Instant, *, found: bool) -> None:
        """A meter that answers and has no half hours has a clock that is far off, and says nothing of it itself."""
        if found:
            self._rowless_since, self._overdue = None, False
            return
        if self._rowless_since is None:
            self._rowless_since = now
        if now - self._rowless_since >= _OVERDUE and not self._overdue:
            self._overdue = True
            self._say(now, "electricity_rows.overdue", charged_until_ms=self._prepaid.account.charged_until)

    def _tempered(self, order: CutoffOrder, register_wh: int, now: Instant) -> CutoffOrder:
        """What of it may be said: nothing is refilled for a use that is not known; in doubt the supply stays on."""
        doubted = self._prepaid.account.disbelieved or self._doubts(register_wh, now)
        if not (doubted or self._overdue):
            return order
        opens = doubted and order.cutoff_wh <= register_wh
        return replace(order, refill=False, cutoff_wh=NO_LIMIT_WH if opens else order.cutoff_wh)

    def _doubts(self, register_wh: int, now: Instant) -> bool:
        """Whether the register cannot have come so far since the last charge: that of a meter just put in."""
        account = self._prepaid.account
        assert account.charged is not None
        assert account.charged_until is not None
        used = (register_wh - account.charged) % account.measure.limit
        steps = max(0, now - account.charged_until) // HALF_HOUR + 1
        return used > min(steps * account.measure.most, account.measure.limit // 2)

    def _write(self, client: dlms.Client, order: CutoffOrder, now: Instant) -> dlms.Procedure[None]:
        refill = dlms.long_unsigned(self._delay) if order.refill else dlms.null
        value = dlms.structure(dlms.long64_unsigned(order.cutoff_wh), refill, dlms.boolean(order.arm))
        try:
            yield from client.set(dlms.DATA, ELECTRICITY_CUTOFF, 2, value)
        except dlms.AccessRefusedError as error:
            self._refuse("electricity_cutoff.refused", error, now)
        else:
            self._refused.pop("electricity_cutoff.refused", None)

    def _refuse(self, kind: str, error: dlms.AccessRefusedError, now: Instant) -> None:
        """Told once, until it goes well or another reason is given."""
        why = error.sentence()
        if self._refused.get(kind) != why:
            self._refused[kind] = why
            self._say(now, kind, refusal=int(error.result), why=why)

    def _say(self, now: Instant, kind: str, **fields: object) -> None:
        self._tell(now, kind, fuel=Fuel.ELECTRICITY.value, **fields)


def _seen(values: Sequence[dlms.CosemData | dlms.AccessRefusedError]) -> SupplySeen | None:
    state, cutoff = values
    if isinstance(state, dlms.AccessRefusedError) or isinstance(cutoff, dlms.AccessRefusedError):
        return None
    try:
        _, countdown, off = cutoff.items(3)
        return SupplySeen(state.whole(), countdown.whole(), bool(off.value))
    except MalformedError:  # it has been told all the same
        return None
