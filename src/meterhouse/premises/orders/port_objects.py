"""The COSEM objects by which sealed messages come and go: 0-b:30.128.x.255, "General Objects Over OBIS" (design D3).

A SET of the downlink port takes the message as it is: nothing on the way has opened it, and its bytes are what the
device verifies. Success says that it was taken, not that it was done.
"""

from __future__ import annotations

from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.sealed import Reason
from meterhouse.model import Instant, StorageError
from meterhouse.premises.orders.gate import OrderGate
from meterhouse.premises.orders.uplink import UplinkNote
from meterhouse.protocols import dlms

__all__ = ["port_objects"]

_CAPACITY: Final = 64
_FIFO: Final = 1
_IDLE, _PENDING, _ANSWERED = 1, 2, 4
_MAX_MESSAGE: Final = 1_500
_CAPTURES: Final = 3


def port_objects(channel: int, gate: OrderGate) -> list[dlms.ServerObject]:
    """The port of one device. `channel`: 0 of the device that is asked itself, 1 of the gas meter behind a hub."""
    last = objects.sealed_port(channel, objects.LAST_UPLINK)
    sequence = objects.sealed_port(channel, objects.UPLINK_SEQUENCE)
    return [
        dlms.ServerObject(
            dlms.DATA,
            objects.sealed_port(channel, objects.DOWNLINK),
            {2: dlms.constant(dlms.octet_string(b""))},
            {2: lambda value, now: _take(gate, value.octets(), now)},
        ),
        dlms.data_object(last, lambda: dlms.octet_string(gate.last)),
        _queue(channel, gate),
        dlms.data_object(objects.sealed_port(channel, objects.PORT_STATUS), lambda: _status(gate)),
        dlms.data_object(sequence, lambda: dlms.double_long_unsigned(gate.uplink.sequence)),
    ]


def _take(gate: OrderGate, octets: bytes, now: Instant) -> None:
    if len(octets) > _MAX_MESSAGE:
        raise dlms.AccessRefusedError(dlms.DataAccessResult.TYPE_UNMATCHED, f"{len(octets)} bytes are no message")
    try:
        reason = gate.take(octets, now)
    except StorageError as error:
        raise dlms.AccessRefusedError(dlms.DataAccessResult.TEMPORARY_FAILURE, error.sentence()) from error
    if reason is Reason.FORM:
        raise dlms.AccessRefusedError(dlms.DataAccessResult.TYPE_UNMATCHED, "the bytes are no sealed message")
    if reason is Reason.TARGET:
        raise dlms.AccessRefusedError(dlms.DataAccessResult.OTHER_REASON, "the message is for another device")


def _status(gate: OrderGate) -> dlms.CosemData:
    state = _PENDING if gate.pending else _ANSWERED if gate.last else _IDLE
    return dlms.structure(
        dlms.enum(state),
        dlms.unsigned(len(gate.uplink.notes)),
        dlms.long64_unsigned(gate.highest),
        dlms.unsigned(gate.last_reason),
        dlms.octet_string(gate.receipt),
    )


def _queue(channel: int, gate: OrderGate) -> dlms.ServerObject:
    clock = dlms.CaptureObject(dlms.CLOCK_CLASS.class_id, objects.CLOCK, 2)
    sequence = dlms.CaptureObject(dlms.DATA.class_id, objects.sealed_port(channel, objects.UPLINK_SEQUENCE), 2)
    message = dlms.CaptureObject(dlms.DATA.class_id, objects.sealed_port(channel, objects.LAST_UPLINK), 2)
    captures = dlms.array([column.encode() for column in (clock, sequence, message)])

    def read(selection: dlms.Selection | None, _now: Instant) -> dlms.CosemData:
        return dlms.array([_row(note) for note in _chosen(gate.uplink.notes, selection, clock)])

    return dlms.ServerObject(
        dlms.PROFILE_GENERIC,
        objects.sealed_port(channel, objects.UPLINK_QUEUE),
        {
            2: read,
            3: dlms.constant(captures),
            4: dlms.constant(dlms.double_long_unsigned(0)),
            5: dlms.constant(dlms.enum(_FIFO)),
            6: dlms.constant(clock.encode()),
            7: lambda _selection, _now: dlms.double_long_unsigned(len(gate.uplink.notes)),
            8: dlms.constant(dlms.double_long_unsigned(_CAPACITY)),
        },
    )


def _row(note: UplinkNote) -> dlms.CosemData:
    return dlms.structure(
        dlms.octet_string(dlms.encode_date_time(note.at)),
        dlms.double_long_unsigned(note.sequence),
        dlms.octet_string(note.octets),
    )


def _chosen(
    notes: tuple[UplinkNote, ...], selection: dlms.Selection | None, clock: dlms.CaptureObject
) -> tuple[UplinkNote, ...]:
    if isinstance(selection, dlms.Range):
        if selection.by != clock or selection.columns:
            raise dlms.AccessRefusedError(
                dlms.DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "restriction by another column"
            )
        return tuple(note for note in notes if selection.start <= note.at <= selection.end)
    if isinstance(selection, dlms.Entries):
        if selection.first_column > 1 or selection.last_column not in {0, _CAPTURES}:
            raise dlms.AccessRefusedError(dlms.DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "some columns only")
        first, last = max(selection.first, 1), selection.last or len(notes)
        return notes[first - 1 : last]
    return notes
