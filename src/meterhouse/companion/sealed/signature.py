"""Signatures with the smaller of the two s that both verify, so that a message cannot be written in two ways."""

from __future__ import annotations

from meterhouse.companion.sealed.envelope import Envelope
from meterhouse.crypto import P256, KeyPair, sign

__all__ = ["is_low", "signed"]

_SIZE = P256.size
_HALF = P256.order // 2


def is_low(signature: bytes) -> bool:
    """Whether s is at most half the order of P-256."""
    return int.from_bytes(signature[_SIZE:], "big") <= _HALF


def signed(envelope: Envelope, pair: KeyPair) -> Envelope:
    """The message with ECDSA over `to_be_signed` (P-256, SHA-256, deterministic), its s low."""
    signature = sign(pair, envelope.to_be_signed())
    if not is_low(signature):
        s = P256.order - int.from_bytes(signature[_SIZE:], "big")
        signature = signature[:_SIZE] + s.to_bytes(_SIZE, "big")
    return envelope.with_signature(signature)
