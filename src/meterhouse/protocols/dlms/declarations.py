"""Short ways to declare the objects that most meters have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from meterhouse.model import Instant
from meterhouse.protocols.dlms.data import (
    CosemData,
    array,
    boolean,
    enum,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterhouse.protocols.dlms.datetimes import date_time, instant_from
from meterhouse.protocols.dlms.interfaces import (
    CLOCK_CLASS,
    DATA,
    DISCONNECT_CONTROL,
    REGISTER,
    SAP_ASSIGNMENT,
    TOKEN_GATEWAY,
)
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import Invoke, LogicalDevice, Read, ServerObject
from meterhouse.protocols.dlms.selection import CLOCK_OBIS

__all__ = ["clock", "constant", "data_object", "disconnect_control", "register", "sap_assignment", "token_gateway"]

SAP_ASSIGNMENT_OBIS = Obis(bytes((0, 0, 41, 0, 0, 255)))
_NOT_SPECIFIED = bytes.fromhex("ffffffffffffffffff800000")


def constant(data: CosemData) -> Read:
    """A reader that always gives `data`."""
    return lambda _selection, _now: data


def data_object(obis: Obis, value: Callable[[], CosemData]) -> ServerObject:
    """Class 1: a value."""
    return ServerObject(DATA, obis, read={2: lambda _selection, _now: value()})


def register(obis: Obis, value: Callable[[], CosemData], *, scaler: int, unit: int) -> ServerObject:
    """Class 3: a value that counts `unit` × 10^`scaler` (unit 30 Wh, 13 m³, 27 W)."""
    return ServerObject(
        REGISTER,
        obis,
        read={
            2: lambda _selection, _now: value(),
            3: constant(structure(integer(scaler), enum(unit))),
        },
    )


def clock(
    time: Callable[[Instant], Instant],
    adjust: Callable[[Instant, Instant], None] | None = None,
    *,
    status: Callable[[], int] = lambda: 0,
    obis: Obis = CLOCK_OBIS,
) -> ServerObject:
    """Class 8: a clock in UTC, without daylight saving.

    Args:
        time: the device's own time at a given true time.
        adjust: told (new time, now) when a client sets it; None where none may.
        status: clock status byte.
        obis: logical name.
    """

    def write(data: CosemData, now: Instant) -> None:
        if adjust is not None:
            adjust(instant_from(data), now)

    return ServerObject(
        CLOCK_CLASS,
        obis,
        read={
            2: lambda _selection, now: date_time(time(now)),
            3: constant(long(0)),
            4: lambda _selection, _now: unsigned(status()),
            5: constant(octet_string(_NOT_SPECIFIED)),
            6: constant(octet_string(_NOT_SPECIFIED)),
            7: constant(integer(0)),
            8: constant(boolean(False)),
            9: constant(enum(1)),
        },
        write={} if adjust is None else {2: write},
    )


def disconnect_control(
    obis: Obis,
    *,
    output: Callable[[], bool],
    state: Callable[[], int],
    mode: Callable[[], int],
    disconnect: Callable[[Instant], None],
    reconnect: Callable[[Instant], None],
) -> ServerObject:
    """Class 70: a switch or valve.

    Args:
        obis: logical name; 0-0:96.3.10.255 for the main switch.
        output: whether the supply is on.
        state: 0 disconnected, 1 connected, 2 ready for reconnection (by hand).
        mode: control mode 0 to 6; in mode 2 a remote reconnect only makes ready.
        disconnect: method 1.
        reconnect: method 2.
    """
    return ServerObject(
        DISCONNECT_CONTROL,
        obis,
        read={
            2: lambda _selection, _now: boolean(output()),
            3: lambda _selection, _now: enum(state()),
            4: lambda _selection, _now: enum(mode()),
        },
        invoke={1: lambda _data, now: disconnect(now), 2: lambda _data, now: reconnect(now)},
    )


def token_gateway(obis: Obis, read: Mapping[int, Read], enter: Invoke) -> ServerObject:
    """Class 115: takes tokens (method 1, octet-string) and tells of the last one (attributes 2 to 6)."""
    return ServerObject(TOKEN_GATEWAY, obis, read=read, invoke={1: enter})


def sap_assignment(devices: Iterable[tuple[int, LogicalDevice | str]]) -> ServerObject:
    """Class 17: which logical device sits at which server SAP; devices or their names."""
    listed = [
        structure(long_unsigned(sap), octet_string((each if isinstance(each, str) else each.name).encode("ascii")))
        for sap, each in devices
    ]
    return ServerObject(SAP_ASSIGNMENT, SAP_ASSIGNMENT_OBIS, read={2: constant(array(listed))})
