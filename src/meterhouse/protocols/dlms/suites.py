"""The security suites, and the key that each derives out of a shared secret (IEC 62056-5-3 §9.2.3.7, annex I)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.crypto import P256, P384, Curve, concat_kdf
from meterhouse.model import UsageError

__all__ = ["SUITES", "Suite", "derived_key", "suite_of"]

_ALGORITHM: Final = bytes.fromhex("608574050803")
"""2.16.756.5.8.3: the arc of DLMS algorithm identifiers, without the last one."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What one security suite is made of.

    Attributes:
        number: as in the security control byte.
        key_length: bytes of each symmetric key.
        curve: for signatures and key agreement, with its hash; None in suite 0, which has neither.
        cipher: last arc of the AES-GCM algorithm identifier; the key wrap's is two more.
    """

    number: int
    key_length: int
    curve: Curve | None
    cipher: int


SUITES: Final = (Suite(0, 16, None, 0), Suite(1, 16, P256, 0), Suite(2, 32, P384, 1))
"""By number."""


def suite_of(number: int) -> Suite:
    """The suite of that number.

    Raises:
        UsageError: there is none.
    """
    if not 0 <= number < len(SUITES):
        raise UsageError(f"there is no security suite {number}")
    return SUITES[number]


def derived_key(suite: Suite, secret: bytes, party_u: bytes, party_v: bytes, *, wrapping: bool = False) -> bytes:
    """A symmetric key out of Z, by the concatenation KDF (NIST SP 800-56A §5.8.1).

    Args:
        suite: 1 or 2.
        secret: Z.
        party_u: originator's system title; with C(0e,2s), followed by the transaction id and its length.
        party_v: recipient's system title.
        wrapping: for a key encrypting key rather than for AES-GCM.

    Raises:
        UsageError: suite 0 derives no keys.
    """
    if suite.curve is None:
        raise UsageError("suite 0 has no key agreement")
    algorithm = _ALGORITHM + bytes((suite.cipher + (2 if wrapping else 0),))
    return concat_kdf(suite.curve.hash, secret, algorithm + party_u + party_v, suite.key_length)
