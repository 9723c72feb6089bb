"""Single DES on one block, only because STS's DKGA02 is built on it (IEC 62055-41 §6.5.2)."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB

from meterhouse.model import UsageError

__all__ = ["des_encrypt"]

_LENGTH: Final = 8


def des_encrypt(key: bytes, block: bytes) -> bytes:
    """One block under single DES, reckoned as triple DES with three equal keys. Parity bits are ignored.

    Raises:
        UsageError: key or block is not 8 octets.
    """
    if len(key) != _LENGTH or len(block) != _LENGTH:
        raise UsageError(f"DES takes 8 octets of key and of block, not {len(key)} and {len(block)}")
    encryptor = Cipher(TripleDES(key * 3), ECB()).encryptor()  # noqa: S305  one block; the standard's own construction
    return encryptor.update(block) + encryptor.finalize()
