"""The small fields of a telegram: C-field, CI-field, device type, status (EN 13757-3, EN 13757-4, EN 13757-7)."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

__all__ = [
    "LONG_HEADERS",
    "RECORD_CARRIERS",
    "SHORT_HEADERS",
    "TO_METER",
    "Ci",
    "Control",
    "DeviceType",
    "ExtendedControl",
    "Status",
]


class Control(IntEnum):
    """C-fields (EN 13757-4, link layer). `_FCB` is the same with the frame count bit turned over."""

    ACK = 0x00
    NACK = 0x01
    CNF_IR = 0x06
    RSP_UD = 0x08
    SND_NKE = 0x40
    SND_UD2 = 0x43
    SND_NR = 0x44
    SND_IR = 0x46
    ACC_NR = 0x47
    ACC_DMD = 0x48
    SND_UD = 0x53
    REQ_UD1 = 0x5A
    REQ_UD2 = 0x5B
    SND_UD_FCB = 0x73
    REQ_UD1_FCB = 0x7A
    REQ_UD2_FCB = 0x7B


class Ci(IntEnum):
    """CI-fields that say what follows (EN 13757-7). Long, short and none are the three transport headers."""

    NONE = 0x00
    """Ours, never on the wire: the telegram ends after its link address or extended link layer."""
    COMMAND_NONE = 0x51
    COMMAND_SHORT = 0x5A
    COMMAND_LONG = 0x5B
    CLOCK_SYNC_SHORT = 0x6C
    CLOCK_SYNC_LONG = 0x6D
    ERROR_SHORT = 0x6E
    ERROR_LONG = 0x6F
    ERROR_NONE = 0x70
    RESPONSE_LONG = 0x72
    RESPONSE_NONE = 0x78
    RESPONSE_COMPACT = 0x79
    """Values whose headers the receiver knows from a telegram before: see `expand_compact`."""
    RESPONSE_SHORT = 0x7A
    TRANSPORT_TO_METER = 0x80
    TRANSPORT_SHORT = 0x8A
    TRANSPORT_LONG = 0x8B
    EXTENDED_LINK = 0x8C
    EXTENDED_LINK_SESSION = 0x8D
    EXTENDED_LINK_RECEIVER = 0x8E
    EXTENDED_LINK_BOTH = 0x8F
    AUTHENTICATION = 0x90


LONG_HEADERS: Final = frozenset(
    {
        Ci.COMMAND_LONG,
        Ci.CLOCK_SYNC_LONG,
        Ci.ERROR_LONG,
        Ci.RESPONSE_LONG,
        Ci.TRANSPORT_TO_METER,
        Ci.TRANSPORT_LONG,
    }
)
"""Transport header with the application address: 12 bytes."""

SHORT_HEADERS: Final = frozenset(
    {Ci.COMMAND_SHORT, Ci.CLOCK_SYNC_SHORT, Ci.ERROR_SHORT, Ci.RESPONSE_SHORT, Ci.TRANSPORT_SHORT}
)
"""Transport header without an address: 4 bytes."""

RECORD_CARRIERS: Final = frozenset(
    {
        Ci.COMMAND_NONE,
        Ci.COMMAND_SHORT,
        Ci.COMMAND_LONG,
        Ci.RESPONSE_NONE,
        Ci.RESPONSE_SHORT,
        Ci.RESPONSE_LONG,
    }
)
"""CI-fields whose body is data records."""

TO_METER: Final = frozenset(
    {
        Ci.COMMAND_NONE,
        Ci.COMMAND_SHORT,
        Ci.COMMAND_LONG,
        Ci.CLOCK_SYNC_SHORT,
        Ci.CLOCK_SYNC_LONG,
        Ci.TRANSPORT_TO_METER,
    }
)
"""CI-fields that only the other station sends; they select the keys of that direction (EN 13757-7, KDF)."""


class DeviceType(IntEnum):
    """Device types (EN 13757-7) that this house meets. Others stay plain integers."""

    ELECTRICITY = 0x02
    GAS = 0x03
    HEAT = 0x04
    WARM_WATER = 0x06
    WATER = 0x07
    HEAT_COST_ALLOCATOR = 0x08
    BREAKER = 0x20
    VALVE = 0x21
    COMMUNICATION_CONTROLLER = 0x31
    CONVERTER_SYSTEM_SIDE = 0x36
    CONVERTER_METER_SIDE = 0x37


class Status(IntFlag):
    """Status byte of the transport header (EN 13757-7); the two lowest bits are a small number, not flags."""

    OK = 0
    BUSY = 1
    APPLICATION_ERROR = 2
    LOW_BATTERY = 4
    PERMANENT_ERROR = 8
    TEMPORARY_ERROR = 16


class ExtendedControl(IntFlag):
    """Communication control field of the extended link layer (EN 13757-4)."""

    NONE = 0
    ACCESSIBLE = 0x04
    PRIORITY = 0x08
    HOP = 0x10
    SYNCHRONOUS = 0x20
    RESPONSE_DELAY = 0x40
    BIDIRECTIONAL = 0x80
