"""What a hop signs about what it took or passed on, so that drop, delay, reorder and misrouting have a name (S0-75).

A receipt names the order by the hash of its to-be-signed bytes (anything else by the hash of all its bytes), where it
came from and went to, and when. Each carries the signer's running number and the hash of its receipt before: a hop
that takes one back, or shows two people two stories, is caught by its own signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from meterhouse.crypto import P256, KeyPair, PublicPoint, sha256, sign, verify
from meterhouse.model import Eui64, Instant, MalformedError

__all__ = ["Deed", "Receipt", "Scribe", "read_receipt", "signer_of"]

_TAG: Final = b"MHRC1"
"""Sets these signatures apart from every other use of the same key."""
_BODY: Final = Struct(">8sQB32s8s8sQ32s")
_SIGNATURE: Final = 2 * P256.size
_NOTHING: Final = bytes(32)


class Deed(IntEnum):
    """What the signer did."""

    SEALED = 1
    PASSED = 2
    TAKEN = 3
    HANDED = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True)
class Receipt:
    """One statement.

    Attributes:
        signer: who says so.
        number: of this signer's receipts, from 1, without gaps.
        deed: what it did.
        subject: 32 bytes, what it did it with.
        source: from whom it had it.
        target: for whom it is.
        at: when, by the signer's clock.
        previous: SHA-256 of the signer's receipt before; zeros for its first.
    """

    signer: Eui64
    number: int
    deed: Deed
    subject: bytes
    source: Eui64
    target: Eui64
    at: Instant
    previous: bytes

    def body(self) -> bytes:
        """What is signed, without the tag."""
        return _BODY.pack(
            self.signer.octets,
            self.number,
            self.deed,
            self.subject,
            self.source.octets,
            self.target.octets,
            self.at,
            self.previous,
        )

    @property
    def digest(self) -> bytes:
        """What the next receipt of the same signer names as its `previous`."""
        return sha256(self.body())


class Scribe:
    """Writes one signer's receipts.

    Args:
        own: the signer.
        pair: its signature key, P-256.
        number: of the last receipt written; 0 before the first.
        previous: digest of that receipt.
    """

    __slots__ = ("_own", "_pair", "number", "previous")

    def __init__(self, own: Eui64, pair: KeyPair, number: int = 0, previous: bytes = _NOTHING) -> None:
        self._own = own
        self._pair = pair
        self.number = number
        self.previous = previous

    def write(self, deed: Deed, subject: bytes, source: Eui64, target: Eui64, now: Instant) -> bytes:
        """The next receipt, signed: 105 bytes and a signature of 64."""
        receipt = Receipt(self._own, self.number + 1, deed, subject, source, target, now, self.previous)
        self.number, self.previous = receipt.number, receipt.digest
        body = receipt.body()
        return body + sign(self._pair, _TAG + body)


def signer_of(octets: bytes) -> Eui64:
    """Who says that he wrote a receipt: to look up the key by which `read_receipt` believes it or not.

    Raises:
        MalformedError: another length than a receipt has.
    """
    if len(octets) != _BODY.size + _SIGNATURE:
        raise MalformedError(f"a receipt has {_BODY.size + _SIGNATURE} bytes, not {len(octets)}")
    return Eui64(octets[:8])


def read_receipt(octets: bytes, key: PublicPoint) -> Receipt:
    """A receipt, believed.

    Args:
        octets: as `Scribe.write` gave them.
        key: the signature key of whoever should have written it; the receipt's `signer` is for the caller to compare.

    Raises:
        MalformedError: another length, or an unknown deed.
        AuthenticationError: not signed by that key.
    """
    signer_of(octets)
    body = octets[: _BODY.size]
    signer, number, deed, subject, source, target, at, previous = _BODY.unpack(body)
    if deed not in tuple(Deed):
        raise MalformedError(f"deed {deed} of a receipt is unknown")
    verify(key, _TAG + body, octets[_BODY.size :])
    return Receipt(Eui64(signer), number, Deed(deed), subject, Eui64(source), Eui64(target), Instant(at), previous)
