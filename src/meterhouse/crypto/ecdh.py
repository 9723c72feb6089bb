"""Elliptic curve cofactor Diffie-Hellman (NIST SP 800-56A rev. 3 §5.7.1.2)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import ECDH

from meterhouse.crypto.curves import KeyPair, PublicPoint
from meterhouse.model import UsageError

__all__ = ["shared_secret"]


def shared_secret(own: KeyPair, other: PublicPoint) -> bytes:
    """Z: the x coordinate, as many bytes as the curve's. To be put through a key derivation, never used as a key.

    Raises:
        UsageError: the keys are on different curves.
    """
    if own.curve is not other.curve:
        raise UsageError(f"keys on {own.curve.name} and {other.curve.name} cannot agree")
    return own.key.exchange(ECDH(), other.key)
