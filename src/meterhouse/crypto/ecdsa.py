"""ECDSA with plain signatures r || s (FIPS 186-5 §6; deterministic nonces of RFC 6979)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from meterhouse.crypto.curves import Curve, KeyPair, PublicPoint
from meterhouse.model import AuthenticationError

__all__ = ["sign", "verify"]

_WRONG: Final = "authentication failed"


@lru_cache(maxsize=4)
def _algorithm(curve: Curve) -> ECDSA:
    return ECDSA(curve.hash, deterministic_signing=True)


def sign(pair: KeyPair, message: bytes) -> bytes:
    """The signature of `message` under the curve's own hash; the nonce follows from key and message: no dice."""
    size = pair.curve.size
    r, s = decode_dss_signature(pair.key.sign(message, _algorithm(pair.curve)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify(public: PublicPoint, message: bytes, signature: bytes) -> None:
    """Believe `message` only if r || s fits it.

    Raises:
        AuthenticationError: another length, or a wrong signature.
    """
    size = public.curve.size
    if len(signature) != 2 * size:
        raise AuthenticationError(_WRONG, why=f"A signature on {public.curve.name} has {2 * size} bytes.")
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        public.key.verify(encode_dss_signature(r, s), message, _algorithm(public.curve))
    except InvalidSignature as error:
        raise AuthenticationError(_WRONG, why="The signature is wrong.") from error
