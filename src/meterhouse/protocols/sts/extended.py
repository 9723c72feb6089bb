"""Extended tokens (STS 202-5): set and read what a meter keeps by index. Carried here, not given a meaning.

What an index stands for is the maker's list, and only the fields of published tokens were at hand, not the tokens. So a
meter refuses them as not its function unless it was told that it takes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.sts.container import Block, Token
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.sealing import identified_payload, seal

__all__ = ["ExtendedRead", "ExtendedSet", "encode_extended_set", "read_extended"]

_SET: Final = 10
"""Subclass of class 2."""
_READ: Final = 2
"""Subclass of class 1."""
_INDEX_MOST: Final = 63
_VALUE_BITS: Final = 10


@dataclass(frozen=True, slots=True)
class ExtendedSet:
    """Set an item.

    Attributes:
        tid: minutes since the key's base date.
        index: of the item, 0 to 63.
        value: 0 to 1023.
        rnd: 0 to 15.
    """

    tid: int
    index: int
    value: int
    rnd: int

    @property
    def subclass(self) -> int:
        """10."""
        return _SET


@dataclass(frozen=True, slots=True)
class ExtendedRead:
    """Ask for an item; not encrypted, as every token of class 1. `payload` is its 44 bits as they are."""

    payload: int

    @property
    def subclass(self) -> int:
        """2."""
        return _READ


def encode_extended_set(key: DecoderKey, *, tid: int, index: int, value: int, rnd: int) -> Token:
    """A token that sets an item.

    Raises:
        UsageError: any of these is out of range, or the key has expired by `tid`.
    """
    if not (0 <= index <= _INDEX_MOST and 0 <= value < 1 << _VALUE_BITS):
        raise UsageError(f"extended item {index} with value {value} is not 0 to {_INDEX_MOST} with 10 bits")
    return seal(key, 2, _SET, identified_payload(key, rnd, tid, index << _VALUE_BITS | value))


def read_extended(block: Block) -> ExtendedSet | ExtendedRead | None:
    """The content of an extended block; None for every other."""
    if (block.token_class, block.subclass) == (2, _SET):
        field = block.payload & 0xFFFF
        tid = block.payload >> 16 & 0xFFFFFF
        return ExtendedSet(tid, field >> _VALUE_BITS, field & (1 << _VALUE_BITS) - 1, block.payload >> 40)
    return ExtendedRead(block.payload) if (block.token_class, block.subclass) == (1, _READ) else None
