"""Plain digests for the older DLMS handshakes. MD5 and SHA-1 stand here for old meters only."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.hashes import MD5, SHA1, Hash, HashAlgorithm

__all__ = ["md5", "sha1", "sha256"]


def _digest(algorithm: HashAlgorithm, message: bytes) -> bytes:
    state = Hash(algorithm)
    state.update(message)
    return state.finalize()


def md5(message: bytes) -> bytes:
    """16 bytes (RFC 1321). Collisions are easy; kept because HLS 3 is built on it."""
    return _digest(MD5(), message)  # noqa: S303 -- the standard's own construction


def sha1(message: bytes) -> bytes:
    """20 bytes (FIPS 180-4). Collisions are known; kept because HLS 4 is built on it."""
    return _digest(SHA1(), message)  # noqa: S303 -- the standard's own construction


def sha256(message: bytes) -> bytes:
    """32 bytes (FIPS 180-4), by the standard library: in a quarter of the time, and each order is hashed twice."""
    return hashlib.sha256(message).digest()
