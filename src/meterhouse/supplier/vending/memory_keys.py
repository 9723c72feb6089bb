"""A key store in memory: for worlds and tests, and the arithmetic of the file store once it is open."""

from __future__ import annotations

from collections.abc import Mapping

from meterhouse.crypto import P256, KeyPair, PublicPoint, hmac_sha256, shared_secret
from meterhouse.model import ConfigurationError, MalformedError, UsageError
from meterhouse.protocols.sts import NEVER_EXPIRES, dkga02_key
from meterhouse.supplier.vending.key_store import KeyName

__all__ = ["AGREEMENT_KEY", "DKGA02_KEY", "DKGA04_KEY", "MemoryKeyStore"]

DKGA02_KEY = 8
"""Octets of a DKGA02 vending key."""
DKGA04_KEY = 20
"""Octets of a DKGA04 vending key."""
AGREEMENT_KEY = 32
"""Octets of a P-256 private key."""


class MemoryKeyStore:
    """A `KeyStore` of keys given at the start; it counts no uses and has no caps. Its text never shows a key.

    Args:
        keys: 20 octets (DKGA04), 8 octets (DKGA02) or a 32-octet P-256 scalar each.
        expiries: the KEN of a key; the others never expire.
    """

    __slots__ = ("_expiries", "_keys")

    def __init__(self, keys: Mapping[KeyName, bytes], expiries: Mapping[KeyName, int] | None = None) -> None:
        self._keys = dict(keys)
        self._expiries = dict(expiries or {})

    def mac(self, name: KeyName, message: bytes) -> bytes:
        """The HMAC-SHA-256 of a message."""
        return hmac_sha256(self._key(name, DKGA04_KEY), message)

    def dkga02(self, name: KeyName, mixed: bytes) -> bytes:
        """What DKGA02 gives for a mixed block."""
        return dkga02_key(self._key(name, DKGA02_KEY), mixed)

    def agree(self, name: KeyName, public: bytes) -> bytes:
        """The secret shared with a public point."""
        own = KeyPair(P256, self._key(name, AGREEMENT_KEY))
        try:
            return shared_secret(own, PublicPoint(P256, public))
        except MalformedError as error:
            raise UsageError(error.what, remedy="Read the device's certificate again.") from error

    def expiry(self, name: KeyName) -> int:
        """The KEN."""
        return self._expiries.get(name, NEVER_EXPIRES)

    def spend(self, name: KeyName, money5: int, currency: str = "") -> None:
        """Count nothing."""

    def _key(self, name: KeyName, length: int) -> bytes:
        key = self._keys.get(name)
        if key is None:
            raise ConfigurationError(
                f"no vending key of supply group {name.group}, revision {name.revision}",
                why="Tokens for its meters cannot be made without it.",
                remedy="Load the key into the key store.",
            )
        if len(key) != length:
            raise ConfigurationError(
                f"the vending key of supply group {name.group}, revision {name.revision} is of another kind",
                why=f"It has {len(key)} octets; this meter's scheme needs one of {length}.",
                remedy="Check the meter's scheme, or load the key of that scheme.",
            )
        return key

    def __repr__(self) -> str:
        return f"MemoryKeyStore({len(self._keys)} keys)"
