"""All protection of one association: global and dedicated keys, general-ciphering, general-signing, their nesting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.crypto import GcmKey, unwrap_key, wrap_key
from meterhouse.model import AuthenticationError, ProtocolError, ReplayError, UsageError
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.credentials import Credentials, one_pass_from, one_pass_to, static_key
from meterhouse.protocols.dlms.envelopes import (
    ENVELOPE_OVERHEAD,
    CipheredEnvelope,
    Header,
    KeyInfo,
    SignedEnvelope,
    decode_ciphered,
    decode_signed,
)
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.protection import (
    GENERAL_CIPHERING,
    GENERAL_SIGNING,
    OVERHEAD,
    Channel,
    KeyChoice,
    Keys,
    Manner,
    Opened,
    Policy,
    Signing,
    check_control,
    expose,
    is_ciphered,
    protect,
)
from meterhouse.protocols.dlms.requests import ApduReader
from meterhouse.protocols.dlms.suites import suite_of

__all__ = ["Guard", "Wrapping"]

_SIGNING: Final = bytes((GENERAL_SIGNING,))
_FAILED: Final = "authentication failed"
_BOTH: Final = 0x30
_AUTHENTICATED: Final = 0x10
_SIGNED: Final = 0x100
_TRANSACTION_LENGTH: Final = 8
# To look up a member of an Enum is slow.
_UNSIGNED: Final = Signing.NONE
_CIPHERING: Final = Manner.CIPHERING
_IDENTIFIED: Final = KeyChoice.IDENTIFIED
_ENVELOPES: Final = frozenset({GENERAL_CIPHERING, GENERAL_SIGNING})
_DEDICATED_TAGS: Final = frozenset({0x4E, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD7, 0xDC})


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How an APDU is to be protected.

    Attributes:
        control: authenticated, encrypted, both, or nothing; the bits of `Policy`.
        manner: how it is packed.
        key: which key; in general-ciphering only.
        signing: where it is signed.
        dedicated: under the dedicated key, where one was agreed; not in general-ciphering.
        transaction: of the request that is answered; empty for a new transaction.
    """

    control: int = Policy.BOTH
    manner: Manner = Manner.SERVICE
    key: KeyChoice = KeyChoice.IDENTIFIED
    signing: Signing = Signing.NONE
    dedicated: bool = False
    transaction: bytes = b""

    @property
    def overhead(self) -> int:
        """The most that it adds to an APDU, bytes."""
        if self.manner is _CIPHERING or self.signing is not _UNSIGNED:
            return ENVELOPE_OVERHEAD
        return OVERHEAD if self.control else 0


class Guard:
    """Protects what leaves and opens what comes, between two system titles.

    Args:
        own_title: ours.
        peer_title: the peer's.
        channel: the global keys' channel; None where there are none.
        credentials: key pairs; None where there are none.

    Attributes:
        channel: as given.
        transaction: of the last APDU that began one here.
    """

    __slots__ = ("_credentials", "_dedicated", "_own", "_peer", "channel", "transaction")

    def __init__(
        self, own_title: bytes, peer_title: bytes, channel: Channel | None, credentials: Credentials | None = None
    ) -> None:
        self._own = own_title
        self._peer = peer_title
        self.channel = channel
        self._credentials = credentials
        self._dedicated: Channel | None = None
        self.transaction = b""

    def dedicate(self, key: bytes) -> None:
        """Take a dedicated key for this association, with counters of its own; its authentication key is the global.

        Raises:
            UsageError: no global keys, or the key is not of their suite.
        """
        if self.channel is None:
            raise UsageError("a dedicated key comes beside global keys")
        keys = self.channel.keys
        dedicated = Keys(key, keys.authentication, keys.suite)
        titled = self.channel.titled
        self._dedicated = Channel(
            dedicated, self._own, self._peer, Counter(), SeenCounter(), dedicated=True, titled=titled
        )

    def meet(self, title: bytes) -> None:
        """Note the peer's system title, where it was not known beforehand.

        Raises:
            UsageError: it is not one, or it is ours.
        """
        if self.channel is not None:
            self.channel.meet(title)
        self._peer = title

    @property
    def dedicated(self) -> bool:
        """Whether a dedicated key was agreed."""
        return self._dedicated is not None

    @property
    def least(self) -> int:
        """The lowest invocation counter that the global channel still takes for certain."""
        return self.channel.seen.value + 1 if self.channel is not None else 0

    # What leaves.

    def seal(self, apdu: bytes, wrapping: Wrapping) -> bytes:
        """`apdu`, protected as `wrapping` says.

        Raises:
            UsageError: a key for it is missing, or a dedicated key was asked for that is not there.
            StateError: a counter is used up.
        """
        if wrapping.signing is _UNSIGNED and wrapping.manner is not _CIPHERING:
            return self._seal(apdu, wrapping)
        header = Header(self._transaction(wrapping), self._own, self._peer)
        if wrapping.signing is Signing.INSIDE:
            apdu = self._sign(header, apdu)
        if wrapping.control & _BOTH:
            apdu = (
                self._encipher(header, apdu, wrapping)
                if wrapping.manner is Manner.CIPHERING
                else self._seal(apdu, wrapping)
            )
        return self._sign(header, apdu) if wrapping.signing is Signing.OUTSIDE else apdu

    def reply(self, apdu: bytes, opened: Opened) -> bytes:
        """`apdu`, protected in every respect like the request that it answers."""
        if opened.signing is _UNSIGNED and opened.manner is not _CIPHERING:
            channel = self._dedicated if opened.dedicated else self.channel
            if channel is not None:
                return channel.seal(apdu, opened.control, opened.manner)
        wrapping = Wrapping(
            opened.control & _BOTH, opened.manner, opened.key, opened.signing, opened.dedicated, opened.transaction
        )
        return self.seal(apdu, wrapping)

    def _seal(self, apdu: bytes, wrapping: Wrapping) -> bytes:
        channel = self._dedicated if wrapping.dedicated else self.channel
        if channel is None:
            raise UsageError("the key is missing that the APDU is to be ciphered under")
        return channel.seal(apdu, wrapping.control, wrapping.manner)

    def _transaction(self, wrapping: Wrapping) -> bytes:
        if wrapping.transaction:
            return wrapping.transaction
        counter = self._credentials.counter if self._credentials is not None else None
        if counter is None:
            if self.channel is None:
                raise UsageError("there is no counter for a transaction id")
            counter = self.channel.counter
        self.transaction = counter.take().to_bytes(_TRANSACTION_LENGTH, "big")
        return self.transaction

    def _sign(self, header: Header, apdu: bytes) -> bytes:
        if self._credentials is None:
            raise UsageError("there is no digital signature key pair to sign with")
        unsigned = SignedEnvelope(header, apdu, b"")
        return SignedEnvelope(header, apdu, self._credentials.sign(unsigned.signed())).encode()

    def _encipher(self, header: Header, apdu: bytes, wrapping: Wrapping) -> bytes:
        info, key, suite, counter = self._outgoing_key(header, wrapping.key)
        control = wrapping.control & _BOTH | suite
        count = counter.take().to_bytes(4, "big")
        text = protect(key, control, self._own + count, self._associated(control, header), apdu)
        return CipheredEnvelope(header, info, bytes((control,)) + count + text).encode()

    def _outgoing_key(self, header: Header, choice: KeyChoice) -> tuple[KeyInfo, GcmKey, int, Counter]:
        if choice is KeyChoice.IDENTIFIED:
            if self.channel is None:
                raise UsageError("there is no global key")
            return KeyInfo(choice), self.channel.keys.cipher, self.channel.keys.suite, self.channel.counter
        credentials = self._credentials
        if credentials is None:
            raise UsageError(f"{choice.value} needs credentials")
        octets = b""
        if choice is KeyChoice.WRAPPED:
            key = credentials.entropy(suite_of(credentials.suite).key_length)
            octets = wrap_key(self._master(), key)
        elif choice is KeyChoice.ONE_PASS:
            agreed = one_pass_to(credentials, header.originator, header.recipient)
            key, octets = agreed.key, agreed.octets
        else:
            key = static_key(credentials, header.transaction, header.originator, header.recipient)
        return KeyInfo(choice, octets), GcmKey(key), credentials.suite, credentials.counter

    def _master(self) -> bytes:
        master = self.channel.keys.master if self.channel is not None else b""
        if not master:
            raise UsageError("there is no master key to wrap with")
        return master

    def _associated(self, control: int, header: Header) -> bytes:
        authentication = self.channel.keys.authentication if self.channel is not None else b""
        return bytes((control,)) + authentication + header.encode()

    # What comes in.

    def reveal(self, apdu: bytes, policy: int, transaction: bytes = b"") -> bytes:
        """The APDU alone of what `open` gives; it raises what `open` raises."""
        if policy & _SIGNED or apdu[0] in _ENVELOPES:
            return self.open(apdu, policy, transaction).apdu
        channel = self.channel
        if channel is None or self._dedicated is not None:
            channel = self._channel_of(apdu[0])
        plain, control, manner, counter = channel.unseal(apdu, policy)
        if not is_ciphered(plain):
            return plain
        opened = Opened(plain, control, manner, counter, channel is self._dedicated)
        return self._inside(opened, policy, transaction).apdu

    def open(self, apdu: bytes, policy: int, transaction: bytes = b"") -> Opened:
        """The plain APDU, after all of its protection was found right and enough.

        Args:
            apdu: a ciphered or signed APDU.
            policy: the least protection that is taken.
            transaction: what its transaction id must be, where it has one and it answers something; empty: any.

        Raises:
            ApduError: it does not decode, or is under a key of another kind.
            ProtocolError: less protection than `policy`, or nested as the standard does not.
            ReplayError: its counter, or the transaction id that stands for it, was seen.
            AuthenticationError: a wrong tag, signature, title or transaction.
        """
        policy = int(policy)
        if apdu[0] == GENERAL_SIGNING:
            opened = self._open_signed(apdu, policy, transaction)
        else:
            opened = self._decipher(apdu, policy, transaction)
        return self._inside(opened, policy, transaction)

    def _inside(self, opened: Opened, policy: int, transaction: bytes) -> Opened:
        """What was under the outermost protection, with a signature inside of the ciphering verified."""
        if opened.signing is _UNSIGNED and opened.apdu.startswith(_SIGNING):
            header, content = self._verified(opened.apdu, opened.transaction or transaction)
            opened = _signed(opened, content, Signing.INSIDE, header.transaction)
        if is_ciphered(opened.apdu):
            raise ProtocolError("protection inside of protection, beyond one signature and one ciphering")
        if policy & _SIGNED and opened.signing is _UNSIGNED:
            raise ProtocolError("the APDU is not signed, and a signature is demanded")
        if not transaction and not self._can_answer(opened):
            raise ProtocolError("there are no keys here to answer that in kind")
        return opened

    def _can_answer(self, opened: Opened) -> bool:
        if opened.signing is _UNSIGNED and opened.key is _IDENTIFIED:
            return True
        pairs = self._credentials
        if opened.signing is not Signing.NONE or opened.key is KeyChoice.ONE_PASS:
            if pairs is None or pairs.signing is None:
                return False
            return opened.key is not KeyChoice.ONE_PASS or pairs.peer_agreement is not None
        return True

    def _decipher(self, apdu: bytes, policy: int, transaction: bytes) -> Opened:
        tag = apdu[0]
        if tag == GENERAL_CIPHERING:
            return self._open_envelope(apdu, policy, transaction)
        return self._channel_of(tag).open(apdu, policy)

    def _channel_of(self, tag: int) -> Channel:
        channel = self._dedicated if tag in _DEDICATED_TAGS and self._dedicated is not None else self.channel
        if channel is None:
            raise ProtocolError("a ciphered APDU in an association without keys")
        return channel

    def _open_signed(self, apdu: bytes, policy: int, transaction: bytes) -> Opened:
        header, content = self._verified(apdu, transaction)
        if is_ciphered(content) and content[0] != GENERAL_SIGNING:
            inner = self._decipher(content, policy, header.transaction)
            return _signed(inner, inner.apdu, Signing.OUTSIDE, header.transaction)
        if policy & _BOTH:
            raise ProtocolError("the APDU is only signed, and ciphering is demanded")
        counter = int.from_bytes(header.transaction, "big")
        if not transaction and self._credentials is not None:
            # With no ciphering there is no invocation counter: a request's own transaction id must rise instead.
            self._credentials.seen.check(counter)
            self._credentials.seen.believe(counter)
        return Opened(content, 0, Manner.SERVICE, counter, signing=Signing.OUTSIDE, transaction=header.transaction)

    def _verified(self, apdu: bytes, transaction: bytes) -> tuple[Header, bytes]:
        envelope = decode_signed(apdu)
        if self._credentials is None:
            raise ProtocolError("a signed APDU in an association without key pairs")
        self._check_header(envelope.header, transaction)
        if not 0 < len(envelope.header.transaction) <= _TRANSACTION_LENGTH:
            raise ReplayError(f"a signature without a transaction id of 1 to {_TRANSACTION_LENGTH} bytes")
        self._credentials.verify(envelope.signed(), envelope.signature)
        return envelope.header, envelope.content

    def _check_header(self, header: Header, transaction: bytes) -> None:
        if header.originator != self._peer or header.recipient not in {b"", self._own}:
            raise AuthenticationError(_FAILED, why="The header names another sender or another recipient.")
        if transaction and header.transaction != transaction:
            raise AuthenticationError(_FAILED, why="The transaction id is another's.")

    def _open_envelope(self, apdu: bytes, policy: int, transaction: bytes) -> Opened:
        envelope = decode_ciphered(apdu)
        header = envelope.header
        info = envelope.key or KeyInfo(KeyChoice.IDENTIFIED)
        self._check_header(header, transaction)
        body = ApduReader(envelope.body)
        control = body.u8("security control")
        check_control(control, self._suite(info), policy)
        if not control & _AUTHENTICATED:
            raise ProtocolError("general-ciphering without a tag is never taken")
        count = body.take(4, "invocation counter")
        counter = int.from_bytes(count, "big")
        seen = self._seen(info)
        seen.check(counter)
        key = self._incoming_key(header, info)
        nonce = self._peer + count
        plain = expose(key, control, nonce, self._associated(control, header), body.rest())
        seen.believe(counter)
        return Opened(plain, control, Manner.CIPHERING, counter, key=info.choice, transaction=header.transaction)

    def _suite(self, info: KeyInfo) -> int:
        if info.choice is KeyChoice.IDENTIFIED:
            if self.channel is None:
                raise ProtocolError("an APDU under the global key in an association without global keys")
            return self.channel.keys.suite
        if self._credentials is None:
            raise ProtocolError(f"an APDU under {info.choice.value} in an association without credentials")
        return self._credentials.suite

    def _seen(self, info: KeyInfo) -> SeenCounter:
        if info.choice is KeyChoice.IDENTIFIED and self.channel is not None:
            return self.channel.seen
        assert self._credentials is not None
        return self._credentials.seen

    def _incoming_key(self, header: Header, info: KeyInfo) -> GcmKey:
        if info.choice is KeyChoice.IDENTIFIED and self.channel is not None:
            return self.channel.keys.cipher
        credentials = self._credentials
        assert credentials is not None
        if info.choice is KeyChoice.WRAPPED:
            if self.channel is None or not self.channel.keys.master:
                raise AuthenticationError(_FAILED, why="There is no master key here.")
            key = unwrap_key(self.channel.keys.master, info.octets)
        elif suite_of(credentials.suite).curve is None:
            raise ApduError("suite 0 has no key agreement")
        elif info.choice is KeyChoice.ONE_PASS:
            key = one_pass_from(credentials, info.octets, self._peer, self._own)
        else:
            key = static_key(credentials, header.transaction, self._peer, self._own)
        if len(key) != suite_of(credentials.suite).key_length:
            raise AuthenticationError(_FAILED, why="The wrapped key has another length.")
        return GcmKey(key)


def _signed(opened: Opened, content: bytes, signing: Signing, transaction: bytes) -> Opened:
    return Opened(
        content, opened.control, opened.manner, opened.counter, opened.dedicated, opened.key, signing, transaction
    )
