"""Keys and ciphers of security modes 5 and 7 (EN 13757-7, OMS Vol. 2 profiles A and B)."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

from meterhouse.crypto.cbc import BLOCK, CbcKey
from meterhouse.crypto.cmac import CmacKey
from meterhouse.crypto.ctr import ctr
from meterhouse.model import AuthenticationError, UsageError

__all__ = ["FILLERS", "KeyUse", "MasterKey"]

FILLERS: Final = b"\x2f\x2f"
"""What every enciphered text begins with; only the right key brings it back."""

_ZERO_VECTOR: Final = bytes(BLOCK)
_PADDING: Final = b"\x07" * 7
_DERIVATION: Final = Struct("<BI4s7s")


class KeyUse(IntEnum):
    """Derivation constants: what a derived key is for, and in which direction (EN 13757-7, KDF)."""

    ENCIPHER_FROM_METER = 0x00
    AUTHENTICATE_FROM_METER = 0x01
    ENCIPHER_TO_METER = 0x10
    AUTHENTICATE_TO_METER = 0x11


class MasterKey:
    """The 16-byte key that one meter and one hub share, kept ready for use."""

    __slots__ = ("_derivation", "_key", "_static")

    def __init__(self, key: bytes) -> None:
        """Prepare the key.

        Raises:
            UsageError: not 16 bytes.
        """
        if len(key) != BLOCK:
            raise UsageError(f"a wireless M-Bus key has {BLOCK} bytes, not {len(key)}")
        self._key = key
        self._derivation = CmacKey(key)
        self._static = CbcKey(key)

    def derive(self, use: KeyUse, counter: int, identification: bytes) -> bytes:
        """The 16-byte key of one message: AES-CMAC over use, counter, the meter's identification field and padding."""
        return self._derivation.tag(_DERIVATION.pack(use, counter, identification, _PADDING))

    def stream(self, first_block: bytes, text: bytes) -> bytes:
        """AES-CTR under the master key itself, both ways (EN 13757-4, sessions of the extended link layer)."""
        return ctr(self._key, first_block, text)

    def encipher_static(self, initial_vector: bytes, text: bytes) -> bytes:
        """Mode 5: the master key itself enciphers."""
        return self._static.encrypt(initial_vector, text)

    def decipher_static(self, initial_vector: bytes, text: bytes) -> bytes:
        """Mode 5: whole blocks back to text.

        Raises:
            AuthenticationError: the text does not begin with 2F 2F: another key, or not our telegram.
        """
        return _proved(self._static.decrypt(initial_vector, text))

    def encipher_derived(self, use: KeyUse, counter: int, identification: bytes, text: bytes) -> bytes:
        """Mode 7: a key that lives for one message, so the initial vector is zero."""
        return CbcKey(self.derive(use, counter, identification)).encrypt(_ZERO_VECTOR, text)

    def decipher_derived(self, use: KeyUse, counter: int, identification: bytes, text: bytes) -> bytes:
        """Mode 7: whole blocks back to text.

        Raises:
            AuthenticationError: the text does not begin with 2F 2F.
        """
        return _proved(CbcKey(self.derive(use, counter, identification)).decrypt(_ZERO_VECTOR, text))


def _proved(text: bytes) -> bytes:
    if text[:2] != FILLERS:
        raise AuthenticationError(
            "the deciphered text does not begin with 2F2F",
            why="EN 13757-7: only the right key brings the two fillers back.",
            remedy="Check the key of this meter.",
        )
    return text
