"""Passes 3 and 4 of high level security: f(challenge) of mechanisms 3 to 7 (IEC 62056-5-3 §9.2.2.2.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from meterhouse.crypto import md5, sha1, sha256
from meterhouse.model import AuthenticationError, UsageError
from meterhouse.protocols.dlms.access import Mechanism
from meterhouse.protocols.dlms.credentials import Credentials
from meterhouse.protocols.dlms.protection import Channel

__all__ = ["Handshake", "challenge_length", "check_challenges"]

_GMAC, _ECDSA = Mechanism.GMAC, Mechanism.ECDSA  # to look up a member of an Enum is slow
_FAILED: Final = "authentication failed"
_OLD: Final[dict[int, Callable[[bytes], bytes]]] = {Mechanism.MD5: md5, Mechanism.SHA1: sha1}


def challenge_length(mechanism: Mechanism) -> int:
    """Bytes of a challenge that we make: 32 where the standard demands them (HLS 7), else 16; 8 to 64 are taken."""
    return 32 if mechanism is _ECDSA else 16


def check_challenges(theirs: bytes, ours: bytes) -> None:
    """Refuse a challenge that is not 8 to 64 bytes, or that is our own sent back: answering that would prove nothing.

    Raises:
        AuthenticationError: so it is.
    """
    if not 8 <= len(theirs) <= 64:
        raise AuthenticationError(_FAILED, why=f"A challenge of {len(theirs)} bytes is not 8 to 64 long.")
    if compare_digest(theirs, ours):
        raise AuthenticationError(_FAILED, why="Both challenges are equal.")


@dataclass(frozen=True, slots=True)
class Handshake:
    """One side's half of high level security.

    Attributes:
        mechanism: 3 MD5, 4 SHA-1, 5 GMAC, 6 SHA-256, 7 ECDSA.
        ours: the challenge that we sent.
        theirs: the challenge that we were sent.
        own_title: our system title; needed with 6 and 7.
        peer_title: the peer's; likewise.
        secret: shared, with 3, 4 and 6.
        channel: global keys, with 5.
        credentials: with 7.
    """

    mechanism: Mechanism
    ours: bytes
    theirs: bytes
    own_title: bytes = b""
    peer_title: bytes = b""
    secret: bytes = field(default=b"", repr=False)
    channel: Channel | None = field(default=None, repr=False)
    credentials: Credentials | None = field(default=None, repr=False)

    def proof(self) -> bytes:
        """Our f(challenge).

        Raises:
            UsageError: a key for the mechanism is missing.
        """
        if self.mechanism is _GMAC and self.channel is not None:
            return self.channel.proof(self.theirs)
        if self.mechanism is _ECDSA and self.credentials is not None:
            return self.credentials.sign(self.own_title + self.peer_title + self.theirs + self.ours)
        return self._digest(self.own_title + self.peer_title, self.theirs, self.ours)

    def check(self, proof: bytes) -> None:
        """Believe the peer only if its f(challenge) is right; compared in constant time.

        Raises:
            AuthenticationError: it is wrong.
        """
        if self.mechanism is _GMAC and self.channel is not None:
            self.channel.check_proof(proof, self.ours)
            return
        if self.mechanism is _ECDSA and self.credentials is not None:
            self.credentials.verify(self.peer_title + self.own_title + self.ours + self.theirs, proof)
            return
        if not compare_digest(proof, self._digest(self.peer_title + self.own_title, self.ours, self.theirs)):
            raise AuthenticationError(_FAILED, why="The answer to the challenge is wrong.")

    def _digest(self, titles: bytes, answered: bytes, other: bytes) -> bytes:
        if self.mechanism is Mechanism.SHA256:
            return sha256(self.secret + titles + answered + other)
        digest = _OLD.get(self.mechanism)
        if digest is None or not self.secret:
            raise UsageError(f"a key for {self.mechanism.name} is missing")
        return digest(answered + self.secret)
