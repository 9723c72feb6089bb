"""Key pairs, the peer's public keys, and the keys that both sides agree out of them (IEC 62056-5-3 §9.2.3.4.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meterhouse.crypto import Curve, KeyPair, PublicPoint, shared_secret, sign, verify
from meterhouse.model import AuthenticationError, MalformedError, UsageError
from meterhouse.protocols.dlms.axdr import encode_length
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.protection import TITLE_LENGTH
from meterhouse.protocols.dlms.suites import Suite, derived_key, suite_of

__all__ = ["Agreed", "Credentials", "Offer", "one_pass_from", "one_pass_to", "static_key"]

_FAILED: Final = "authentication failed"


@dataclass(frozen=True, slots=True)
class Credentials:
    """One side's keys for signatures and key agreement with one peer. Private keys are not shown when printed.

    Attributes:
        suite: 1 or 2; 0 where only wrapped keys are used.
        counter: our counter for agreed and wrapped keys and for transaction ids; must outlive a restart, and must
            not be the one of the global keys.
        seen: the peer's.
        entropy: random bytes, for ephemeral and wrapped keys.
        signing: our digital signature key pair.
        agreement: our static key agreement key pair.
        peer_signing: the peer's public digital signature key, from a certificate that was found good.
        peer_agreement: the peer's public key agreement key, likewise.
    """

    suite: int
    counter: Counter = field(compare=False, repr=False)
    seen: SeenCounter = field(compare=False, repr=False)
    entropy: Callable[[int], bytes] = field(compare=False, repr=False)
    signing: KeyPair | None = field(default=None, repr=False)
    agreement: KeyPair | None = field(default=None, repr=False)
    peer_signing: PublicPoint | None = None
    peer_agreement: PublicPoint | None = None

    def __post_init__(self) -> None:
        """Refuse keys that are not on the suite's curve."""
        curve = suite_of(self.suite).curve
        for key in (self.signing, self.agreement, self.peer_signing, self.peer_agreement):
            if key is not None and key.curve is not curve:
                raise UsageError(f"a key on {key.curve.name} is not of suite {self.suite}")

    @property
    def curve(self) -> Curve:
        """The suite's curve.

        Raises:
            UsageError: suite 0 has none.
        """
        curve = suite_of(self.suite).curve
        if curve is None:
            raise UsageError("suite 0 has no signatures and no key agreement")
        return curve

    def sign(self, message: bytes) -> bytes:
        """Our signature.

        Raises:
            UsageError: we have no signing key.
        """
        if self.signing is None:
            raise UsageError("there is no digital signature key pair to sign with")
        return sign(self.signing, message)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Believe that the peer signed.

        Raises:
            AuthenticationError: the signature is wrong, or the peer's public key is not known.
        """
        if self.peer_signing is None:
            raise AuthenticationError(_FAILED, why="The peer's public signature key is not known.")
        verify(self.peer_signing, message, signature)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A symmetric key and what the peer needs to derive it too.

    Attributes:
        key: for AES-GCM.
        octets: key-ciphered-data, or key data of the key_agreement method.
    """

    key: bytes = field(repr=False)
    octets: bytes


def _split(credentials: Credentials, octets: bytes) -> tuple[PublicPoint, bytes, bytes]:
    """The ephemeral public key in key data, as a point and as bytes, and the signature after it."""
    size = 2 * credentials.curve.size
    if len(octets) != 2 * size:
        raise AuthenticationError(_FAILED, why=f"An ephemeral key and its signature have {2 * size} bytes.")
    try:
        return PublicPoint(credentials.curve, octets[:size]), octets[:size], octets[size:]
    except MalformedError as error:
        raise AuthenticationError(_FAILED, why="The ephemeral public key is not on the curve.") from error


def one_pass_to(credentials: Credentials, own_title: bytes, peer_title: bytes) -> Agreed:
    """C(1e,1s) as the sender: a fresh ephemeral key with the peer's static one (SP 800-56A rev. 3 §6.2.2.2).

    Raises:
        UsageError: the peer's public agreement key or our signing key is missing.
    """
    if credentials.peer_agreement is None:
        raise UsageError("the peer's public key agreement key is not known")
    ephemeral = KeyPair.generate(credentials.curve, credentials.entropy)
    secret = shared_secret(ephemeral, credentials.peer_agreement)
    public = ephemeral.public.octets
    key = derived_key(suite_of(credentials.suite), secret, own_title, peer_title)
    return Agreed(key, public + credentials.sign(public))


def one_pass_from(credentials: Credentials, octets: bytes, peer_title: bytes, own_title: bytes) -> bytes:
    """C(1e,1s) as the receiver: the key, after the signature over the ephemeral key was found right.

    Raises:
        AuthenticationError: another length, not on the curve, a wrong signature, or no key of ours to agree with.
    """
    if credentials.agreement is None:
        raise AuthenticationError(_FAILED, why="There is no static key agreement key here.")
    point, public, signature = _split(credentials, octets)
    credentials.verify(public, signature)
    return derived_key(suite_of(credentials.suite), shared_secret(credentials.agreement, point), peer_title, own_title)


def static_key(credentials: Credentials, transaction: bytes, party_u: bytes, party_v: bytes) -> bytes:
    """C(0e,2s): out of both static keys and the transaction id (SP 800-56A rev. 3 §6.3.2).

    Args:
        credentials: ours.
        transaction: transaction id; stands for the nonce of party U, so it must not repeat.
        party_u: system title of the writer.
        party_v: system title of the reader.

    Raises:
        AuthenticationError: one of the static keys is missing.
    """
    if credentials.agreement is None or credentials.peer_agreement is None:
        raise AuthenticationError(_FAILED, why="A static key agreement key is missing.")
    secret = shared_secret(credentials.agreement, credentials.peer_agreement)
    nonce = encode_length(len(transaction)) + transaction
    return derived_key(suite_of(credentials.suite), secret, party_u + nonce, party_v)


class Offer:
    """Our half of C(2e,0s): an ephemeral key pair, used once (SP 800-56A rev. 3 §6.1.2.2; class 64 method 3).

    Args:
        credentials: with our signing key.
        key_id: what the new key is for: 0 GUEK, 1 GBEK, 2 GAK, 3 master; signed together with the public key.
    """

    __slots__ = ("_credentials", "_key_id", "_pair", "octets")

    def __init__(self, credentials: Credentials, key_id: int) -> None:
        self._credentials = credentials
        self._key_id = key_id
        self._pair: KeyPair | None = KeyPair.generate(credentials.curve, credentials.entropy)
        public = self._pair.public.octets
        self.octets = public + credentials.sign(bytes((key_id,)) + public)

    def agree(self, octets: bytes, client_title: bytes, server_title: bytes, *, wrapping: bool = False) -> bytes:
        """The key, out of the peer's half. The client is party U whoever speaks. The offer is spent.

        Raises:
            AuthenticationError: another length, not on the curve, a wrong signature, our own half sent back.
            UsageError: the offer was used before, or a title is not one.
        """
        if self._pair is None or len(client_title) != TITLE_LENGTH or len(server_title) != TITLE_LENGTH:
            raise UsageError("an offer serves once, between two system titles")
        point, public, signature = _split(self._credentials, octets)
        self._credentials.verify(bytes((self._key_id,)) + public, signature)
        if public == self._pair.public.octets:
            raise AuthenticationError(_FAILED, why="Our own ephemeral key came back.")
        secret = shared_secret(self._pair, point)
        self._pair = None
        suite: Suite = suite_of(self._credentials.suite)
        return derived_key(suite, secret, client_title, server_title, wrapping=wrapping)
