"""AES in CBC mode (NIST SP 800-38A §6.2), whole blocks, no padding of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from meterhouse.model import UsageError

__all__ = ["BLOCK", "CbcKey"]

BLOCK: Final = 16
"""Bytes of one AES block."""


class CbcKey:
    """One AES key kept ready for CBC. Gives secrecy only: never proof of who wrote the text."""

    __slots__ = ("_algorithm",)

    def __init__(self, key: bytes) -> None:
        """Prepare the key.

        Raises:
            UsageError: not 16, 24 or 32 bytes.
        """
        if len(key) not in {16, 24, 32}:
            raise UsageError(f"an AES key has 16, 24 or 32 bytes, not {len(key)}")
        self._algorithm = AES(key)

    def encrypt(self, initial_vector: bytes, text: bytes) -> bytes:
        """Cipher text as long as `text`.

        Raises:
            UsageError: `text` is not whole blocks, or the initial vector is not one block.
        """
        _check(initial_vector, text)
        return Cipher(self._algorithm, _mode(initial_vector)).encryptor().update(text)

    def decrypt(self, initial_vector: bytes, text: bytes) -> bytes:
        """Plain text as long as `text`. Any text decrypts to something: check it.

        Raises:
            UsageError: `text` is not whole blocks, or the initial vector is not one block.
        """
        _check(initial_vector, text)
        return Cipher(self._algorithm, _mode(initial_vector)).decryptor().update(text)


@lru_cache(maxsize=64)
def _mode(initial_vector: bytes) -> CBC:
    """Protocols with a key for each message all use the same vector: it is checked once."""
    return CBC(initial_vector)


def _check(initial_vector: bytes, text: bytes) -> None:
    if len(initial_vector) != BLOCK:
        raise UsageError(f"an initial vector has {BLOCK} bytes, not {len(initial_vector)}")
    if len(text) % BLOCK:
        raise UsageError(f"CBC works on whole blocks of {BLOCK} bytes, not on {len(text)} bytes")
