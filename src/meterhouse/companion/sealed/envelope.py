"""The envelope: DLMS general-signing, alone or inside general-ciphering, in GBCS's byte layout (GBCS §7).

::

    DD 00 00 00 00 00 00 length 11 00000000          only where a MAC closes the message
      DF 09 kind counter8 08 originator8 08 target8 00
         length code2 [supplement]  length content  00 | 40 signature64
      mac12

One message has one encoding: what re-encodes to other bytes was refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from struct import Struct
from typing import Final

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.octets import SealedReader, length_octets
from meterhouse.crypto import sha256
from meterhouse.model import Eui64, UsageError

__all__ = [
    "MAX_CONTENT",
    "SUPPLEMENT_LENGTHS",
    "Envelope",
    "Kind",
    "covered_by_signature",
    "decode_envelope",
    "signed_part_of",
]

MAX_CONTENT: Final = 8192
"""Bytes of content; GBCS messages stay below 1.5 kB but for firmware, which goes another way."""
SUPPLEMENT_LENGTHS: Final = (0, 16, 24)
"""Bytes that may follow the message code: nothing, a supplementary party with its counter, or a mandate of ours."""

_SIGNATURE: Final = 64
_SIGNATURES: Final = frozenset((0, _SIGNATURE))
_MAC: Final = 12
_MACS: Final = frozenset((0, _MAC))
_COUNTERS: Final = 1 << 64
_CODES: Final = 1 << 16
_CIPHERING: Final = bytes.fromhex("DD000000000000")
_SECURITY: Final = bytes.fromhex("1100000000")
_SHORT_HEADER: Final = len(_CIPHERING) + 1 + len(_SECURITY)
"""Bytes before the signed part, where a length of one byte stands among them."""
_SIGNING: Final = 0xDF
_TO_BE_SIGNED: Final = Struct(">BBQB8sB8sBBH")
_HEAD: Final = Struct(">2xBQx8sx8sxB")
"""DF 09, kind, counter, 08, originator, 08, target, no date-time, length of the other information."""


class Kind(IntEnum):
    """What a message is: GBCS calls it the CRA flag."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message.

    Attributes:
        kind: command, response or alert.
        counter: the originator's, 64 bits; a response echoes the command's.
        originator: who composed it.
        target: whom it is for.
        code: message code: the use case (`catalogue.toml`).
        supplement: what follows the code inside the signature: 0, 16 or 24 bytes.
        content: ZigBee components or a COSEM APDU.
        signature: r || s, 64 bytes; empty where unsigned.
        mac: 12 bytes; empty where no general-ciphering surrounds it.
    """

    kind: Kind
    counter: int
    originator: Eui64
    target: Eui64
    code: int
    content: bytes
    supplement: bytes = b""
    signature: bytes = b""
    mac: bytes = b""

    def __post_init__(self) -> None:
        """Hold what the layout can carry.

        Raises:
            UsageError: a number or length is outside its field.
        """
        if not (0 <= self.counter < _COUNTERS and 0 <= self.code < _CODES):
            raise UsageError(f"counter {self.counter} or code {self.code} is outside 64 or 16 bits")
        if len(self.content) > MAX_CONTENT or len(self.supplement) not in SUPPLEMENT_LENGTHS:
            raise UsageError(
                f"content of {len(self.content)} or supplement of {len(self.supplement)} bytes does not fit"
            )
        if len(self.signature) not in _SIGNATURES or len(self.mac) not in _MACS:
            raise UsageError(f"a signature has {_SIGNATURE} bytes or none, a MAC {_MAC} or none")

    def to_be_signed(self) -> bytes:
        """What a signature covers: everything between the tag DF and the length of the signature."""
        length = len(self.supplement) + 2
        head = _TO_BE_SIGNED.pack(
            9, self.kind, self.counter, 8, self.originator.octets, 8, self.target.octets, 0, length, self.code
        )
        return b"".join((head, self.supplement, length_octets(len(self.content)), self.content))

    @property
    def identity(self) -> bytes:
        """SHA-256 of `to_be_signed`: names the order, whatever its signature and MAC."""
        return sha256(self.to_be_signed())

    def signed_part(self) -> bytes:
        """The general-signing message, with its tag and signature: what a MAC covers."""
        return b"".join((b"\xdf", self.to_be_signed(), bytes((len(self.signature),)), self.signature))

    def authenticated(self, signed: bytes = b"") -> bytes:
        """Additional authenticated data of the MAC: security header, a zero, and the signed part (GBCS §4.3.3)."""
        return b"".join((_SECURITY, b"\x00", signed or self.signed_part()))

    def encode(self) -> bytes:
        """The message's only bytes."""
        signed = self.signed_part()
        if not self.mac:
            return signed
        length = length_octets(len(_SECURITY) + len(signed) + _MAC)
        return b"".join((_CIPHERING, length, _SECURITY, signed, self.mac))

    def with_signature(self, signature: bytes) -> Envelope:
        """The same, signed."""
        return replace(self, signature=signature)

    def with_mac(self, mac: bytes) -> Envelope:
        """The same inside general-ciphering."""
        return replace(self, mac=mac)


def signed_part_of(octets: bytes) -> bytes:
    """`Envelope.signed_part` out of the bytes of a message that `decode_envelope` has taken."""
    if octets[0] == _SIGNING:
        return octets
    length = octets[len(_CIPHERING)]
    start = _SHORT_HEADER + (0 if length < 0x80 else length & 0x7F)
    return octets[start:-_MAC]


def covered_by_signature(signed: bytes) -> bytes:
    """`Envelope.to_be_signed` out of the signed part of a message that has a signature."""
    return signed[1 : -1 - _SIGNATURE]


def decode_envelope(octets: bytes) -> Envelope:
    """The message that `octets` are. Nothing of it is believed: see `Verifier`.

    Raises:
        SealedError: cut off, too long, a field that GBCS fixes is otherwise, or not the one legal encoding.
    """
    reader = SealedReader(octets)
    mac = b""
    if octets.startswith(b"\xdd"):
        reader.expect(_CIPHERING, "general-ciphering header")
        length = reader.length("general-ciphering")
        there = reader.remaining
        if length != there or length < len(_SECURITY) + _MAC:
            raise SealedError(f"general-ciphering says {length} bytes, {there} are there")
        reader.expect(_SECURITY, "security header")
        mac = octets[-_MAC:]
    envelope = _signed_part(reader, mac)
    # This also refuses a fixed byte of the head that is otherwise, and anything after the end.
    if envelope.encode() != octets:
        raise SealedError("the message is not written in its one legal encoding")
    return envelope


def _signed_part(reader: SealedReader, mac: bytes) -> Envelope:
    kind, counter, originator, target, length = _HEAD.unpack(reader.take(_HEAD.size, "general-signing header"))
    if not Kind.COMMAND <= kind <= Kind.ALERT:
        raise SealedError(f"kind {kind} is neither command, response nor alert")
    if length - 2 not in SUPPLEMENT_LENGTHS:
        raise SealedError(f"other information of {length} bytes is none of ours")
    other = reader.take(length, "other information")
    length = reader.length("content")
    if length > MAX_CONTENT:
        raise SealedError(f"content of {length} bytes is longer than {MAX_CONTENT}")
    content = reader.take(length, "content")
    length = reader.u8("length of the signature")
    if length not in _SIGNATURES:
        raise SealedError(f"a signature of {length} bytes is none")
    signature = reader.take(length, "signature")
    code = int.from_bytes(other[:2], "big")
    return Envelope(Kind(kind), counter, Eui64(originator), Eui64(target), code, content, other[2:], signature, mac)
