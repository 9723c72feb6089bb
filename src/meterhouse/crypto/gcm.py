"""AES-GCM with the 96-bit tag that DLMS security suites 0 to 2 use."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meterhouse.model import AuthenticationError, UsageError

__all__ = ["NONCE_LENGTH", "TAG_LENGTH", "GcmKey"]

NONCE_LENGTH: Final = 12
TAG_LENGTH: Final = 12
_TAG_START: Final = -TAG_LENGTH
_FULL_TAG_START: Final = -16
_CUT: Final = TAG_LENGTH - 16
"""Where what AES-GCM itself gives ends for DLMS."""


class GcmKey:
    """One AES key with its expanded schedule, for GCM with a tag of 12 bytes (NIST SP 800-38D §5.2.1.2).

    The caller promises that a nonce is never used twice with one key for sealing. Holds no state but the key, and
    shows nothing of it when printed.
    """

    __slots__ = ("_encrypt",)

    def __init__(self, key: bytes) -> None:
        if len(key) not in {16, 24, 32}:
            raise UsageError(f"an AES key has 16, 24 or 32 bytes, not {len(key)}")
        self._encrypt = AESGCM(key).encrypt

    def seal(self, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        """Ciphertext and 12-byte tag of `plain`."""
        return self._encrypt(nonce, plain, associated)[:_CUT]

    def open(self, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """The plaintext of what `seal` made; returned only after the tag was compared in constant time.

        Raises:
            AuthenticationError: shorter than a tag, or the tag is wrong.
        """
        text, tag = sealed[:_TAG_START], sealed[_TAG_START:]
        if len(tag) < TAG_LENGTH:
            raise AuthenticationError("authentication failed", why="The message is shorter than its tag.")
        # The AEAD interface takes whole 16-byte tags only. GCM is its own inverse below the tag, so: run it over the
        # ciphertext, run it again over what came out, and compare the first 12 bytes of the tag.
        plain = self._encrypt(nonce, text, None)[:_FULL_TAG_START]
        again = self._encrypt(nonce, plain, associated)
        if not compare_digest(again[_FULL_TAG_START:_CUT], tag):
            raise AuthenticationError("authentication failed", why="The tag is wrong.")
        return plain

    def conceal(self, nonce: bytes, octets: bytes) -> bytes:
        """Encrypt without a tag, or decrypt that again. Gives no authenticity at all."""
        return self._encrypt(nonce, octets, None)[:_FULL_TAG_START]

    def gmac(self, nonce: bytes, associated: bytes) -> bytes:
        """The 12-byte GMAC of `associated`."""
        return self._encrypt(nonce, b"", associated)[:TAG_LENGTH]

    def whole_gmac(self, nonce: bytes, associated: bytes) -> bytes:
        """The 16-byte GMAC of `associated`, for codes that keep another part of it than DLMS does."""
        return self._encrypt(nonce, b"", associated)

    def ends_gmac(self, nonce: bytes, associated: bytes, ending: bytes) -> bool:
        """Whether the 16-byte GMAC of `associated` ends so; compared in constant time."""
        return compare_digest(self.whole_gmac(nonce, associated)[-len(ending) :], ending)

    def verify(self, nonce: bytes, associated: bytes, tag: bytes) -> None:
        """Compare a 12-byte GMAC in constant time.

        Raises:
            AuthenticationError: it is wrong.
        """
        if not compare_digest(self.gmac(nonce, associated), tag):
            raise AuthenticationError("authentication failed", why="The GMAC is wrong.")
