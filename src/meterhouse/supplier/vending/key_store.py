"""The key store port: what may be asked of the vending keys without ever holding one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["KeyName", "KeyStore"]


@dataclass(frozen=True, slots=True, order=True)
class KeyName:
    """What a vending key is called.

    Attributes:
        group: the supply group (SGC, 6 digits); for schemes without supply groups, the supplier's own word.
        revision: KRN, 1 to 9, for STS; from 1 for all others.
    """

    group: str
    revision: int

    def __str__(self) -> str:
        return f"{self.group}/{self.revision}"


class KeyStore(Protocol):
    """Where vending keys live. They never reach SQL, a log or a caller: the store reckons with them itself.

    Every method raises ConfigurationError where the key is not here or is of another kind, and KeyStoreAwayError where
    the store does not answer: then nothing has been done, and the call may be tried again.
    """

    def mac(self, name: KeyName, message: bytes) -> bytes:
        """The HMAC-SHA-256 of a message under a 20-octet key (DKGA04)."""

    def dkga02(self, name: KeyName, mixed: bytes) -> bytes:
        """The 8 octets that DKGA02 gives for a mixed block under an 8-octet key."""

    def agree(self, name: KeyName, public: bytes) -> bytes:
        """The 32-octet secret that a P-256 key shares with a public point (64 octets: x and y).

        Raises:
            UsageError: the point is not on the curve.
        """

    def expiry(self, name: KeyName) -> int:
        """The key expiry number (KEN) that came with the key, 0 to 255; 255 never expires."""

    def spend(self, name: KeyName, money5: int, currency: str = "") -> None:
        """Count one token of this value, in 10⁻⁵ of the currency unit, against the key. Never undone.

        Raises:
            KeyCapError: the key's cap of tokens or of value is reached, or is in another currency; nothing was counted.
        """
