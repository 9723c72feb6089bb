"""HMAC-SHA-256, from which STS derives decoder keys (IEC 62055-41 §6.5.3, DKGA04)."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

__all__ = ["hmac_sha256"]


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32-octet MAC of `message` under `key` (FIPS 198-1 with SHA-256)."""
    mac = HMAC(key, SHA256())
    mac.update(message)
    return mac.finalize()
