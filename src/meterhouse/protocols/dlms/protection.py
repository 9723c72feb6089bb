"""Ciphered APDUs under global and dedicated keys: glo-, ded-, general-glo and general-ded (IEC 62056-5-3 §9.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import Final

from meterhouse.crypto.gcm import TAG_LENGTH, GcmKey
from meterhouse.model import AuthenticationError, ProtocolError, ReplayError, UsageError
from meterhouse.protocols.dlms.axdr import encode_length, length_at
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.suites import suite_of

__all__ = [
    "GENERAL_CIPHERING",
    "GENERAL_DED",
    "GENERAL_GLO",
    "GENERAL_SIGNING",
    "OVERHEAD",
    "TITLE_LENGTH",
    "Channel",
    "KeyChoice",
    "Keys",
    "Manner",
    "Opened",
    "Policy",
    "Signing",
    "check_control",
    "expose",
    "is_ciphered",
    "protect",
]

TITLE_LENGTH: Final = 8
GENERAL_GLO: Final = 0xDB
GENERAL_DED: Final = 0xDC
GENERAL_CIPHERING: Final = 0xDD
GENERAL_SIGNING: Final = 0xDF
OVERHEAD: Final = 1 + TITLE_LENGTH + 1 + 5 + 5 + TAG_LENGTH
"""The most that a global or dedicated key adds to an APDU: tag, title, length, security header, tag."""

_GLO: Final = {
    0x01: 0x21,
    0x08: 0x28,
    0x0E: 0x2E,
    0xC0: 0xC8,
    0xC1: 0xC9,
    0xC2: 0xCA,
    0xC3: 0xCB,
    0xC4: 0xCC,
    0xC5: 0xCD,
    0xC7: 0xCF,
}
_DED: Final = {0x0E: 0x4E, 0xC0: 0xD0, 0xC1: 0xD1, 0xC2: 0xD2, 0xC3: 0xD3, 0xC4: 0xD4, 0xC5: 0xD5, 0xC7: 0xD7}
_OF_GLO: Final = {ciphered: plain for plain, ciphered in _GLO.items()}
_OF_DED: Final = {ciphered: plain for plain, ciphered in _DED.items()}
_GENERAL: Final = frozenset({GENERAL_GLO, GENERAL_DED, GENERAL_CIPHERING, GENERAL_SIGNING})
_CIPHERED: Final = frozenset(_OF_GLO) | frozenset(_OF_DED) | _GENERAL
_HEADER_LENGTH: Final = 5
_SHORT: Final = 0x80  # a length below this is one byte
_SUITE: Final = 0x0F
_AUTHENTICATED: Final = 0x10
_ENCRYPTED: Final = 0x20
_BOTH: Final = 0x30
_BROADCAST: Final = 0x40
_COMPRESSED: Final = 0x80


class Policy(IntFlag):
    """What protection is demanded. The lower ones are the bits of the security control byte."""

    NONE = 0
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    BOTH = 0x30
    SIGNED = 0x100
    """A digital signature of the sender, inside or outside of the ciphering."""


class Manner(Enum):
    """How a ciphered APDU is packed."""

    SERVICE = "glo"
    """A tag per service: glo-get-request and its like; ded- under a dedicated key."""
    GENERAL = "general-glo"
    """general-glo-ciphering, with the sender's system title; general-ded under a dedicated key."""
    CIPHERING = "general-ciphering"
    """general-ciphering, with a header and a word on which key it is."""


class KeyChoice(Enum):
    """Which key a general-ciphering APDU is under."""

    IDENTIFIED = "identified-key"
    """The global unicast encryption key."""
    WRAPPED = "wrapped-key"
    """A fresh key, wrapped under the master key."""
    ONE_PASS = "C(1e,1s)"  # noqa: S105 -- a scheme, not a password
    """Agreed between an ephemeral key of the sender, signed by him, and the recipient's static key."""
    STATIC = "C(0e,2s)"
    """Agreed between both static keys and the transaction id."""


class Signing(Enum):
    """Where the digital signature stands."""

    NONE = "none"
    INSIDE = "inside"
    """The plain APDU is signed, and the whole of it is ciphered."""
    OUTSIDE = "outside"
    """The ciphered APDU is signed; or the plain one, where nothing is ciphered."""


_SERVICE: Final = Manner.SERVICE  # to look up a member of an Enum is slow


@dataclass(frozen=True, slots=True)
class Keys:
    """The global unicast keys of one client and one server. Not shown when printed.

    Attributes:
        encryption: GUEK, 16 bytes; 32 in suite 2.
        authentication: GAK, as long.
        suite: 0, 1 or 2.
        master: KEK, as long, which wraps other keys; empty where none is held.
    """

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    suite: int = 0
    master: bytes = field(default=b"", repr=False)
    cipher: GcmKey = field(init=False, repr=False, compare=False)
    headers: dict[int, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse keys that are not of the suite."""
        length = suite_of(self.suite).key_length
        if len(self.encryption) != length or len(self.authentication) != length:
            raise UsageError(f"suite {self.suite} keys have {length} bytes each")
        if self.master and len(self.master) != length:
            raise UsageError(f"a suite {self.suite} master key has {length} bytes")
        object.__setattr__(self, "cipher", GcmKey(self.encryption))
        controls = (_AUTHENTICATED | self.suite, _ENCRYPTED | self.suite, _BOTH | self.suite)
        object.__setattr__(self, "headers", {each: bytes((each,)) + self.authentication for each in controls})


@dataclass(frozen=True, slots=True)
class Opened:
    """A protected APDU after all of its protection was found right.

    Attributes:
        apdu: the plain APDU.
        control: its security control byte; 0 where it was only signed.
        manner: how it was packed.
        counter: its invocation counter.
        dedicated: under the dedicated key rather than a global one.
        key: which key, in general-ciphering.
        signing: where it was signed.
        transaction: transaction id of general-ciphering or general-signing.
    """

    apdu: bytes
    control: int
    manner: Manner
    counter: int
    dedicated: bool = False
    key: KeyChoice = KeyChoice.IDENTIFIED
    signing: Signing = Signing.NONE
    transaction: bytes = b""


def is_ciphered(apdu: bytes) -> bool:
    """Whether the APDU's tag says that it is ciphered or signed, in whatever manner."""
    return bool(apdu) and apdu[0] in _CIPHERED


def check_control(control: int, suite: int, policy: int) -> None:
    """Compare what a security control byte says with what is demanded.

    Encrypted-only carries no proof of its sender, so it is taken only where the policy names it: where it is
    encryption without authentication. A policy of nothing takes authenticated APDUs, not encrypted-only ones.

    Raises:
        ApduError: another suite, compressed, under a broadcast key, or not protected at all.
        ProtocolError: less than `policy`.
    """
    if control & _COMPRESSED:
        raise ApduError("compressed APDU", why="Compression by ITU-T V.44 is not supported.")
    if control & _BROADCAST:
        raise ApduError("APDU under a broadcast key", why="The broadcast key set is not supported.")
    if control & _SUITE != suite or not control & _BOTH:
        raise ApduError(f"security control {control:02X} is not suite {suite} with a unicast key")
    demanded = policy & _BOTH
    if control & demanded != demanded:
        raise ProtocolError(f"protection {control:02X} is less than the demanded {demanded:02X}")
    if not control & _AUTHENTICATED and demanded != _ENCRYPTED:
        raise ProtocolError("encrypted without a tag", why="Only a policy that names encryption alone takes that.")


def protect(cipher: GcmKey, control: int, nonce: bytes, associated: bytes, apdu: bytes) -> bytes:
    """Ciphertext or plaintext, with its tag where it is authenticated (Green Book tables 37 and 38)."""
    kind = control & _BOTH
    if kind == _BOTH:
        return cipher.seal(nonce, apdu, associated)
    if kind == _ENCRYPTED:
        return cipher.conceal(nonce, apdu)
    return apdu + cipher.gmac(nonce, associated + apdu)


def expose(cipher: GcmKey, control: int, nonce: bytes, associated: bytes, body: bytes) -> bytes:
    """What `protect` protected.

    Raises:
        AuthenticationError: too short for a tag, or the tag is wrong.
    """
    kind = control & _BOTH
    if kind == _BOTH:
        return cipher.open(nonce, body, associated)
    if kind == _ENCRYPTED:
        return cipher.conceal(nonce, body)
    if len(body) < TAG_LENGTH:
        raise AuthenticationError("authentication failed", why="The message is shorter than its tag.")
    apdu, tag = body[:-TAG_LENGTH], body[-TAG_LENGTH:]
    cipher.verify(nonce, associated + apdu, tag)
    return apdu


class Channel:
    """Protection between two system titles under one key: seals what goes out, opens what comes in.

    Args:
        keys: the global keys; for a dedicated channel, the dedicated key with the global authentication key.
        own_title: 8 bytes; part of every nonce that we make.
        peer_title: 8 bytes; part of every nonce that the peer makes.
        counter: our invocation counter under these keys, shared by all channels that use them with `own_title`.
        seen: the invocation counters that we have believed of the peer under these keys.
        dedicated, titled: use the ded- tags; write our title into general-glo-ciphering, else the peer must know it.
    """

    __slots__ = (
        "_dedicated",
        "_floor",
        "_general",
        "_plain",
        "_tags",
        "counter",
        "keys",
        "own_title",
        "peer_title",
        "seen",
        "titled",
    )

    def __init__(
        self,
        keys: Keys,
        own_title: bytes,
        peer_title: bytes,
        counter: Counter,
        seen: SeenCounter,
        *,
        dedicated: bool = False,
        titled: bool = True,
    ) -> None:
        self.own_title = own_title
        self.meet(peer_title)
        self.keys = keys
        self.counter = counter
        self.seen = seen
        self._dedicated = dedicated
        self._tags, self._plain, self._general = (
            (_DED, _OF_DED, GENERAL_DED) if dedicated else (_GLO, _OF_GLO, GENERAL_GLO)
        )
        self.titled = titled
        self._floor = -1

    def meet(self, peer_title: bytes) -> None:
        """Note the peer's system title, where it was not known when the channel was made.

        Raises:
            UsageError: it is not one, or it is ours.
        """
        if len(self.own_title) != TITLE_LENGTH or len(peer_title) != TITLE_LENGTH:
            raise UsageError(f"a system title has {TITLE_LENGTH} bytes")
        if self.own_title == peer_title:
            raise UsageError("both sides have the same system title", why="Their nonces would collide.")
        self.peer_title = peer_title

    def seal(self, apdu: bytes, control: int = _BOTH, manner: Manner = _SERVICE) -> bytes:
        """`apdu` ciphered under the next invocation counter. A service without a tag of its own is packed as general.

        Raises:
            UsageError: no protection asked for.
            StateError: the counter is used up.
        """
        control, keys = int(control) & _BOTH, self.keys
        if not control:
            raise UsageError("a ciphered APDU is authenticated, encrypted, or both")
        control |= keys.suite
        count = self.counter.take().to_bytes(4, "big")
        text = protect(keys.cipher, control, self.own_title + count, keys.headers[control], apdu)
        length = _HEADER_LENGTH + len(text)
        tag = self._tags.get(apdu[0]) if manner is _SERVICE else None
        if tag and length < _SHORT:
            return bytes((tag, length, control)) + count + text
        title = self.own_title if self.titled else b""
        head = bytes((tag,)) if tag else bytes((self._general, len(title))) + title
        return head + encode_length(length) + bytes((control,)) + count + text

    def open(self, apdu: bytes, policy: int = _BOTH) -> Opened:
        """The plain APDU, believed only after form, policy, counter and tag were right, in this order.

        Args:
            apdu: a ciphered APDU.
            policy: the least protection that is taken. An encrypted-only APDU is taken only under `Policy.ENCRYPTED`
                itself. Its counter rises within this channel, so that it cannot be played again there; but as anybody
                could have made it, its counter is never remembered beyond.

        Raises:
            ApduError: not an APDU that is ciphered under this kind of key, in this suite.
            ProtocolError: less protection than `policy`.
            ReplayError: its counter was seen.
            AuthenticationError: another sender's title, or a wrong tag.
        """
        return Opened(*self.unseal(apdu, policy), self._dedicated)

    def unseal(self, apdu: bytes, policy: int) -> tuple[bytes, int, Manner, int]:
        """The first four parts of what `open` gives, for those who need no more; it raises what `open` raises."""
        if len(apdu) > 1 and apdu[0] in self._plain and _HEADER_LENGTH <= apdu[1] == len(apdu) - 2 < _SHORT:
            manner, outer, at = _SERVICE, apdu[0], 2
        else:
            manner, outer, at = self._unpack(apdu)
        control = apdu[at]
        keys = self.keys
        if control != _BOTH | keys.suite:  # that is enough for any policy
            check_control(control, keys.suite, int(policy))
        count = apdu[at + 1 : at + _HEADER_LENGTH]
        counter = int.from_bytes(count, "big")
        if counter <= self.seen.value:
            self.seen.check(counter)
        if counter <= self._floor:
            raise ReplayError(f"invocation counter {counter} does not rise above {self._floor}")
        nonce, associated, body = self.peer_title + count, keys.headers[control], apdu[at + _HEADER_LENGTH :]
        if control & _BOTH == _BOTH:
            plain = keys.cipher.open(nonce, body, associated)
        else:
            plain = expose(keys.cipher, control, nonce, associated, body)
        if manner is _SERVICE and (not plain or plain[0] != self._plain[outer]):
            raise ApduError("the APDU inside is not of the service that its tag says")
        if control & _AUTHENTICATED:
            # A counter without a tag could be anybody's: believing a high one would lock the true peer out.
            self.seen.believe(counter)
        else:
            self._floor = counter
        return plain, control, manner, counter

    def _unpack(self, apdu: bytes) -> tuple[Manner, int, int]:
        """How it is packed, its tag, and where its whole security header starts."""
        if not apdu:
            raise ApduError("a ciphered APDU of no bytes")
        outer, at = apdu[0], 1
        general = outer == self._general
        if not general and outer not in self._plain:
            if outer in _OF_DED or outer == GENERAL_DED:
                raise ApduError("no dedicated key was agreed in this association")
            raise ApduError(f"tag {outer:02X} is not an APDU ciphered under this key")
        if general:
            length, start = length_at(apdu, 1)
            at = start + length
            if length and apdu[start:at] != self.peer_title:
                raise AuthenticationError("authentication failed", why="The system title is another's.")
        length, at = length_at(apdu, at)
        if length != len(apdu) - at or length < _HEADER_LENGTH:
            raise ApduError(f"a ciphered APDU announces {length} bytes, {len(apdu) - at} are there")
        return (Manner.GENERAL if general else _SERVICE), outer, at

    def proof(self, challenge: bytes) -> bytes:
        """f(challenge) of HLS GMAC: control byte, invocation counter, GMAC (Green Book table 43)."""
        count = self.counter.take().to_bytes(4, "big")
        control = _AUTHENTICATED | self.keys.suite
        tag = self.keys.cipher.gmac(self.own_title + count, self.keys.headers[control] + challenge)
        return bytes((control,)) + count + tag

    def check_proof(self, proof: bytes, challenge: bytes) -> None:
        """Check the peer's f(challenge).

        Its counter may lie below that of the APDU that carries it, so only the fresh challenge guards against replay.

        Raises:
            AuthenticationError: not 17 bytes, another control byte, or a wrong GMAC.
        """
        control = _AUTHENTICATED | self.keys.suite
        if len(proof) != 5 + TAG_LENGTH or proof[0] != control:
            raise AuthenticationError("authentication failed", why="The answer to the challenge has another form.")
        nonce = self.peer_title + proof[1:5]
        self.keys.cipher.verify(nonce, self.keys.headers[control] + challenge, proof[5:])
        self.seen.believe(int.from_bytes(proof[1:5], "big"))
