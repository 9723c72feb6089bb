"""ACSE: opening and closing an association (IEC 62056-5-3 §9.4; BER with one-byte tags)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from meterhouse.protocols.dlms.axdr import encode_length, length_at
from meterhouse.protocols.dlms.errors import ApduError

__all__ = [
    "AARE",
    "AARQ",
    "CONTEXT_CIPHERED",
    "CONTEXT_PLAIN",
    "RLRE",
    "RLRQ",
    "Aare",
    "Aarq",
    "Release",
    "decode_aare",
    "decode_aarq",
    "decode_release",
    "encode_aare",
    "encode_aarq",
    "encode_release",
]

AARQ: Final = 0x60
AARE: Final = 0x61
RLRQ: Final = 0x62
RLRE: Final = 0x63
CONTEXT_PLAIN: Final = 1
CONTEXT_CIPHERED: Final = 3
_CONTEXT: Final = bytes.fromhex("608574050801")
_CONTEXT_NAME: Final = bytes((0x06, 7)) + _CONTEXT
_MECHANISM: Final = bytes.fromhex("608574050802")
_UNKNOWN_NAME: Final = 0
_LONG: Final = 0x80
"""From here on a length is more than one byte."""
_SHORT: Final = 64
_SHORT_RELEASE: Final = 32
"""Below this an APDU holds nothing ciphered or random: it comes again and again."""
_AUTHENTICATION_UNIT: Final = bytes.fromhex("0780")


@dataclass(frozen=True, slots=True)
class Aarq:
    """Association request.

    Attributes:
        context: application context: 1 logical names, 3 logical names with ciphering; 0 a name we don't know.
        mechanism: authentication mechanism id: 0 none, 1 LLS, 5 HLS GMAC; 255 a name we don't know.
        title: calling AP title (system title), or empty.
        secret: LLS secret or HLS challenge CtoS, or empty.
        user_information: the InitiateRequest, plain or globally ciphered.
    """

    context: int
    mechanism: int
    title: bytes
    secret: bytes
    user_information: bytes


@dataclass(frozen=True, slots=True)
class Aare:
    """Association response.

    Attributes:
        context: as in the request.
        result: 0 accepted, 1 rejected-permanent, 2 rejected-transient.
        source: 1 the diagnostic is the service user's, 2 the service provider's.
        diagnostic: 0 null, 14 authentication-required (HLS goes on), 13 authentication-failure, ...
        mechanism: as in the request; 0 absent.
        title: responding AP title (system title), or empty.
        challenge: HLS challenge StoC, or empty.
        user_information: InitiateResponse or confirmed-service-error, plain or globally ciphered; may be empty.
    """

    context: int
    result: int
    source: int
    diagnostic: int
    mechanism: int = 0
    title: bytes = b""
    challenge: bytes = b""
    user_information: bytes = b""


@dataclass(frozen=True, slots=True)
class Release:
    """Release request or response.

    Attributes:
        response: RLRE rather than RLRQ.
        reason: 0 normal, 1 urgent or not finished, 30 user defined; None absent.
        user_information: an Initiate APDU, globally ciphered in a ciphered association; may be empty.
    """

    response: bool
    reason: int | None = 0
    user_information: bytes = b""


def _field(tag: int, value: bytes) -> bytes:
    size = len(value)
    return (bytes((tag, size)) if size < _LONG else bytes((tag,)) + encode_length(size)) + value


def _wrapped(tag: int, inner: int, value: bytes) -> bytes:
    """A field that holds one tagged value."""
    size = len(value)
    return bytes((tag, size + 2, inner, size)) + value if size < 0x7E else _field(tag, _field(inner, value))


def _fields(apdu: bytes, tag: int) -> dict[int, bytes]:
    if not apdu or apdu[0] != tag:
        raise ApduError(f"not an ACSE APDU with tag {tag:02X}")
    body = _value(apdu, tag, "ACSE APDU")
    fields: dict[int, bytes] = {}
    at, end = 0, len(body)
    while at < end:
        kind, start = body[at], at + 2
        length = body[at + 1] if start <= end else _LONG
        if length >= _LONG:
            length, start = length_at(body, at + 1)
        at = start + length
        if at > end or kind in fields:
            raise ApduError(f"ACSE field {kind:02X} is cut off or there twice")
        fields[kind] = body[start:at]
    return fields


def _value(octets: bytes, tag: int, what: str) -> bytes:
    """The content of the one tagged value that fills `octets`."""
    if len(octets) > 1 and octets[0] == tag and octets[1] == len(octets) - 2 < _LONG:
        return octets[2:]
    if not octets or octets[0] != tag:
        raise ApduError(f"{what} does not start with tag {tag:02X}")
    length, at = length_at(octets, 1)
    if at + length != len(octets):
        raise ApduError(f"{what} announces {length} bytes, {len(octets) - at} are there")
    return octets[at:]


def _inner(fields: dict[int, bytes], kind: int, tag: int, what: str) -> bytes:
    return _value(fields[kind], tag, what) if kind in fields else b""


def _small(octets: bytes, tag: int, what: str) -> int:
    value = _value(octets, tag, what)
    if len(value) != 1:
        raise ApduError(f"{what} is not one byte")
    return value[0]


def _context(fields: dict[int, bytes]) -> int:
    if 0xA1 not in fields:
        raise ApduError("application context name is missing")
    if fields[0xA1][:-1] == _CONTEXT_NAME:
        return fields[0xA1][-1]
    name = _value(fields[0xA1], 0x06, "application context name")
    return name[-1] if len(name) == 7 and name[:-1] == _CONTEXT else _UNKNOWN_NAME


def _mechanism(fields: dict[int, bytes], kind: int) -> int:
    name = fields.get(kind)
    if name is None:
        return 0
    return name[-1] if len(name) == 7 and name[:-1] == _MECHANISM else 255


def _name(context: int) -> bytes:
    return _wrapped(0xA1, 0x06, _CONTEXT + bytes((context,)))


def _means(mechanism: int, kinds: tuple[int, int]) -> bytes:
    if not mechanism:
        return b""
    requirements, name = kinds
    return _field(requirements, _AUTHENTICATION_UNIT) + _field(name, _MECHANISM + bytes((mechanism,)))


def _secret(value: int, mechanism: int, secret: bytes) -> bytes:
    return _wrapped(value, 0x80, secret) if mechanism and secret else b""


@lru_cache(maxsize=256)
def _caller(context: int, title: bytes, mechanism: int) -> bytes:
    """The fields of an AARQ that are the same in all of a client's associations."""
    titled = _wrapped(0xA6, 0x04, title) if title else b""
    return _name(context) + titled + _means(mechanism, (0x8A, 0x8B))


def encode_aarq(request: Aarq) -> bytes:
    """AARQ bytes."""
    body = _caller(request.context, request.title, request.mechanism)
    body += _secret(0xAC, request.mechanism, request.secret)
    return _field(AARQ, body + _wrapped(0xBE, 0x04, request.user_information))


def decode_aarq(apdu: bytes) -> Aarq:
    """The request in `apdu`; fields that DLMS does not use are passed over.

    Raises:
        ApduError: not an AARQ, cut off, a field twice, or without context name or user information.
    """
    fields = _fields(apdu, AARQ)
    if 0xBE not in fields:
        raise ApduError("AARQ has no user information")
    return Aarq(
        context=_context(fields),
        mechanism=_mechanism(fields, 0x8B),
        title=_inner(fields, 0xA6, 0x04, "calling AP title"),
        secret=_inner(fields, 0xAC, 0x80, "authentication value"),
        user_information=_inner(fields, 0xBE, 0x04, "user information"),
    )


def encode_aare(response: Aare) -> bytes:
    """AARE bytes."""
    body = _name(response.context) + _wrapped(0xA2, 0x02, bytes((response.result,)))
    body += _field(0xA3, _field(0xA0 | response.source, _field(0x02, bytes((response.diagnostic,)))))
    if response.title:
        body += _wrapped(0xA4, 0x04, response.title)
    body += _means(response.mechanism, (0x88, 0x89)) + _secret(0xAA, response.mechanism, response.challenge)
    if response.user_information:
        body += _wrapped(0xBE, 0x04, response.user_information)
    return _field(AARE, body)


def decode_aare(apdu: bytes) -> Aare:
    """The response in `apdu`.

    Raises:
        ApduError: not an AARE, cut off, a field twice, or without context name, result or diagnostic.
    """
    return _known_aare(apdu) if len(apdu) <= _SHORT else _decode_aare(apdu)


def _diagnostic(octets: bytes) -> tuple[int, int]:
    source = octets[0] - 0xA0 if octets else 0
    if source not in {1, 2}:
        raise ApduError("AARE diagnostic has no known source")
    return source, _small(_value(octets, 0xA0 | source, "AARE diagnostic"), 0x02, "AARE diagnostic")


_DIAGNOSTICS: Final = {bytes((0xA0 | source, 3, 2, 1, code)): (source, code) for source in (1, 2) for code in range(15)}
"""All of them as nearly all servers write them; other ways to write a length are read as they come."""


def _decode_aare(apdu: bytes) -> Aare:
    fields = _fields(apdu, AARE)
    if 0xA2 not in fields or 0xA3 not in fields:
        raise ApduError("AARE has no result or no diagnostic")
    source, diagnostic = _DIAGNOSTICS.get(fields[0xA3]) or _diagnostic(fields[0xA3])
    return Aare(
        context=_context(fields),
        result=_small(fields[0xA2], 0x02, "AARE result"),
        source=source,
        diagnostic=diagnostic,
        mechanism=_mechanism(fields, 0x89),
        title=_inner(fields, 0xA4, 0x04, "responding AP title"),
        challenge=_inner(fields, 0xAA, 0x80, "authentication value"),
        user_information=_inner(fields, 0xBE, 0x04, "user information"),
    )


_known_aare = lru_cache(maxsize=256)(_decode_aare)
"""Without a challenge a server answers every association alike, and so do all servers of one make."""


def encode_release(release: Release) -> bytes:
    """RLRQ or RLRE bytes."""
    body = b"" if release.reason is None else _field(0x80, bytes((release.reason,)))
    if release.user_information:
        body += _wrapped(0xBE, 0x04, release.user_information)
    return _field(RLRE if release.response else RLRQ, body)


def decode_release(apdu: bytes) -> Release:
    """The release in `apdu`.

    Raises:
        ApduError: neither RLRQ nor RLRE, cut off, or a field twice.
    """
    return _known_release(apdu) if len(apdu) <= _SHORT_RELEASE else _decode_release(apdu)


def _decode_release(apdu: bytes) -> Release:
    response = bool(apdu) and apdu[0] == RLRE
    fields = _fields(apdu, RLRE if response else RLRQ)
    reason = fields.get(0x80)
    if reason is not None and len(reason) != 1:
        raise ApduError("release reason is not one byte")
    return Release(response, reason[0] if reason else None, _inner(fields, 0xBE, 0x04, "user information"))


_known_release = lru_cache(maxsize=256)(_decode_release)
