"""AES key wrap (RFC 3394, NIST SP 800-38F §6.2)."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import keywrap

from meterhouse.model import AuthenticationError, UsageError

__all__ = ["WRAP_OVERHEAD", "unwrap_key", "wrap_key"]

WRAP_OVERHEAD: Final = 8
"""Bytes that wrapping adds."""


def wrap_key(wrapping: bytes, key: bytes) -> bytes:
    """`key` under `wrapping`, 8 bytes longer.

    Raises:
        UsageError: no AES key to wrap with, or `key` is not at least 16 bytes in steps of 8.
    """
    if len(wrapping) not in {16, 24, 32} or len(key) < 16 or len(key) % 8:
        raise UsageError("key wrap takes an AES key and a key of 16 bytes or more in steps of 8")
    return keywrap.aes_key_wrap(wrapping, key)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """The key inside.

    Raises:
        UsageError: no AES key to unwrap with.
        AuthenticationError: another form, or the integrity value is wrong.
    """
    if len(wrapping) not in {16, 24, 32}:
        raise UsageError("key wrap takes an AES key")
    if len(wrapped) < 24 or len(wrapped) % 8:
        raise AuthenticationError("authentication failed", why="The wrapped key has another form.")
    try:
        return keywrap.aes_key_unwrap(wrapping, wrapped)
    except keywrap.InvalidUnwrap as error:
        raise AuthenticationError("authentication failed", why="The wrapped key is wrong.") from error
