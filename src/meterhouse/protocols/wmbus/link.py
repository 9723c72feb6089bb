"""The data link layer: frame formats A and B with their check words (EN 13757-4 §6).

A body is everything between the L-field and the last check word, check words taken out: C, M, A, CI and what follows.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus.crc import crc16
from meterhouse.protocols.wmbus.errors import TelegramError

__all__ = ["MAX_BODY", "MIN_BODY", "LinkFormat", "decode_frame", "encode_frame"]

MIN_BODY: Final = 9
"""C-field, M-field, A-field."""

MAX_BODY: Final = {0: 255, 1: 255, 2: 251}
"""Longest body by `LinkFormat`; the L-field is one byte, and in format B it counts up to two check words."""

_FIRST_BLOCK_A: Final = 10
_BLOCK_A: Final = 16
_FIRST_BLOCK_B: Final = 126
_CRC: Final = 2


class LinkFormat(IntEnum):
    """How check words are laid into a frame."""

    BARE = 0
    """L-field and body, no check words: what receivers hand up."""
    A = 1
    """A check word after the first 10 bytes and after each 16 that follow; the L-field does not count them."""
    B = 2
    """One check word at the end, or two where the frame is longer than 128 bytes; the L-field counts them."""


def encode_frame(body: bytes, link_format: LinkFormat) -> bytes:
    """The frame as it goes on the air, from its L-field on.

    Raises:
        UsageError: the body is shorter than an address or longer than the format can hold.
    """
    if not MIN_BODY <= len(body) <= MAX_BODY[link_format]:
        raise UsageError(f"a body has {MIN_BODY} to {MAX_BODY[link_format]} bytes, not {len(body)}")
    if link_format == LinkFormat.B:
        return _encode_b(body)
    plain = bytes((len(body),)) + body
    return plain if link_format == LinkFormat.BARE else b"".join(map(_checked, _blocks_a(plain)))


def decode_frame(frame: bytes, link_format: LinkFormat) -> bytes:
    """The body of one whole frame.

    Raises:
        TelegramError: the length is not what the L-field says, or a check word is wrong.
    """
    if link_format == LinkFormat.B:
        return _decode_b(frame)
    body = frame[1:] if link_format == LinkFormat.BARE else _strip_a(frame)[1:]
    if not frame or frame[0] != len(body):
        raise TelegramError(f"the L-field says {frame[:1].hex()}, the frame holds {len(body)} bytes")
    return _long_enough(body)


def _checked(block: bytes) -> bytes:
    return block + crc16(block).to_bytes(2, "big")


def _unchecked(block: bytes) -> bytes:
    inner = block[:-_CRC]
    if len(block) <= _CRC or crc16(inner) != int.from_bytes(block[-_CRC:], "big"):
        raise TelegramError("a check word is wrong: the frame is dropped")
    return inner


def _long_enough(body: bytes) -> bytes:
    if len(body) < MIN_BODY:
        raise TelegramError(f"a frame of {len(body)} bytes holds no address")
    return body


def _blocks_a(plain: bytes) -> list[bytes]:
    rest = range(_FIRST_BLOCK_A, len(plain), _BLOCK_A)
    return [plain[:_FIRST_BLOCK_A], *(plain[start : start + _BLOCK_A] for start in rest)]


def _strip_a(frame: bytes) -> bytes:
    first, block = _FIRST_BLOCK_A + _CRC, _BLOCK_A + _CRC
    rest = range(first, len(frame), block)
    return b"".join(map(_unchecked, [frame[:first], *(frame[start : start + block] for start in rest)]))


def _encode_b(body: bytes) -> bytes:
    two = len(body) + 1 > _FIRST_BLOCK_B
    length = len(body) + (2 * _CRC if two else _CRC)
    plain = bytes((length,)) + body
    if not two:
        return _checked(plain)
    return _checked(plain[:_FIRST_BLOCK_B]) + _checked(plain[_FIRST_BLOCK_B:])


def _decode_b(frame: bytes) -> bytes:
    if not frame or frame[0] != len(frame) - 1:
        raise TelegramError(f"the L-field says {frame[:1].hex()}, the frame holds {len(frame) - 1} bytes after it")
    first = _FIRST_BLOCK_B + _CRC
    plain = _unchecked(frame[:first])
    if len(frame) > first:
        plain += _unchecked(frame[first:])
    return _long_enough(plain[1:])
