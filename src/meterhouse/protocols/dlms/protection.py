"""Security suite 0: globally ciphered APDUs (IEC 62056-5-3 §9.2; Green Book tables 37 to 40)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import Final

from meterhouse.crypto.gcm import TAG_LENGTH, GcmKey
from meterhouse.model import AuthenticationError, ProtocolError, ReplayError, UsageError
from meterhouse.protocols.dlms.axdr import encode_length
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.requests import ApduReader

__all__ = ["GENERAL_GLO", "OVERHEAD", "TITLE_LENGTH", "Channel", "Keys", "Manner", "Opened", "Policy", "is_ciphered"]

TITLE_LENGTH: Final = 8
GENERAL_GLO: Final = 0xDB
OVERHEAD: Final = 1 + TITLE_LENGTH + 1 + 5 + 5 + TAG_LENGTH
"""The most that protection adds to an APDU: tag, title, length, security header, tag."""

_GLO: Final = {
    0x01: 0x21,
    0x08: 0x28,
    0x0E: 0x2E,
    0xC0: 0xC8,
    0xC1: 0xC9,
    0xC3: 0xCB,
    0xC4: 0xCC,
    0xC5: 0xCD,
    0xC7: 0xCF,
}
_PLAIN: Final = {ciphered: plain for plain, ciphered in _GLO.items()}
_AUTHENTICATED: Final = 0x10
_ENCRYPTED: Final = 0x20
_BOTH: Final = 0x30
_DEDICATED: Final = frozenset({0xD0, 0xD1, 0xD3, 0xD4, 0xD5, 0xD7, 0xDC})


class Policy(IntFlag):
    """What protection is demanded; the same bits as in the security control byte."""

    NONE = 0
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    BOTH = 0x30


class Manner(Enum):
    """How a ciphered APDU is packed."""

    SERVICE = "glo"
    """A tag per service: glo-get-request and its like."""
    GENERAL = "general-glo"
    """general-glo-ciphering, with the sender's system title."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The two global unicast keys of one client and one server. Not shown when printed.

    Attributes:
        encryption: 16 bytes (GUEK).
        authentication: 16 bytes (GAK).
    """

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    cipher: GcmKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse anything but two AES-128 keys."""
        if len(self.encryption) != 16 or len(self.authentication) != 16:
            raise UsageError("suite 0 keys have 16 bytes each")
        object.__setattr__(self, "cipher", GcmKey(self.encryption))


@dataclass(frozen=True, slots=True)
class Opened:
    """A ciphered APDU after its tag was found right.

    Attributes:
        apdu: the plain APDU.
        control: its security control byte.
        manner: how it was packed.
        counter: its invocation counter.
    """

    apdu: bytes
    control: int
    manner: Manner
    counter: int


def is_ciphered(apdu: bytes) -> bool:
    """Whether the APDU's tag says that it is ciphered, in whatever manner."""
    return bool(apdu) and (apdu[0] in _PLAIN or apdu[0] == GENERAL_GLO or apdu[0] in _DEDICATED)


class Channel:
    """Protection between two system titles: seals what goes out, opens what comes in.

    Args:
        keys: global keys.
        own_title: 8 bytes; part of every nonce that we make.
        peer_title: 8 bytes; part of every nonce that the peer makes.
        counter: our invocation counter under these keys, shared by all channels that use them with `own_title`.
        seen: highest invocation counter that we have believed of the peer.
    """

    __slots__ = ("counter", "keys", "own_title", "peer_title", "seen")

    def __init__(self, keys: Keys, own_title: bytes, peer_title: bytes, counter: Counter, seen: SeenCounter) -> None:
        if len(own_title) != TITLE_LENGTH or len(peer_title) != TITLE_LENGTH:
            raise UsageError(f"a system title has {TITLE_LENGTH} bytes")
        if own_title == peer_title:
            raise UsageError("both sides have the same system title", why="Their nonces would collide.")
        self.keys = keys
        self.own_title = own_title
        self.peer_title = peer_title
        self.counter = counter
        self.seen = seen

    def seal(self, apdu: bytes, control: int = Policy.BOTH, manner: Manner = Manner.SERVICE) -> bytes:
        """`apdu` ciphered under the next invocation counter.

        Raises:
            UsageError: no protection asked for, or no glo tag for this service.
            StateError: the counter is used up.
        """
        control = int(control) & _BOTH
        if not control:
            raise UsageError("a ciphered APDU is authenticated, encrypted, or both")
        count = self.counter.take().to_bytes(4, "big")
        body = bytes((control,)) + count + self._protect(control, self.own_title + count, apdu)
        if manner is Manner.GENERAL:
            head = bytes((GENERAL_GLO, TITLE_LENGTH)) + self.own_title
        elif apdu[0] in _GLO:
            head = bytes((_GLO[apdu[0]],))
        else:
            raise UsageError(f"service {apdu[0]:02X} has no glo tag", remedy="Use general-glo-ciphering.")
        return head + encode_length(len(body)) + body

    def _associated(self, control: int) -> bytes:
        return bytes((control,)) + self.keys.authentication

    def _protect(self, control: int, nonce: bytes, apdu: bytes) -> bytes:
        cipher = self.keys.cipher
        if control == _BOTH:
            return cipher.seal(nonce, apdu, self._associated(control))
        if control == _ENCRYPTED:
            return cipher.conceal(nonce, apdu)
        return apdu + cipher.gmac(nonce, self._associated(control) + apdu)

    def _expose(self, control: int, nonce: bytes, body: bytes) -> bytes:
        cipher = self.keys.cipher
        if control == _BOTH:
            return cipher.open(nonce, body, self._associated(control))
        if control == _ENCRYPTED:
            return cipher.conceal(nonce, body)
        if len(body) < TAG_LENGTH:
            raise AuthenticationError("authentication failed", why="The message is shorter than its tag.")
        apdu, tag = body[:-TAG_LENGTH], body[-TAG_LENGTH:]
        cipher.verify(nonce, self._associated(control) + apdu, tag)
        return apdu

    def open(self, apdu: bytes, policy: int = Policy.BOTH) -> Opened:
        """The plain APDU, believed only after form, policy, counter and tag were right, in this order.

        Args:
            apdu: a ciphered APDU.
            policy: the least protection that is taken. Encrypted-only (0x20) carries no proof of its sender: it is
                taken only where `policy` demands no authentication, its counter must lie above the highest believed
                one but does not become it, so it can be played again.

        Raises:
            ApduError: not a suite 0 globally ciphered APDU.
            ProtocolError: less protection than `policy`.
            ReplayError: its counter does not rise.
            AuthenticationError: another sender's title, or a wrong tag.
        """
        policy = int(policy)
        manner, outer, body = self._unpack(apdu)
        control = body.u8("security control")
        if control & ~_BOTH or not control:
            raise ApduError(f"security control {control:02X} is not suite 0 with a global unicast key")
        if control & policy != policy:
            raise ProtocolError(f"protection {control:02X} is less than the demanded {policy:02X}")
        count = body.take(4, "invocation counter")
        counter = int.from_bytes(count, "big")
        if counter <= self.seen.value:
            raise ReplayError(f"invocation counter {counter} does not rise above {self.seen.value}")
        plain = self._expose(control, self.peer_title + count, body.rest())
        if manner is Manner.SERVICE and plain[:1] != bytes((_PLAIN[outer],)):
            raise ApduError("the APDU inside is not of the service that its tag says")
        if control & _AUTHENTICATED:
            # A counter without a tag could be anybody's: believing a high one would lock the true peer out.
            self.seen.believe(counter)
        return Opened(plain, control, manner, counter)

    def _unpack(self, apdu: bytes) -> tuple[Manner, int, ApduReader]:
        reader = ApduReader(apdu)
        outer = reader.u8("tag")
        if outer in _DEDICATED:
            raise ApduError("dedicated keys are not supported")
        if outer != GENERAL_GLO and outer not in _PLAIN:
            raise ApduError(f"tag {outer:02X} is not a globally ciphered APDU")
        if outer == GENERAL_GLO:
            title = reader.block()
            if title and title != self.peer_title:
                raise AuthenticationError("authentication failed", why="The system title is another's.")
        body = ApduReader(reader.block())
        reader.finish("ciphered APDU")
        return (Manner.GENERAL if outer == GENERAL_GLO else Manner.SERVICE), outer, body

    def proof(self, challenge: bytes) -> bytes:
        """f(challenge) of HLS GMAC: control byte, invocation counter, GMAC (Green Book table 43)."""
        count = self.counter.take().to_bytes(4, "big")
        control = _AUTHENTICATED
        tag = self.keys.cipher.gmac(self.own_title + count, self._associated(control) + challenge)
        return bytes((control,)) + count + tag

    def check_proof(self, proof: bytes, challenge: bytes) -> None:
        """Check the peer's f(challenge).

        Its counter may lie below that of the APDU that carries it, so only the fresh challenge guards against replay.

        Raises:
            AuthenticationError: not 17 bytes, another control byte, or a wrong GMAC.
        """
        if len(proof) != 5 + TAG_LENGTH or proof[0] != _AUTHENTICATED:
            raise AuthenticationError("authentication failed", why="The answer to the challenge has another form.")
        nonce = self.peer_title + proof[1:5]
        self.keys.cipher.verify(nonce, self._associated(proof[0]) + challenge, proof[5:])
        self.seen.believe(max(self.seen.value, int.from_bytes(proof[1:5], "big")))
