"""The two elliptic curves of DLMS, and the key pairs on them (FIPS 186-5; SP 800-56A rev. 3 §5.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from meterhouse.model import MalformedError, UsageError

__all__ = ["P256", "P384", "Curve", "KeyPair", "PublicPoint"]

_UNCOMPRESSED: Final = b"\x04"
_EXTRA: Final = 8
"""Bytes beyond the order's length, so that the remainder is not biased (FIPS 186-5 A.2.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve with the hash that goes with it. Cofactor 1, so plain and cofactor Diffie-Hellman agree.

    Attributes:
        name: as NIST calls it.
        size: bytes of one coordinate, of the order, and of half a signature.
        order: of the group.
        group: for `cryptography`.
        hash: SHA-256 or SHA-384.
    """

    name: str
    size: int
    order: int
    group: ec.EllipticCurve
    hash: SHA256 | SHA384


P256: Final = Curve(
    "P-256",
    32,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ec.SECP256R1(),
    SHA256(),
)
P384: Final = Curve(
    "P-384",
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ec.SECP384R1(),
    SHA384(),
)


class PublicPoint:
    """A public key: a point that was found to lie on its curve and not at infinity.

    Args:
        curve: the curve.
        octets: x and y, `2 * curve.size` bytes, without the 04 of X9.62.

    Raises:
        MalformedError: another length, or no point of the curve.
    """

    __slots__ = ("curve", "key", "octets")

    def __init__(self, curve: Curve, octets: bytes) -> None:
        if len(octets) != 2 * curve.size:
            raise MalformedError(f"a public key on {curve.name} has {2 * curve.size} bytes, not {len(octets)}")
        try:
            # OpenSSL checks range and curve equation; the cofactor is 1, so this is full validation.
            self.key = ec.EllipticCurvePublicKey.from_encoded_point(curve.group, _UNCOMPRESSED + octets)
        except ValueError as error:
            raise MalformedError(f"a public key is not a point of {curve.name}") from error
        self.curve = curve
        self.octets = octets

    @classmethod
    def of(cls, curve: Curve, key: object) -> PublicPoint:
        """From a key of `cryptography`, such as a certificate's.

        Raises:
            MalformedError: not a key on this curve.
        """
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != curve.group.name:
            raise MalformedError(f"the public key is not on {curve.name}")
        numbers = key.public_numbers()
        return cls(curve, numbers.x.to_bytes(curve.size, "big") + numbers.y.to_bytes(curve.size, "big"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicPoint) and (self.curve.name, self.octets) == (other.curve.name, other.octets)

    def __hash__(self) -> int:
        return hash(self.octets)


class KeyPair:
    """A private key with its public point. Shows nothing of the private key when printed.

    Args:
        curve: the curve.
        private: the scalar, `curve.size` bytes, from 1 to order - 1.

    Raises:
        UsageError: another length or out of range.
    """

    __slots__ = ("curve", "key", "public")

    def __init__(self, curve: Curve, private: bytes) -> None:
        scalar = int.from_bytes(private, "big")
        if len(private) != curve.size or not 0 < scalar < curve.order:
            raise UsageError(f"a private key on {curve.name} has {curve.size} bytes and lies below the order")
        self.curve = curve
        self.key = ec.derive_private_key(scalar, curve.group)
        self.public = PublicPoint.of(curve, self.key.public_key())

    @classmethod
    def around(cls, curve: Curve, key: ec.EllipticCurvePrivateKey) -> KeyPair:
        """A pair whose private key works elsewhere, such as in a hardware module; `private` is then not to be had.

        Raises:
            MalformedError: not a key on this curve.
        """
        pair = cls.__new__(cls)
        pair.curve, pair.key, pair.public = curve, key, PublicPoint.of(curve, key.public_key())
        return pair

    @classmethod
    def generate(cls, curve: Curve, entropy: Callable[[int], bytes]) -> KeyPair:
        """A fresh pair by extra random bits (FIPS 186-5 A.2.1)."""
        drawn = int.from_bytes(entropy(curve.size + _EXTRA), "big")
        return cls(curve, (drawn % (curve.order - 1) + 1).to_bytes(curve.size, "big"))

    @property
    def private(self) -> bytes:
        """The scalar, for a key store to keep."""
        return self.key.private_numbers().private_value.to_bytes(self.curve.size, "big")
