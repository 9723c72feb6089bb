"""The bytes of general-ciphering and general-signing: header, word on the key, content (IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.protocols.dlms.axdr import encode_length
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.protection import GENERAL_CIPHERING, GENERAL_SIGNING, TITLE_LENGTH, KeyChoice
from meterhouse.protocols.dlms.requests import ApduReader

__all__ = [
    "ENVELOPE_OVERHEAD",
    "MAX_TRANSACTION",
    "CipheredEnvelope",
    "Header",
    "KeyInfo",
    "SignedEnvelope",
    "decode_ciphered",
    "decode_signed",
]

MAX_TRANSACTION: Final = 32
"""A longer transaction id is refused; ours have 8 bytes."""
ENVELOPE_OVERHEAD: Final = 480
"""The most that general-ciphering with an agreed suite 2 key and general-signing add to an APDU, with both headers."""

_IDENTIFIED: Final = 0
_WRAPPED: Final = 1
_AGREED: Final = 2
_ONE_PASS: Final = b"\x01"
_STATIC: Final = b"\x02"


def _octets(value: bytes) -> bytes:
    return encode_length(len(value)) + value


@dataclass(frozen=True, slots=True)
class Header:
    """Who writes to whom in which transaction; part of what is authenticated or signed.

    Attributes:
        transaction: transaction id, up to `MAX_TRANSACTION` bytes; the answer carries the request's.
        originator: system title of the writer.
        recipient: system title of the reader; may be empty.
        date_time: 12 bytes, or empty.
        other: other information; may be empty.
    """

    transaction: bytes
    originator: bytes
    recipient: bytes
    date_time: bytes = b""
    other: bytes = b""

    def encode(self) -> bytes:
        """The five octet strings with their lengths, as they stand in the APDU and in what is authenticated."""
        parts = (self.transaction, self.originator, self.recipient, self.date_time, self.other)
        return b"".join([_octets(part) for part in parts])


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """Which key.

    Attributes:
        choice: the way to the key.
        octets: the wrapped key; or the ephemeral public key and its signature; empty otherwise.
    """

    choice: KeyChoice
    octets: bytes = b""

    def encode(self) -> bytes:
        """The CHOICE, without the flag that it is there."""
        if self.choice is KeyChoice.IDENTIFIED:
            return bytes((_IDENTIFIED, 0))
        if self.choice is KeyChoice.WRAPPED:
            return bytes((_WRAPPED, 0)) + _octets(self.octets)
        scheme = _ONE_PASS if self.choice is KeyChoice.ONE_PASS else _STATIC
        return bytes((_AGREED,)) + _octets(scheme) + _octets(self.octets)


@dataclass(frozen=True, slots=True)
class CipheredEnvelope:
    """A general-ciphering APDU.

    Attributes:
        header: in the clear, authenticated.
        key: None where it is left to what both sides know: then the global unicast key.
        body: security control, invocation counter, text, tag.
    """

    header: Header
    key: KeyInfo | None
    body: bytes

    def encode(self) -> bytes:
        """APDU bytes."""
        info = b"\x00" if self.key is None else b"\x01" + self.key.encode()
        return bytes((GENERAL_CIPHERING,)) + self.header.encode() + info + _octets(self.body)


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """A general-signing APDU.

    Attributes:
        header: signed.
        content: signed; a plain or a ciphered APDU.
        signature: r || s.
    """

    header: Header
    content: bytes
    signature: bytes

    def signed(self) -> bytes:
        """What the signature is over: header and content with their lengths, without the tag."""
        return self.header.encode() + _octets(self.content)

    def encode(self) -> bytes:
        """APDU bytes."""
        return bytes((GENERAL_SIGNING,)) + self.signed() + _octets(self.signature)


def _header(reader: ApduReader) -> Header:
    header = Header(reader.block(), reader.block(), reader.block(), reader.block(), reader.block())
    if len(header.transaction) > MAX_TRANSACTION:
        raise ApduError(f"transaction id of {len(header.transaction)} bytes is longer than {MAX_TRANSACTION}")
    if len(header.originator) not in {0, TITLE_LENGTH} or len(header.recipient) not in {0, TITLE_LENGTH}:
        raise ApduError(f"a system title has {TITLE_LENGTH} bytes or none")
    if len(header.date_time) not in {0, 12}:
        raise ApduError("date-time has neither 12 bytes nor none")
    return header


def _key_info(reader: ApduReader) -> KeyInfo:
    choice = reader.u8("key info")
    if choice == _IDENTIFIED:
        if reader.u8("key id"):
            raise ApduError("identified key is not the global unicast key", why="The broadcast key is not supported.")
        return KeyInfo(KeyChoice.IDENTIFIED)
    if choice == _WRAPPED:
        if reader.u8("key encrypting key id"):
            raise ApduError("wrapped key is not under the master key")
        return KeyInfo(KeyChoice.WRAPPED, reader.block())
    if choice != _AGREED:
        raise ApduError(f"key info {choice} is not known")
    scheme, octets = reader.block(), reader.block()
    if scheme not in {_ONE_PASS, _STATIC}:
        raise ApduError(f"key agreement scheme {scheme.hex()} is neither C(1e,1s) nor C(0e,2s)")
    if scheme == _STATIC and octets:
        raise ApduError("C(0e,2s) carries key data, which it has not")
    return KeyInfo(KeyChoice.ONE_PASS if scheme == _ONE_PASS else KeyChoice.STATIC, octets)


def decode_ciphered(apdu: bytes) -> CipheredEnvelope:
    """The general-ciphering APDU in `apdu`; nothing of it is believed yet.

    Raises:
        ApduError: another tag, cut off, of an unknown key, or with bytes after its end.
    """
    reader = ApduReader(apdu)
    if reader.u8("tag") != GENERAL_CIPHERING:
        raise ApduError("not a general-ciphering APDU")
    header = _header(reader)
    key = _key_info(reader) if reader.present("key info") else None
    body = reader.block()
    reader.finish("general-ciphering APDU")
    return CipheredEnvelope(header, key, body)


def decode_signed(apdu: bytes) -> SignedEnvelope:
    """The general-signing APDU in `apdu`; its signature is not checked here.

    Raises:
        ApduError: another tag, cut off, empty, or with bytes after its end.
    """
    reader = ApduReader(apdu)
    if reader.u8("tag") != GENERAL_SIGNING:
        raise ApduError("not a general-signing APDU")
    envelope = SignedEnvelope(_header(reader), reader.block(), reader.block())
    reader.finish("general-signing APDU")
    if not envelope.content:
        raise ApduError("general-signing APDU has no content")
    return envelope
