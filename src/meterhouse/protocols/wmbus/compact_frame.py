"""Compact frames, CI 79: values alone, under headers that a full telegram has shown before (EN 13757-7 Annex A).

A compact frame begins with a signature of the headers and a check word over the full records. Both are compared, so
that no value is read under a wrong header.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from meterhouse.model import NotFoundError
from meterhouse.protocols.wmbus.crc import crc16
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.records import Record, RecordHeader, read_headers
from meterhouse.protocols.wmbus.values import decode_value

__all__ = ["PUBLISHED", "expand_compact", "headers_signature"]

_PREFIX: Final = 4

PUBLISHED: Final = tuple(
    read_headers(bytes.fromhex(chain))
    for chain in (
        "02FF2004134413615B6167",
        "02FF2004134413615B5167",
        "02FF20041392013BA1015B8101E7FF0F",
        "02FF2004134413A1015B8101E7FF0F",
        "02FF2004134413",
    )
)
"""Headers of full telegrams of water meters in the field, whose compact frames can be read at once."""


def headers_signature(headers: Iterable[RecordHeader]) -> int:
    """The check word over all headers of a full telegram, by which compact frames name them; 0 to FFFF."""
    return crc16(b"".join(header.encoded for header in headers))


def expand_compact(payload: bytes, known: Iterable[Sequence[RecordHeader]]) -> tuple[Record, ...]:
    """The records of a compact frame.

    Args:
        payload: of a telegram with CI 79: signature, check word, values.
        known: headers of full telegrams of meters of the same kind.

    Raises:
        NotFoundError: none of `known` has the signature: a full telegram has to come first.
        TelegramError: cut short, too long, or the records do not have the check word of the full ones.
    """
    if len(payload) < _PREFIX:
        raise TelegramError(f"a compact frame of {len(payload)} bytes is cut short")
    signature = int.from_bytes(payload[:2], "little")
    headers = next((each for each in known if headers_signature(each) == signature), None)
    if headers is None:
        raise NotFoundError(
            f"no full telegram with headers of signature {signature:04X} is known",
            remedy="Wait for the next full telegram of such a meter: it sends one every few minutes.",
        )
    full, position = b"", _PREFIX
    records = []
    for header in headers:
        value, end = decode_value(header.coding, payload, position)
        records.append(Record(header, value))
        full += header.encoded + payload[position:end]
        position = end
    if position != len(payload):
        raise TelegramError(f"a compact frame is {len(payload) - position} bytes longer than its headers say")
    if crc16(full) != int.from_bytes(payload[2:_PREFIX], "little"):
        raise TelegramError("the check word of a compact frame is wrong")
    return tuple(records)
