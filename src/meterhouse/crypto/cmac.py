"""AES-CMAC (RFC 4493, NIST SP 800-38B)."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.constant_time import bytes_eq

from meterhouse.model import UsageError

__all__ = ["CmacKey", "cmac", "cmac_verifies"]

_KEY_LENGTHS: Final = (16, 24, 32)


class CmacKey:
    """One AES key kept ready for many CMACs: its subkeys are computed once, each tag starts from a copy."""

    __slots__ = ("_ready",)

    def __init__(self, key: bytes) -> None:
        """Prepare the key.

        Raises:
            UsageError: not 16, 24 or 32 bytes.
        """
        if len(key) not in _KEY_LENGTHS:
            raise UsageError(f"an AES key has 16, 24 or 32 bytes, not {len(key)}")
        self._ready = CMAC(AES(key))

    def tag(self, message: bytes) -> bytes:
        """The full 16-byte tag. Protocols that send fewer bytes send the first ones."""
        context = self._ready.copy()
        context.update(message)
        return context.finalize()

    def verifies(self, message: bytes, tag: bytes) -> bool:
        """Whether `tag` is the first `len(tag)` bytes of the true one, compared in constant time.

        An empty tag never verifies: its sender proved nothing.
        """
        return 0 < len(tag) <= 16 and bytes_eq(self.tag(message)[: len(tag)], tag)


def cmac(key: bytes, message: bytes) -> bytes:
    """The 16-byte tag under a key that is used once, such as a derived message key.

    Raises:
        UsageError: the key is not 16, 24 or 32 bytes.
    """
    if len(key) not in _KEY_LENGTHS:
        raise UsageError(f"an AES key has 16, 24 or 32 bytes, not {len(key)}")
    context = CMAC(AES(key))
    context.update(message)
    return context.finalize()


def cmac_verifies(key: bytes, message: bytes, tag: bytes) -> bool:
    """Whether `tag` is the first `len(tag)` bytes of the tag under a key that is used once; constant time.

    Raises:
        UsageError: the key is not 16, 24 or 32 bytes.
    """
    return 0 < len(tag) <= 16 and bytes_eq(cmac(key, message)[: len(tag)], tag)
