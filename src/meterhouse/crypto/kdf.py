"""Keys out of secrets: HMAC-SHA-256 for STS (IEC 62055-41 §6.5.3, DKGA04), the concatenation KDF for DLMS."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

__all__ = ["concat_kdf", "hmac_sha256"]


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32-octet MAC of `message` under `key` (FIPS 198-1 with SHA-256)."""
    mac = HMAC(key, SHA256())
    mac.update(message)
    return mac.finalize()


def concat_kdf(digest: HashAlgorithm, secret: bytes, other_info: bytes, length: int) -> bytes:
    """`length` bytes out of a shared secret and what it is for (NIST SP 800-56A §5.8.1, SP 800-56C §4.1 option 1)."""
    return ConcatKDFHash(digest, length, other_info).derive(secret)
