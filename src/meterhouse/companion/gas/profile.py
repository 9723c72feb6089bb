"""Messages to records and back: the frozen gas profile.

====================  =======================================================================================
``0C 13``             total register, litres
``04 6D``             the meter's clock, UTC
``8C 40 13``          cut-off volume, litres (subunit 1)
``02 FD 1A``          valve: 0 closed, 1 open, 2 armed
``02 FD 3A``          countdown, half hours; in an order the delay that becomes the countdown
``02 FD 1B``          digital inputs: bit 0 low credit, bit 1 button pressed, bit 2 more half hours wait
``02 FD 74``          battery, days
``44 6D``             end of the newest half hour in this report, UTC (storage 1)
``4C 13`` …           register at that end; storage 2 half an hour earlier, and so on
``08 13`` …           readout selection, in the three reading orders
``01 FD 1F``          remote control of the valve: 0 close, 1 open
``04 FD 08``          last in every order: the message counter of the report that it is about, its lower 31 bits
====================  =======================================================================================
"""

from __future__ import annotations

from typing import Final

from meterhouse.companion.gas.messages import (
    MAX_DELAY_HALF_HOURS,
    CloseValve,
    ForbiddenOrderError,
    GasReport,
    OpenValve,
    Order,
    OrderAnswer,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.model import HALF_HOUR, REGISTER_LIMIT_LITRES, HalfHour, Instant, ProtocolError, UsageError
from meterhouse.protocols.wmbus import (
    Coding,
    Layout,
    Record,
    RecordHeader,
    Records,
    Status,
    Telegram,
    TelegramError,
    decode_moment,
    encode_moment,
)

__all__ = [
    "HALF_HOURS_A_REPORT",
    "about_report",
    "answer_of",
    "order_of",
    "order_records",
    "report_of",
    "report_records",
    "status_records",
]

HALF_HOURS_A_REPORT: Final = 16
"""More would not fit into a frame of format B beside the other records."""

_LARGEST_COUNT: Final = 0x7FFF
_COUNTER: Final = 0x7FFF_FFFF
"""What a signed record of four bytes holds of a message counter."""

_TOTAL: Final = RecordHeader(Coding.BCD8, b"\x13")
_CLOCK: Final = RecordHeader(Coding.INT32, b"\x6d")
_CUTOFF: Final = RecordHeader(Coding.BCD8, b"\x13", subunit=1)
_VALVE: Final = RecordHeader(Coding.INT16, b"\xfd\x1a")
_COUNTDOWN: Final = RecordHeader(Coding.INT16, b"\xfd\x3a")
_INPUTS: Final = RecordHeader(Coding.INT16, b"\xfd\x1b")
_BATTERY: Final = RecordHeader(Coding.INT16, b"\xfd\x74")
_NEWEST_END: Final = RecordHeader(Coding.INT32, b"\x6d", storage=1)
_ROWS: Final = tuple(RecordHeader(Coding.BCD8, b"\x13", storage=1 + place) for place in range(HALF_HOURS_A_REPORT))
_CONTROL: Final = RecordHeader(Coding.INT8, b"\xfd\x1f")
_ABOUT: Final = RecordHeader(Coding.INT32, b"\xfd\x08")
_SELECT_TOTAL: Final = RecordHeader(Coding.SELECTION, b"\x13")
_SELECT_CUTOFF: Final = RecordHeader(Coding.SELECTION, b"\x13", subunit=1)
_SELECT_VALVE: Final = RecordHeader(Coding.SELECTION, b"\xfd\x1a")

_LOW_CREDIT, _BUTTON, _MORE = 1, 2, 4
_LOW_BATTERY: Final = Status.LOW_BATTERY.value
_STATES: Final = tuple(ValveState)

_HEAD: Final = (_TOTAL, _CLOCK, _CUTOFF, _VALVE, _COUNTDOWN, _INPUTS, _BATTERY)
_REPORTS: Final = (
    Layout(_HEAD),
    *(Layout((*_HEAD, _NEWEST_END, *_ROWS[:rows])) for rows in range(1, HALF_HOURS_A_REPORT + 1)),
)
"""By number of rows."""

_Values = dict[bytes, int]


def report_records(report: GasReport) -> Records:
    """The records of a report.

    Raises:
        UsageError: more than HALF_HOURS_A_REPORT rows, a gap between them, or a number out of range.
    """
    inputs = report.low_credit * _LOW_CREDIT | report.button * _BUTTON | report.more * _MORE
    values = [
        _register(report.volume_l),
        encode_moment(report.clock),
        _register(report.cutoff_l),
        report.valve,
        _count(report.countdown),
        inputs,
        _count(report.battery_days),
    ]
    rows = report.half_hours
    if len(rows) > HALF_HOURS_A_REPORT:
        raise UsageError(f"a report holds {HALF_HOURS_A_REPORT} half hours, not {len(rows)}")
    if rows:
        end = rows[-1].end
        if end % HALF_HOUR:
            raise UsageError(f"a half hour of a report ends at {end}, which is no UTC half hour")
        values.append(encode_moment(end))
        for row in reversed(rows):
            if row.end != end:
                raise UsageError("the half hours of a report are consecutive, oldest first")
            values.append(_register(row.register))
            end = Instant(end - HALF_HOUR)
    return Records(_REPORTS[len(rows)], values)


def _register(litres: int) -> int:
    if not 0 <= litres < REGISTER_LIMIT_LITRES:
        raise UsageError(f"volume {litres} l is not 0 to {REGISTER_LIMIT_LITRES - 1}")
    return litres


def _count(value: int) -> int:
    if not 0 <= value <= _LARGEST_COUNT:
        raise UsageError(f"count {value} is not 0 to {_LARGEST_COUNT}")
    return value


def _values(telegram: Telegram) -> _Values:
    """Integer values by canonical record header; anything else in the telegram is not of this profile."""
    records = telegram.records
    if type(records) is Records:
        pairs = zip(records.layout.encoded, records.values, strict=True)
    else:
        pairs = zip([record.header.encoded for record in records], [record.value for record in records], strict=True)
    return {encoded: value for encoded, value in pairs if type(value) is int}


def _need(values: _Values, header: RecordHeader, largest: int) -> int:
    value = values.get(header.encoded)
    if value is None:
        raise TelegramError(f"record {header.encoded.hex()} is missing or invalid")
    if not 0 <= value <= largest:
        raise TelegramError(f"record {header.encoded.hex()} says {value}, not 0 to {largest}")
    return value


def _need_moment(values: _Values, header: RecordHeader) -> Instant:
    field = values.get(header.encoded)
    moment = None if field is None else decode_moment(field)
    if moment is None:
        raise TelegramError(f"time record {header.encoded.hex()} is missing or invalid")
    return moment


def report_of(telegram: Telegram) -> GasReport:
    """The report in an authenticated telegram.

    Raises:
        TelegramError: a record of the profile is missing, doubled or out of range.
    """
    values = _values(telegram)
    if len(values) != len(telegram.records):
        raise TelegramError("a report has a record twice, or one that is no number")
    inputs = _need(values, _INPUTS, _LARGEST_COUNT)
    return GasReport(
        telegram.meter,
        telegram.access_number,
        _need_moment(values, _CLOCK),
        _need(values, _TOTAL, REGISTER_LIMIT_LITRES - 1),
        _need(values, _CUTOFF, REGISTER_LIMIT_LITRES - 1),
        _STATES[_need(values, _VALVE, len(_STATES) - 1)],
        _need(values, _COUNTDOWN, _LARGEST_COUNT),
        bool(inputs & _LOW_CREDIT),
        bool(inputs & _BUTTON),
        _need(values, _BATTERY, _LARGEST_COUNT),
        _half_hours(values),
        bool(inputs & _MORE),
        bool(telegram.status & _LOW_BATTERY),
    )


def _half_hours(values: _Values) -> tuple[HalfHour, ...]:
    if _NEWEST_END.encoded not in values:
        return ()
    end = _need_moment(values, _NEWEST_END)
    if end % HALF_HOUR:
        raise TelegramError(f"half hours end at {end}, which is no half-hour boundary")
    rows: list[HalfHour] = []
    for header in _ROWS:
        if header.encoded not in values:
            break
        register = _need(values, header, REGISTER_LIMIT_LITRES - 1)
        rows.append(HalfHour(Instant(end - len(rows) * HALF_HOUR), register))
    rows.reverse()
    return tuple(rows)


def order_records(order: Order) -> tuple[Record, ...]:
    """The records of an order.

    Raises:
        UsageError: a volume or delay out of range.
    """
    match order:
        case ReadTotalVolume():
            return (Record(_SELECT_TOTAL),)
        case ReadCutoffVolume():
            return (Record(_SELECT_CUTOFF),)
        case ReadPrepayStatus():
            return (Record(_SELECT_TOTAL), Record(_SELECT_CUTOFF), Record(_SELECT_VALVE))
        case OpenValve():
            return (Record(_CONTROL, 1),)
        case CloseValve():
            return (Record(_CONTROL, 0),)
    cutoff = Record(_CUTOFF, _register(order.cutoff_l))
    if order.delay_half_hours is None:
        return (cutoff,)
    if not 0 <= order.delay_half_hours <= MAX_DELAY_HALF_HOURS:
        raise UsageError(f"delay {order.delay_half_hours} half hours is not 0 to {MAX_DELAY_HALF_HOURS}")
    return (cutoff, Record(_COUNTDOWN, order.delay_half_hours))


_READINGS: Final[dict[tuple[bytes, ...], Order]] = {
    tuple(record.header.encoded for record in order_records(order)): order
    for order in (ReadTotalVolume(), ReadCutoffVolume(), ReadPrepayStatus())
}


def _shape(telegram: Telegram) -> tuple[bytes, ...]:
    records = telegram.records
    if type(records) is Records:
        return records.layout.encoded
    return tuple(record.header.encoded for record in records)


def about_report(counter: int) -> Record:
    """What every order ends with: which report it is about, by the message counter that the report was sealed under.

    An access number comes round after 256 reports; this does not in a meter's life.
    """
    return Record(_ABOUT, counter & _COUNTER)


def order_of(telegram: Telegram, counter: int) -> Order:
    """The order in an authenticated command telegram.

    Args:
        telegram: from the hub.
        counter: message counter of our last report.

    Raises:
        ForbiddenOrderError: well-formed, but none of the six, out of range, or not saying which report it is about.
        ProtocolError: an order about another report: kept back on its way, by whoever did it.
    """
    shape, values = _shape(telegram), _values(telegram)
    about = values.pop(_ABOUT.encoded, None)
    order = _plain_order(shape[:-1] if shape[-1:] == (_ABOUT.encoded,) else shape, values, telegram)
    if about is None:
        raise ForbiddenOrderError("an order that does not say which report it is about", Refusal.NOT_AN_ORDER)
    if about != counter & _COUNTER:
        raise ProtocolError(f"an order about the report of counter {about}, not of {counter & _COUNTER}")
    return order


def _plain_order(shape: tuple[bytes, ...], values: _Values, telegram: Telegram) -> Order:
    reading = _READINGS.get(shape)
    if reading is not None and not telegram.payload:
        return reading
    if shape == (_CONTROL.encoded,) and values.get(_CONTROL.encoded) in {0, 1}:
        return OpenValve() if values[_CONTROL.encoded] else CloseValve()
    if shape in {(_CUTOFF.encoded,), (_CUTOFF.encoded, _COUNTDOWN.encoded)}:
        return _write_cutoff(values, with_delay=len(shape) == 2)
    raise ForbiddenOrderError(f"records {' '.join(one.hex() for one in shape)} are no order", Refusal.NOT_AN_ORDER)


def _write_cutoff(values: _Values, *, with_delay: bool) -> WriteCutoff:
    cutoff = values.get(_CUTOFF.encoded, -1)
    delay = values.get(_COUNTDOWN.encoded, -1) if with_delay else None
    if cutoff < 0 or (delay is not None and not 0 <= delay <= MAX_DELAY_HALF_HOURS):
        raise ForbiddenOrderError(f"cut-off {cutoff} l, delay {delay} half hours: out of range", Refusal.OUT_OF_RANGE)
    return WriteCutoff(cutoff, delay)


def status_records(
    volume_l: int | None, cutoff_l: int | None, valve: ValveState | None, countdown: int | None
) -> tuple[Record, ...]:
    """The records of an answer: those that are not None."""
    pairs = ((_TOTAL, volume_l), (_CUTOFF, cutoff_l), (_VALVE, valve), (_COUNTDOWN, countdown))
    return tuple(Record(header, value) for header, value in pairs if value is not None)


def answer_of(telegram: Telegram) -> OrderAnswer:
    """The answer in an authenticated telegram with records.

    Raises:
        TelegramError: a record is out of range.
    """
    values = _values(telegram)
    litres = REGISTER_LIMIT_LITRES - 1
    valve = _maybe(values, _VALVE, len(_STATES) - 1)
    return OrderAnswer(
        telegram.meter,
        telegram.access_number,
        _maybe(values, _TOTAL, litres),
        _maybe(values, _CUTOFF, litres),
        None if valve is None else _STATES[valve],
        _maybe(values, _COUNTDOWN, _LARGEST_COUNT),
    )


def _maybe(values: _Values, header: RecordHeader, largest: int) -> int | None:
    return _need(values, header, largest) if header.encoded in values else None
