"""wireless M-Bus: frames, security modes 5 and 7, and data records of EN 13757-3, -4 and -7"""

from meterhouse.protocols.wmbus.address import Address
from meterhouse.protocols.wmbus.compact_frame import PUBLISHED, expand_compact, headers_signature
from meterhouse.protocols.wmbus.display import displayed
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.extended_link import ExtendedLink
from meterhouse.protocols.wmbus.fields import Ci, Control, DeviceType, ExtendedControl, Status
from meterhouse.protocols.wmbus.im871a import (
    HostFrame,
    HostReader,
    RadioAdapter,
    decode_host_frame,
    encode_host_frame,
)
from meterhouse.protocols.wmbus.layouts import Layout, Records, decode_records, encode_records
from meterhouse.protocols.wmbus.link import LinkFormat, decode_frame, encode_frame
from meterhouse.protocols.wmbus.moments import (
    decode_date,
    decode_moment,
    decode_second,
    encode_date,
    encode_moment,
)
from meterhouse.protocols.wmbus.records import Function, Record, RecordHeader
from meterhouse.protocols.wmbus.security import KeyUse, MasterKey
from meterhouse.protocols.wmbus.session import Session
from meterhouse.protocols.wmbus.telegram import Telegram, decode_telegram, encode_telegram
from meterhouse.protocols.wmbus.values import Coding, Value
from meterhouse.protocols.wmbus.vif import Meaning, meaning_of

__all__ = [
    "PUBLISHED",
    "Address",
    "Ci",
    "Coding",
    "Control",
    "DeviceType",
    "ExtendedControl",
    "ExtendedLink",
    "Function",
    "HostFrame",
    "HostReader",
    "KeyUse",
    "Layout",
    "LinkFormat",
    "MasterKey",
    "Meaning",
    "RadioAdapter",
    "Record",
    "RecordHeader",
    "Records",
    "Session",
    "Status",
    "Telegram",
    "TelegramError",
    "Value",
    "decode_date",
    "decode_frame",
    "decode_host_frame",
    "decode_moment",
    "decode_records",
    "decode_second",
    "decode_telegram",
    "displayed",
    "encode_date",
    "encode_frame",
    "encode_host_frame",
    "encode_moment",
    "encode_records",
    "encode_telegram",
    "expand_compact",
    "headers_signature",
    "meaning_of",
]
