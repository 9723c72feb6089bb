"""Decoder keys and how a vending key gives them: DKGA04 and the older DKGA02 (IEC 62055-41 §6.5.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from meterhouse.crypto import des_encrypt, hmac_sha256
from meterhouse.model import UsageError
from meterhouse.protocols.sts.cipher import IEC_SAMPLE_TABLES, BlockCipher, EncryptionAlgorithm, StaTables, cipher_of
from meterhouse.protocols.sts.identity import KeyType, MeterPan
from meterhouse.protocols.sts.tid import BaseDate

__all__ = [
    "NEVER_EXPIRES",
    "DecoderKey",
    "derive_dkga02",
    "derive_dkga02_inside",
    "derive_dkga04",
    "derive_dkga04_inside",
    "dkga02_key",
]

NEVER_EXPIRES: Final = 255
"""The key expiry number that switches expiry off."""

_VENDING_KEY_DKGA02: Final = 8
_VENDING_KEY_DKGA04: Final = 20


@dataclass(frozen=True, slots=True)
class DecoderKey:
    """The key a meter decodes its tokens with, and what it is bound to. Its octets are never printed.

    Attributes:
        octets: 8 (EA07) or 16 (EA11).
        algorithm: which cipher it is for.
        key_type: DITK, DDTK, DUTK or DCTK.
        key_revision: KRN 1 to 9, wrapping to 1.
        tariff_index: TI 0 to 99.
        supply_group: SGC, 6 digits.
        base_date: from when its TIDs count.
        ken: key expiry number 0 to 255: no token whose TID has a larger top octet; 255 never expires.
        tables: EA07's tables; EA11 has no use for them.

    Raises:
        UsageError: a field is outside its range.
    """

    octets: bytes = field(repr=False)
    algorithm: EncryptionAlgorithm
    key_type: KeyType
    key_revision: int
    tariff_index: int
    supply_group: str
    base_date: BaseDate
    ken: int = NEVER_EXPIRES
    tables: StaTables = field(default=IEC_SAMPLE_TABLES, repr=False)
    cipher: BlockCipher = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the ranges and make the key schedule once."""
        if len(self.octets) != self.algorithm.key_length:
            needed = self.algorithm.key_length
            raise UsageError(f"a decoder key for {self.algorithm.name} has {needed} octets, not {len(self.octets)}")
        _check_binding(self.key_revision, self.tariff_index, self.supply_group)
        if not 0 <= self.ken <= NEVER_EXPIRES:
            raise UsageError(f"key expiry number {self.ken} is not 0 to {NEVER_EXPIRES}")
        object.__setattr__(self, "cipher", cipher_of(self.algorithm, self.octets, self.tables))


def _check_binding(key_revision: int, tariff_index: int, supply_group: str) -> None:
    if not 1 <= key_revision <= 9:
        raise UsageError(f"key revision {key_revision} is not 1 to 9", why="IEC 62055-41 §6.1.8.")
    if not 0 <= tariff_index <= 99:
        raise UsageError(f"tariff index {tariff_index} is not 0 to 99", why="IEC 62055-41 §6.1.7.")
    if len(supply_group) != 6 or not (supply_group.isascii() and supply_group.isdigit()):
        raise UsageError(f"supply group '{supply_group}' is not 6 digits", why="IEC 62055-41 §6.1.6.")


def _check_vending_key(vending_key: bytes, length: int, what: str) -> None:
    if len(vending_key) != length:
        raise UsageError(f"a vending key for {what} has {length} octets, not {len(vending_key)}")


def derive_dkga04(
    vending_key: bytes,
    *,
    pan: MeterPan,
    supply_group: str,
    base_date: BaseDate = BaseDate.B2014,
    algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA11,
    tariff_index: int = 1,
    key_type: KeyType = KeyType.DUTK,
    key_revision: int = 1,
    ken: int = NEVER_EXPIRES,
    tables: StaTables = IEC_SAMPLE_TABLES,
) -> DecoderKey:
    """A decoder key by HMAC-SHA-256 of a 160-bit vending key; every field is bound into it (§6.5.3.6).

    Raises:
        UsageError: the vending key is not 20 octets, a field is out of range, or the key type is common (DCTK), whose
            data block no source at hand settles.
    """
    _check_vending_key(vending_key, _VENDING_KEY_DKGA04, "DKGA04")
    return derive_dkga04_inside(
        partial(hmac_sha256, vending_key),
        pan=pan,
        supply_group=supply_group,
        base_date=base_date,
        algorithm=algorithm,
        tariff_index=tariff_index,
        key_type=key_type,
        key_revision=key_revision,
        ken=ken,
        tables=tables,
    )


def derive_dkga04_inside(
    mac: Callable[[bytes], bytes],
    *,
    pan: MeterPan,
    supply_group: str,
    base_date: BaseDate = BaseDate.B2014,
    algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA11,
    tariff_index: int = 1,
    key_type: KeyType = KeyType.DUTK,
    key_revision: int = 1,
    ken: int = NEVER_EXPIRES,
    tables: StaTables = IEC_SAMPLE_TABLES,
) -> DecoderKey:
    """As `derive_dkga04`, where the vending key stays inside something that reckons `mac`: its HMAC-SHA-256.

    Raises:
        UsageError: as `derive_dkga04`.
    """
    _check_binding(key_revision, tariff_index, supply_group)
    if key_type is KeyType.DCTK:
        raise UsageError("DKGA04 is not built for common keys (DCTK)", remedy="Use a unique key (DUTK) for each meter.")
    parts = ("04", base_date.code, f"{algorithm:02d}", f"{tariff_index:02d}")
    block = b"\x04" + b"".join(b"\x02" + part.encode() for part in parts)
    block += b"\x00\x04\x06" + supply_group.encode() + f"\x01{key_type:X}\x01{key_revision:X}\x12{pan}".encode()
    block += (algorithm.key_length * 8).to_bytes(4, "big")
    octets = mac(block)[: algorithm.key_length]
    return DecoderKey(
        octets, algorithm, key_type, key_revision, tariff_index, supply_group, base_date, ken=ken, tables=tables
    )


def derive_dkga02(
    vending_key: bytes,
    *,
    pan: MeterPan,
    supply_group: str,
    base_date: BaseDate = BaseDate.B1993,
    tariff_index: int = 1,
    key_type: KeyType = KeyType.DUTK,
    key_revision: int = 1,
    ken: int = NEVER_EXPIRES,
    tables: StaTables = IEC_SAMPLE_TABLES,
) -> DecoderKey:
    """An EA07 decoder key by single DES of a 64-bit vending key (§6.5.3.4): for meters not yet moved to DKGA04.

    The base date is not bound into the key; it only says how its TIDs count.

    Raises:
        UsageError: the vending key is not 8 octets, or a field is out of range.
    """
    _check_vending_key(vending_key, _VENDING_KEY_DKGA02, "DKGA02")
    return derive_dkga02_inside(
        partial(dkga02_key, vending_key),
        pan=pan,
        supply_group=supply_group,
        base_date=base_date,
        tariff_index=tariff_index,
        key_type=key_type,
        key_revision=key_revision,
        ken=ken,
        tables=tables,
    )


def derive_dkga02_inside(
    reckon: Callable[[bytes], bytes],
    *,
    pan: MeterPan,
    supply_group: str,
    base_date: BaseDate = BaseDate.B1993,
    tariff_index: int = 1,
    key_type: KeyType = KeyType.DUTK,
    key_revision: int = 1,
    ken: int = NEVER_EXPIRES,
    tables: StaTables = IEC_SAMPLE_TABLES,
) -> DecoderKey:
    """As `derive_dkga02`, where the vending key stays inside something that reckons `dkga02_key` of 8 octets.

    Raises:
        UsageError: as `derive_dkga02`.
    """
    _check_binding(key_revision, tariff_index, supply_group)
    number = "0" * len(pan.drn) if key_type is KeyType.DCTK else pan.drn
    pan_block = int((pan.iin + number)[-16:], 16)
    control_block = int(f"{key_type:X}{supply_group}{tariff_index:02d}{key_revision:X}FFFFFF", 16)
    octets = reckon((pan_block ^ control_block).to_bytes(8, "big"))
    algorithm = EncryptionAlgorithm.EA07
    return DecoderKey(
        octets, algorithm, key_type, key_revision, tariff_index, supply_group, base_date, ken=ken, tables=tables
    )


def dkga02_key(vending_key: bytes, mixed: bytes) -> bytes:
    """The 8 octets of a decoder key: DES of the mixed block, then xored with the block and with the key (§6.5.3.4).

    Raises:
        UsageError: either is not 8 octets.
    """
    ciphered = des_encrypt(vending_key, mixed)
    return bytes(a ^ b ^ c for a, b, c in zip(ciphered, mixed, vending_key, strict=True))
