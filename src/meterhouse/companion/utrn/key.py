"""The MAC in a code: 4 bytes of a GMAC under a key that supplier and device agree on, anew for each counter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterhouse.crypto import P256, GcmKey, concat_kdf
from meterhouse.model import Eui64, UsageError

__all__ = ["UtrnKey"]

_ALGORITHM: Final = bytes.fromhex("60857406080300")
"""AES-GCM-128 in DLMS's numbering, which the key derivation binds in."""
_TRANSACTION: Final = b"\x09\x01"
_ASSOCIATED: Final = bytes.fromhex("110000000000")
_MAC_LENGTH: Final = 4
_SECRET_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class UtrnKey:
    """What the two ends of a code share. Never printed.

    Attributes:
        secret: the P-256 secret Z of the supplier's prepayment key and the device's key, 32 octets.
        originator: the supplier.
        target: the device that takes the code.

    Raises:
        UsageError: the secret has another length.
    """

    secret: bytes = field(repr=False)
    originator: Eui64
    target: Eui64

    def __post_init__(self) -> None:
        """Refuse what is no shared secret."""
        if len(self.secret) != _SECRET_LENGTH:
            raise UsageError(f"a shared secret on P-256 has {_SECRET_LENGTH} octets, not {len(self.secret)}")

    def mac(self, counter: int, upper: bytes) -> bytes:
        """The 4 octets for a counter and the upper half of a code's 64 bits."""
        cipher, nonce, associated = self._parts(counter, upper)
        return cipher.whole_gmac(nonce, associated)[-_MAC_LENGTH:]

    def verifies(self, counter: int, upper: bytes, mac: bytes) -> bool:
        """Whether a MAC is right; compared in constant time."""
        cipher, nonce, associated = self._parts(counter, upper)
        return cipher.ends_gmac(nonce, associated, mac)

    def _parts(self, counter: int, upper: bytes) -> tuple[GcmKey, bytes, bytes]:
        told = (counter << 32).to_bytes(8, "big")
        origin, target = self.originator.octets, self.target.octets
        key = concat_kdf(P256.hash, self.secret, _ALGORITHM + origin + _TRANSACTION + told + target, 16)
        return GcmKey(key), origin + bytes(4), _ASSOCIATED + origin + target + b"\x01" + told + upper
