"""ECDSA with plain signatures r || s (FIPS 186-5 §6; deterministic nonces of RFC 6979)."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from meterhouse.crypto.curves import P256, P384, KeyPair, PublicPoint
from meterhouse.model import AuthenticationError

__all__ = ["sign", "verify"]

_WRONG: Final = "authentication failed"
_ALGORITHMS: Final = {curve.name: ECDSA(curve.hash, deterministic_signing=True) for curve in (P256, P384)}


def sign(pair: KeyPair, message: bytes) -> bytes:
    """The signature of `message` under the curve's own hash; the nonce follows from key and message: no dice."""
    size = pair.curve.size
    r, s = decode_dss_signature(pair.key.sign(message, _ALGORITHMS[pair.curve.name]))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify(public: PublicPoint, message: bytes, signature: bytes) -> None:
    """Believe `message` only if r || s fits it.

    Raises:
        AuthenticationError: another length, or a wrong signature.
    """
    curve = public.curve
    size = curve.size
    if len(signature) != 2 * size:
        raise AuthenticationError(_WRONG, why=f"A signature on {curve.name} has {2 * size} bytes.")
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        public.key.verify(encode_dss_signature(r, s), message, _ALGORITHMS[curve.name])
    except InvalidSignature as error:
        raise AuthenticationError(_WRONG, why="The signature is wrong.") from error
