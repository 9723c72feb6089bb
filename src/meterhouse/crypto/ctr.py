"""AES in CTR mode (NIST SP 800-38A §6.5): the same step enciphers and deciphers."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from meterhouse.model import UsageError

__all__ = ["ctr"]


def ctr(key: bytes, first_block: bytes, text: bytes) -> bytes:
    """`text` under the key stream that begins at `first_block`. Whoever flips a bit of one flips that bit of the other.

    Raises:
        UsageError: the key is not 16, 24 or 32 bytes, or the counter block is not 16.
    """
    if len(key) not in {16, 24, 32}:
        raise UsageError(f"an AES key has 16, 24 or 32 bytes, not {len(key)}")
    if len(first_block) != 16:
        raise UsageError(f"a counter block has 16 bytes, not {len(first_block)}")
    return Cipher(AES(key), CTR(first_block)).encryptor().update(text)
