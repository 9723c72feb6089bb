"""Key change: a new decoder key in two to four tokens under the old one (IEC 62055-41 §6.2.7 to §6.2.10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.sts.cipher import EncryptionAlgorithm
from meterhouse.protocols.sts.container import Block, Token
from meterhouse.protocols.sts.identity import KeyType
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.results import ResultCode, TokenError
from meterhouse.protocols.sts.sealing import seal

__all__ = ["KeySection", "assemble_key", "encode_key_change", "read_key_section", "sections_needed"]

_SUBCLASSES: Final = {3: 1, 4: 2, 8: 3, 9: 4}
"""Subclass of each section."""

_WORD: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class KeySection:
    """One section of a key change; part of a key, so its payload is never printed whole by us.

    Attributes:
        number: 1 to 4.
        payload: its 44 bits.
    """

    number: int
    payload: int

    def __repr__(self) -> str:
        return f"KeySection(number={self.number})"


def _group_number(key: DecoderKey) -> int:
    return int(key.supply_group)


def encode_key_change(
    old: DecoderKey, new: DecoderKey, *, rollover: bool = False, carry_supply_group: bool = False
) -> tuple[Token, ...]:
    """The tokens that change a meter's key from `old` to `new`; two for EA07, four for EA11.

    Args:
        old: what the meter holds.
        new: what it is to hold; of the same algorithm.
        rollover: also clear the meter's memory of used TIDs (RO): at a change of base date only, and always with a
            new key, or old tokens would count again.
        carry_supply_group: for EA07, add a third token with the new supply group (a triplet, 3KCT).

    Raises:
        UsageError: the algorithms differ, the new key is of the initialisation type, or equal to the old one.
    """
    if old.algorithm is not new.algorithm:
        raise UsageError(f"a key change cannot go from {old.algorithm.name} to {new.algorithm.name}")
    if new.key_type is KeyType.DITK:
        raise UsageError("a key change cannot give an initialisation key", why="Only the factory sets it.")
    if old.octets == new.octets:
        raise UsageError("the new key equals the old one", why="Used tokens could be entered again after a roll-over.")
    wide = new.algorithm is EncryptionAlgorithm.EA11
    key = int.from_bytes(new.octets, "big")
    triplet = carry_supply_group and not wide
    flags = new.ken >> 4 << 8 | new.key_revision << 4 | rollover << 3 | triplet << 2 | new.key_type
    top = key >> (96 if wide else 32)
    payloads = {3: flags << 32 | top, 4: (new.ken & 15) << 40 | new.tariff_index << 32 | key & _WORD}
    group = _group_number(new)
    if wide:
        payloads[8] = (group & 0xFFF) << 32 | key >> 64 & _WORD
        payloads[9] = group >> 12 << 32 | key >> 32 & _WORD
    elif triplet:
        payloads[8] = group << 20
    return tuple(seal(old, 2, subclass, payload) for subclass, payload in payloads.items())


def read_key_section(block: Block) -> KeySection | None:
    """The section in a block of class 2; None for the other subclasses."""
    number = _SUBCLASSES.get(block.subclass)
    return None if number is None else KeySection(number, block.payload)


def sections_needed(algorithm: EncryptionAlgorithm, first: KeySection | None) -> frozenset[int]:
    """Which sections make a set; for EA07 the first one says whether a third follows."""
    if algorithm is EncryptionAlgorithm.EA11:
        return frozenset((1, 2, 3, 4))
    triplet = first is not None and first.payload >> 34 & 1
    return frozenset((1, 2, 3)) if triplet else frozenset((1, 2))


def assemble_key(old: DecoderKey, sections: dict[int, KeySection]) -> tuple[DecoderKey, bool]:
    """The new key of a complete set, and whether the memory of used TIDs is to be cleared (RO).

    A set that carries no supply group keeps the old one. A roll-over moves to the next base date.

    Raises:
        TokenError: KEY_TYPE_ERROR for an initialisation key; RANGE_ERROR for a revision, tariff index or group that no
            vending point may set.
    """
    first, second = sections[1].payload, sections[2].payload
    key_type, rollover = KeyType(first >> 32 & 3), bool(first >> 35 & 1)
    if key_type is KeyType.DITK:
        raise TokenError(ResultCode.KEY_TYPE_ERROR)
    octets = (first & _WORD).to_bytes(4, "big")
    group = old.supply_group
    if old.algorithm is EncryptionAlgorithm.EA11:
        third, fourth = sections[3].payload, sections[4].payload
        octets += (third & _WORD).to_bytes(4, "big") + (fourth & _WORD).to_bytes(4, "big")
        group = f"{fourth >> 32 << 12 | third >> 32:06d}"
    elif 3 in sections:
        group = f"{sections[3].payload >> 20:06d}"
    octets += (second & _WORD).to_bytes(4, "big")
    try:
        new = replace(
            old,
            octets=octets,
            key_type=key_type,
            key_revision=first >> 36 & 15,
            tariff_index=second >> 32 & 0xFF,
            supply_group=group,
            ken=first >> 40 << 4 | second >> 40,
            base_date=old.base_date.following if rollover else old.base_date,
        )
    except UsageError as error:
        raise TokenError(ResultCode.RANGE_ERROR) from error
    return new, rollover
