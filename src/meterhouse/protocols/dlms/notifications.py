"""What a meter sends by itself: DataNotification and EventNotification (IEC 62056-5-3 §9.3.10, §9.3.11, §9.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.protocols.dlms.axdr import encode, encode_length
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.moments import CosemDateTime
from meterhouse.protocols.dlms.requests import ApduReader, Target, encode_target, read_target

__all__ = [
    "DATA_NOTIFICATION",
    "DATA_NOTIFICATION_CONFIRM",
    "EVENT_NOTIFICATION",
    "DataNotification",
    "EventNotification",
    "Notification",
    "confirm_notification",
    "decode_notification",
    "encode_notification",
]

DATA_NOTIFICATION: Final = 0x0F
DATA_NOTIFICATION_CONFIRM: Final = 0x10
EVENT_NOTIFICATION: Final = 0xC2
_CONFIRMED: Final = 0x4000_0000


@dataclass(frozen=True, slots=True)
class DataNotification:
    """Data that a push setup sent.

    Attributes:
        long_invoke: 32 bits: invoke id (24), and in the top byte 0x80 priority, 0x40 confirmed.
        time: when it was made; None where the meter does not say.
        data: what the push object list made.
    """

    long_invoke: int
    time: CosemDateTime | None
    data: CosemData

    @property
    def confirmed(self) -> bool:
        """Whether the meter waits for a confirmation."""
        return bool(self.long_invoke & _CONFIRMED)


@dataclass(frozen=True, slots=True)
class EventNotification:
    """One attribute's value that a meter sent by itself.

    Attributes:
        time: when; None where the meter does not say.
        target: the attribute.
        data: its value.
    """

    time: CosemDateTime | None
    target: Target
    data: CosemData


Notification = DataNotification | EventNotification


def encode_notification(notification: Notification) -> bytes:
    """The APDU of `notification`."""
    time = b"" if notification.time is None else notification.time.encode()
    octets = encode_length(len(time)) + time
    if isinstance(notification, DataNotification):
        head = bytes((DATA_NOTIFICATION,)) + notification.long_invoke.to_bytes(4, "big") + octets
        return head + encode(notification.data)
    flag = b"\x01" + octets if time else b"\x00"
    return bytes((EVENT_NOTIFICATION,)) + flag + encode_target(notification.target) + encode(notification.data)


def _time(octets: bytes) -> CosemDateTime | None:
    return CosemDateTime.decode(octets) if octets else None


def decode_notification(apdu: bytes) -> Notification:
    """The notification in `apdu`.

    Raises:
        ApduError: another APDU, cut off, with bytes after its end, or a time that is none.
    """
    reader = ApduReader(apdu)
    tag = reader.u8("tag")
    notification: Notification
    if tag == DATA_NOTIFICATION:
        notification = DataNotification(reader.big(4, "long invoke id"), _time(reader.block()), reader.data())
    elif tag == EVENT_NOTIFICATION:
        time = _time(reader.block()) if reader.present("time") else None
        notification = EventNotification(time, read_target(reader), reader.data())
    else:
        raise ApduError(f"tag {tag:02X} is not a notification")
    reader.finish("notification")
    return notification


def confirm_notification(notification: DataNotification) -> bytes:
    """The confirmation that a meter waits for, without a time of our own."""
    return bytes((DATA_NOTIFICATION_CONFIRM,)) + notification.long_invoke.to_bytes(4, "big") + b"\x00"
