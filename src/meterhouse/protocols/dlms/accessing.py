"""The ACCESS service: reads, writes and methods in one request (IEC 62056-5-3 §9.3.9, §9.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

from meterhouse.protocols.dlms.axdr import encode, encode_length, length_at
from meterhouse.protocols.dlms.data import CosemData, null
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.requests import MAX_LIST, Access, ApduReader, Target, encode_access, encode_target
from meterhouse.protocols.dlms.requests import read_target as _target

__all__ = [
    "ACCESS_REQUEST",
    "ACCESS_RESPONSE",
    "AccessKind",
    "AccessRequest",
    "AccessResponse",
    "AccessResult",
    "AccessStep",
    "decode_access_request",
    "decode_access_response",
    "encode_access_request",
    "encode_access_response",
]

T = TypeVar("T")

ACCESS_REQUEST: Final = 0xD9
ACCESS_RESPONSE: Final = 0xDA
_WITH_SELECTION: Final = {4: 1, 5: 2}
_MAX_TIME: Final = 12


class AccessKind(IntEnum):
    """What one step of an ACCESS does."""

    GET = 1
    SET = 2
    ACTION = 3


@dataclass(frozen=True, slots=True)
class AccessStep:
    """One step.

    Attributes:
        kind: what it does.
        access: the attribute, with a selector where wanted; or the method, without.
        data: the value or parameter; null data for GET.
    """

    kind: AccessKind
    access: Access
    data: CosemData = null


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """An ACCESS request.

    Attributes:
        long_invoke: 32 bits: invoke id (24), and in the top byte 0x80 priority, 0x40 confirmed, 0x20 break on error,
            0x10 self-descriptive.
        time: date-time octets, or empty.
        steps: 1 to `MAX_LIST`.
    """

    long_invoke: int
    time: bytes
    steps: tuple[AccessStep, ...]

    BREAK_ON_ERROR = 0x2000_0000
    SELF_DESCRIPTIVE = 0x1000_0000
    CONFIRMED = 0x4000_0000


@dataclass(frozen=True, slots=True)
class AccessResult:
    """How one step went.

    Attributes:
        kind: as asked.
        code: data-access-result or action-result.
        encoded: A-XDR of what was read or returned; null data where nothing was.
    """

    kind: AccessKind
    code: int
    encoded: bytes = b"\x00"


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """The answer: a result for each step that was tried, in order."""

    long_invoke: int
    time: bytes
    results: tuple[AccessResult, ...]


def _encode_step(step: AccessStep) -> bytes:
    if step.kind is AccessKind.ACTION:
        return b"\x03" + encode_target(step.access.target)
    if step.access.parameters is None:
        return bytes((step.kind,)) + encode_target(step.access.target)
    return bytes((step.kind + 3,)) + encode_access(step.access)[:9] + encode_access(step.access)[10:]


def encode_access_request(request: AccessRequest) -> bytes:
    """The APDU of `request`."""
    count = encode_length(len(request.steps))
    return (
        _head(ACCESS_REQUEST, request.long_invoke, request.time)
        + count
        + b"".join(map(_encode_step, request.steps))
        + count
        + b"".join(encode(step.data) for step in request.steps)
    )


def _head(tag: int, long_invoke: int, time: bytes) -> bytes:
    return bytes((tag,)) + long_invoke.to_bytes(4, "big") + encode_length(len(time)) + time


def encode_access_response(response: AccessResponse) -> bytes:
    """The APDU of `response`, without the specification of the request."""
    count = encode_length(len(response.results))
    return (
        _head(ACCESS_RESPONSE, response.long_invoke, response.time)
        + b"\x00"
        + count
        + b"".join(result.encoded for result in response.results)
        + count
        + b"".join(bytes((result.kind, result.code)) for result in response.results)
    )


def _read_head(reader: ApduReader, tag: int, what: str) -> tuple[int, bytes]:
    if reader.u8("tag") != tag:
        raise ApduError(f"not an {what}")
    long_invoke, time = reader.big(4, "long invoke id"), reader.block()
    if len(time) not in {0, 4, 5, _MAX_TIME}:
        raise ApduError(f"{what} has a time of {len(time)} bytes")
    return long_invoke, time


def _list(reader: ApduReader, each: Callable[[ApduReader], T]) -> list[T]:
    count, reader.position = length_at(reader.octets, reader.position)
    if not 1 <= count <= MAX_LIST:
        raise ApduError(f"a list of {count} is not 1 to {MAX_LIST} long")
    return [each(reader) for _ in range(count)]


def _step(reader: ApduReader) -> tuple[AccessKind, Access]:
    kind = reader.u8("access kind")
    if not 1 <= kind <= 5:
        raise ApduError(f"access of kind {kind} is not known")
    target: Target = _target(reader)
    if kind in _WITH_SELECTION:
        return AccessKind(_WITH_SELECTION[kind]), Access(target, reader.u8("access selector"), reader.data())
    return AccessKind(kind), Access(target)


def decode_access_request(apdu: bytes) -> AccessRequest:
    """The request in `apdu`.

    Raises:
        ApduError: not an access-request, cut off, with bytes after its end, or with another number of values.
    """
    reader = ApduReader(apdu)
    long_invoke, time = _read_head(reader, ACCESS_REQUEST, "access-request")
    asked = _list(reader, _step)
    values = _list(reader, ApduReader.data)
    reader.finish("access-request")
    if len(asked) != len(values):
        raise ApduError(f"{len(values)} values came for {len(asked)} steps")
    steps = tuple(AccessStep(kind, access, data) for (kind, access), data in zip(asked, values, strict=True))
    return AccessRequest(long_invoke, time, steps)


def _value(reader: ApduReader) -> bytes:
    start = reader.position
    reader.data()
    return reader.octets[start : reader.position]


def _verdict(reader: ApduReader) -> tuple[AccessKind, int]:
    kind = reader.u8("access kind")
    if not 1 <= kind <= 3:
        raise ApduError(f"access result of kind {kind} is not known")
    return AccessKind(kind), reader.u8("result")


def decode_access_response(apdu: bytes) -> AccessResponse:
    """The response in `apdu`; a copy of the request's specification in it is passed over.

    Raises:
        ApduError: not an access-response, cut off, with bytes after its end, or with lists of two lengths.
    """
    reader = ApduReader(apdu)
    long_invoke, time = _read_head(reader, ACCESS_RESPONSE, "access-response")
    if reader.present("access request specification"):
        _list(reader, _step)
    values, verdicts = _list(reader, _value), _list(reader, _verdict)
    reader.finish("access-response")
    if len(values) != len(verdicts):
        raise ApduError(f"{len(values)} values came with {len(verdicts)} results")
    results = zip(verdicts, values, strict=True)
    return AccessResponse(long_invoke, time, tuple(AccessResult(*verdict, value) for verdict, value in results))
