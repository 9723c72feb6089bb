"""An officer's signed word that a brake be released: of one brake, for one trip of it, and so good only once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterhouse.companion.brake import Brake
from meterhouse.crypto import KeyPair, PublicPoint, sign, verify
from meterhouse.model import AuthenticationError, PolicyError

__all__ = ["release_by", "sign_release"]

_TAG: Final = b"MHBR1"
"""Sets these signatures apart from every other use of the same key."""


def sign_release(pair: KeyPair, brake: str, trip: int) -> bytes:
    """An officer's word for the `trip`-th trip of a brake, counted from 1: a signature of 64 bytes."""
    return sign(pair, _words(brake, trip))


def release_by(brake: Brake, officer: str, word: bytes, officers: Mapping[str, PublicPoint]) -> bool:
    """Take one officer's word.

    Args:
        brake: which has tripped.
        officer: who says so.
        word: the signature.
        officers: the officers' keys.

    Returns:
        Whether the brake is open now; False: one more officer's word is needed.

    Raises:
        PolicyError: not an officer.
        AuthenticationError: not signed by that officer for this trip of this brake.
        StateError: the brake has not tripped.
    """
    key = officers.get(officer)
    if key is None or officer not in brake.officers:
        raise PolicyError(f"'{officer}' is not an officer of brake '{brake.name}'")
    try:
        verify(key, _words(brake.name, brake.trips), word)
    except AuthenticationError as error:
        why = f"It is not signed by {officer} for trip {brake.trips} of brake '{brake.name}'."
        raise AuthenticationError("the release is not believed", why=why) from error
    return brake.release(officer)


def _words(brake: str, trip: int) -> bytes:
    return _TAG + trip.to_bytes(8, "big") + brake.encode()
