"""The encryption algorithms of STS: EA11 (MISTY1) is open; EA07 (STA) needs tables an operator is licensed for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, Protocol

from meterhouse.crypto import Misty1
from meterhouse.model import UsageError

__all__ = ["IEC_SAMPLE_TABLES", "BlockCipher", "EncryptionAlgorithm", "Sta", "StaTables", "cipher_of"]

_ROUNDS: Final = 16
_MASK: Final = (1 << 64) - 1


class EncryptionAlgorithm(IntEnum):
    """The EA code of a decoder key (IEC 62055-41 §6.1.8). EA09 is withdrawn and not built."""

    EA07 = 7
    EA11 = 11

    @property
    def key_length(self) -> int:
        """Octets of its decoder key."""
        return 8 if self is EncryptionAlgorithm.EA07 else 16


class BlockCipher(Protocol):
    """A 64-bit block cipher under one key; blocks are unsigned numbers, first octet most significant."""

    def encrypt(self, block: int) -> int:
        """The cipher block of a plain block."""

    def decrypt(self, block: int) -> int:
        """The plain block of a cipher block."""


def _permutation(name: str, values: object, count: int) -> tuple[int, ...]:
    """A checked permutation of 0 … count-1."""
    numbers = tuple(values) if isinstance(values, list | tuple) else ()
    if len(numbers) != count or any(type(number) is not int for number in numbers) or set(numbers) != set(range(count)):
        raise UsageError(
            f"EA07 table '{name}' is not a permutation of 0 to {count - 1}",
            remedy="Give the table file that came with your STS licence: substitution_1, substitution_2, permutation.",
        )
    return numbers


@dataclass(frozen=True, slots=True)
class StaTables:
    """What EA07 substitutes and permutes by (§6.4.4.2).

    Attributes:
        substitution_1: 16 nibbles, used where the key bit is 0.
        substitution_2: 16 nibbles, used where the key bit is 1.
        permutation: bit i goes to place permutation[i]; bit 0 is the least significant.
    """

    substitution_1: tuple[int, ...]
    substitution_2: tuple[int, ...]
    permutation: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse anything that could not be undone."""
        _permutation("substitution_1", self.substitution_1, 16)
        _permutation("substitution_2", self.substitution_2, 16)
        _permutation("permutation", self.permutation, 64)

    @classmethod
    def parse(cls, toml: str) -> StaTables:
        """From the text of an operator's table file with the three arrays named as the attributes.

        Raises:
            UsageError: not TOML, a table missing, or not a permutation.
        """
        try:
            document = tomllib.loads(toml)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"the EA07 table file is not TOML: {error}") from error
        return cls(
            _permutation("substitution_1", document.get("substitution_1"), 16),
            _permutation("substitution_2", document.get("substitution_2"), 16),
            _permutation("permutation", document.get("permutation"), 64),
        )


# fmt: off
IEC_SAMPLE_TABLES: Final = StaTables(
    (12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    (6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    (29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23, 1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17, 48, 28,
     24, 39, 3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43, 44, 6, 59, 4, 7, 35, 56, 50, 13, 18, 32, 47,
     46, 63, 20, 8),
)
# fmt: on
"""The tables printed in IEC 62055-41 as a sample: right for its example, useless with any meter in the field."""

_Nibbles = tuple[tuple[int, ...], ...]


def _spread(substitution: tuple[int, ...], permutation: tuple[int, ...]) -> _Nibbles:
    """For each nibble's place and value: its substitute, already moved by the permutation."""
    return tuple(
        tuple(
            sum(1 << permutation[4 * place + bit] for bit in range(4) if substitution[value] >> bit & 1)
            for value in range(16)
        )
        for place in range(16)
    )


def _inverse(permutation: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(permutation.index(place) for place in range(len(permutation)))


@lru_cache(maxsize=4)
def _spreads(tables: StaTables) -> tuple[list[_Nibbles], list[_Nibbles], list[_Nibbles], _Nibbles]:
    """What every key shares: S then P; then S⁻¹ fused with the next round's P⁻¹, S⁻¹ alone, and the P⁻¹ in front."""
    substitutions = (tables.substitution_1, tables.substitution_2)
    undo, stay = _inverse(tables.permutation), tuple(range(64))
    return (
        [_spread(table, tables.permutation) for table in substitutions],
        [_spread(_inverse(table), undo) for table in substitutions],
        [_spread(_inverse(table), stay) for table in substitutions],
        _spread(tuple(range(16)), undo),
    )


def _apply(block: int, tables: _Nibbles) -> int:
    result = 0
    for table in tables:
        result |= table[block & 15]
        block >>= 4
    return result


class Sta:
    """EA07, the standard transfer algorithm, under one 64-bit key (§6.4.4).

    Raises:
        UsageError: the key is not 8 octets.
    """

    __slots__ = ("_backward", "_first", "_forward")

    def __init__(self, key: bytes, tables: StaTables = IEC_SAMPLE_TABLES) -> None:
        if len(key) != EncryptionAlgorithm.EA07.key_length:
            raise UsageError(f"an EA07 key has 8 octets, not {len(key)}")
        forward, backward, last, self._first = _spreads(tables)
        choices = _round_choices(int.from_bytes(key, "big"))
        self._forward = [_choose(forward, choice) for choice in choices]
        self._backward = [_choose(backward, choice) for choice in choices[:0:-1]] + [_choose(last, choices[0])]

    def encrypt(self, block: int) -> int:
        """The cipher block of a plain block."""
        for tables in self._forward:
            block = _apply(block, tables)
        return block

    def decrypt(self, block: int) -> int:
        """The plain block of a cipher block."""
        block = _apply(block, self._first)
        for tables in self._backward:
            block = _apply(block, tables)
        return block


def _round_choices(key: int) -> list[list[int]]:
    """Which substitution each nibble takes in each round: bit 4i+3 of the complemented, rotated key."""
    turned = ~key & _MASK
    turned = turned >> 12 | turned << 52 & _MASK
    choices = []
    for _ in range(_ROUNDS):
        choices.append([turned >> 4 * place + 3 & 1 for place in range(16)])
        turned = turned << 1 & _MASK | turned >> 63
    return choices


def _choose(pair: list[_Nibbles], choice: list[int]) -> _Nibbles:
    return tuple(pair[which][place] for place, which in enumerate(choice))


def cipher_of(algorithm: EncryptionAlgorithm, key: bytes, tables: StaTables) -> BlockCipher:
    """The cipher of a decoder key; `tables` matter to EA07 alone."""
    return Misty1(key) if algorithm is EncryptionAlgorithm.EA11 else Sta(key, tables)
