"""The key between two parties: static Diffie-Hellman on P-256, and a fresh AES key for every message out of it.

GBCS §4.3.3: key = the first 16 bytes of SHA-256(00000001 || Z || 60857406080300 || originator || 09 || kind ||
counter || target); IV = originator || 00000000; the MAC is the 12-byte GMAC.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from meterhouse.companion.sealed.envelope import Envelope
from meterhouse.crypto import P256, GcmKey, KeyPair, PublicPoint, concat_kdf, shared_secret
from meterhouse.model import AuthenticationError

__all__ = ["Agreement"]

_ALGORITHM: Final = bytes.fromhex("60857406080300")
_PURPOSE: Final = Struct(">7s8sBBQ8s")
_KEY_LENGTH: Final = 16
_INVOCATION: Final = bytes(4)


class Agreement:
    """What two parties share. The secret is agreed once; shows nothing of it when printed.

    Args:
        secret: Z, the x coordinate of the static Diffie-Hellman.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def between(cls, own: KeyPair, other: PublicPoint) -> Agreement:
        """From an own key-agreement pair and the other's public key, both on P-256.

        Raises:
            UsageError: different curves.
        """
        return cls(shared_secret(own, other))

    def mac_of(self, envelope: Envelope) -> bytes:
        """The 12-byte MAC of a message, under the key that is that message's own."""
        key, nonce = self._key_of(envelope)
        return key.gmac(nonce, envelope.authenticated())

    def verify(self, envelope: Envelope, signed: bytes = b"") -> None:
        """Compare the MAC in constant time.

        Args:
            envelope: the message.
            signed: its signed part, where the caller has it already.

        Raises:
            AuthenticationError: it is absent or wrong.
        """
        if not envelope.mac:
            raise AuthenticationError("authentication failed", why="The message carries no MAC.")
        key, nonce = self._key_of(envelope)
        key.verify(nonce, envelope.authenticated(signed), envelope.mac)

    def _key_of(self, envelope: Envelope) -> tuple[GcmKey, bytes]:
        originator = envelope.originator.octets
        purpose = _PURPOSE.pack(_ALGORITHM, originator, 9, envelope.kind, envelope.counter, envelope.target.octets)
        return GcmKey(concat_kdf(P256.hash, self._secret, purpose, _KEY_LENGTH)), originator + _INVOCATION
