"""Sealed messages over the wire to the electricity meter: what it has to tell is fetched, what is for it is set.

The hub carries them and can open none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.sealed import SealedError, decode_envelope
from meterhouse.model import SECOND, Instant
from meterhouse.premises.orders import UplinkNote
from meterhouse.protocols import dlms

__all__ = ["MeterMail"]

_CHANNEL: Final = 0
_DOWNLINK, _QUEUE, _STATUS, _SEQUENCE = (
    objects.sealed_port(_CHANNEL, part)
    for part in (objects.DOWNLINK, objects.UPLINK_QUEUE, objects.PORT_STATUS, objects.UPLINK_SEQUENCE)
)
_POLL_PENDING: Final = 10 * SECOND
_PENDING: Final = 2
_KEPT: Final = 64
_WAITING: Final = 16
"""So many messages wait for a meter whose wire is down; the oldest gives way, and its sender sends it again."""

Attribute = tuple[dlms.InterfaceClass, dlms.Obis, int]


class MeterMail:
    """The mail of one meter.

    Args:
        passed: up to which sequence number its messages need not be fetched any more.
        anew: told that another meter counts from 1.
        delivered: told a message that the meter has taken, or will never take.
        tell: notes an event.
    """

    ATTRIBUTES: Final[Sequence[Attribute]] = ((dlms.DATA, _SEQUENCE, 2), (dlms.DATA, _STATUS, 2))
    """Read with every reading."""

    def __init__(
        self,
        passed: Callable[[], int],
        anew: Callable[[], None],
        delivered: Callable[[bytes], None],
        tell: Callable[..., None],
    ) -> None:
        self._passed = passed
        self._anew = anew
        self._delivered = delivered
        self._tell = tell
        self._fetched: list[UplinkNote] = []
        self._waiting: deque[bytes] = deque(maxlen=_WAITING)
        self._pending = False

    def after(self, sequence: int) -> list[UplinkNote]:
        """What was fetched behind a sequence number."""
        return [note for note in self._fetched if note.sequence > sequence]

    def put(self, octets: bytes) -> None:
        """A message for the meter, to be set at the next reading."""
        if octets not in self._waiting:
            self._waiting.append(octets)

    @property
    def waits(self) -> bool:
        """Whether a message is to be set."""
        return bool(self._waiting)

    def next_reading(self, now: Instant) -> Instant | None:
        """When the meter must be read again for its mail; None: no sooner than for its register."""
        if self._waiting:
            return now
        return Instant(now + _POLL_PENDING) if self._pending else None

    def talk(
        self, client: dlms.Client, values: Sequence[dlms.CosemData | dlms.AccessRefusedError], now: Instant
    ) -> dlms.Procedure[None]:
        """Fetch and set, the attributes having been read."""
        sequence, status = values
        if isinstance(sequence, dlms.AccessRefusedError) or isinstance(status, dlms.AccessRefusedError):
            self._pending = False
            return
        state, queued = (item.whole() for item in status.items(5)[:2])
        newest = sequence.whole()
        known = self._fetched[-1].sequence if self._fetched else self._passed()
        if newest < known:
            self._fetched, known = [], 0
            self._anew()
        if newest > known and queued:
            behind = dlms.Entries(max(1, queued - (newest - known) + 1))
            rows = yield from client.get(dlms.PROFILE_GENERIC, _QUEUE, 2, behind)
            self._keep([note for note in self._read(rows, now) if note.sequence > known])
        self._pending = state == _PENDING
        while self._waiting:
            yield from self._set(client, self._waiting[0], now)
            self._pending = True  # whatever it brought about is to be fetched soon

    def _set(self, client: dlms.Client, octets: bytes, now: Instant) -> dlms.Procedure[None]:
        taken = True
        try:
            yield from client.set(dlms.DATA, _DOWNLINK, 2, dlms.octet_string(octets))
        except dlms.AccessRefusedError as error:
            self._tell(now, "note.refused", why=error.sentence())
            taken = error.code != dlms.DataAccessResult.TEMPORARY_FAILURE
        if self._waiting and self._waiting[0] == octets:
            self._waiting.popleft()
        if taken:
            self._delivered(octets)

    def _read(self, rows: dlms.CosemData, now: Instant) -> list[UplinkNote]:
        notes = []
        for row in rows.items():
            _, sequence, message = row.items(3)
            try:
                target = decode_envelope(message.octets()).target
            except SealedError as error:
                self._tell(now, "note.refused", why=error.sentence())
                continue
            notes.append(UplinkNote(sequence.whole(), now, target, message.octets()))
        return notes

    def _keep(self, notes: list[UplinkNote]) -> None:
        passed = self._passed()
        self._fetched = [*(note for note in self._fetched if note.sequence > passed), *notes][-_KEPT:]
