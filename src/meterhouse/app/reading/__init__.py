"""reading any real meter: the way there, its quirks, our counters, and what it says"""

from meterhouse.app.reading.counter_file import CounterFile, default_folder
from meterhouse.app.reading.items import Item, parse_item
from meterhouse.app.reading.quirks import MeterQuirks, read_quirks
from meterhouse.app.reading.reader import CapturedRow, ListedObject, MeterReader, Profile, parts_of
from meterhouse.app.reading.session import Approach, MeterSession, explained
from meterhouse.app.reading.stream import SerialStream, Stream, TcpStream, open_stream
from meterhouse.app.reading.target import Target, parse_target
from meterhouse.app.reading.values import Meaning, Value, iso_or_text, plain, shown, time_of

__all__ = [
    "Approach",
    "CapturedRow",
    "CounterFile",
    "Item",
    "ListedObject",
    "Meaning",
    "MeterQuirks",
    "MeterReader",
    "MeterSession",
    "Profile",
    "SerialStream",
    "Stream",
    "Target",
    "TcpStream",
    "Value",
    "default_folder",
    "explained",
    "iso_or_text",
    "open_stream",
    "parse_item",
    "parse_target",
    "parts_of",
    "plain",
    "read_quirks",
    "shown",
    "time_of",
]
