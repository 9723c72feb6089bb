"""The GET, SET and ACTION response APDUs, and the two ways to say that a request was wrong (IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.protocols.dlms.axdr import decode_at, encode_length, length_at
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.requests import ApduReader

__all__ = [
    "ACTION_RESPONSE",
    "CONFIRMED_SERVICE_ERROR",
    "EXCEPTION",
    "GET_RESPONSE",
    "SET_RESPONSE",
    "ActionBlockResponse",
    "ActionListResponse",
    "ActionNextResponse",
    "ActionResponse",
    "ConfirmedServiceError",
    "ExceptionResponse",
    "GetBlock",
    "GetListResponse",
    "GetResponse",
    "Outcome",
    "Response",
    "Result",
    "SetBlockResponse",
    "SetListResponse",
    "SetResponse",
    "decode_outcomes",
    "decode_response",
    "decode_results",
    "encode_outcomes",
    "encode_response",
    "encode_results",
]

GET_RESPONSE: Final = 0xC4
SET_RESPONSE: Final = 0xC5
ACTION_RESPONSE: Final = 0xC7
EXCEPTION: Final = 0xD8
CONFIRMED_SERVICE_ERROR: Final = 0x0E


@dataclass(frozen=True, slots=True)
class Result:
    """Get-Data-Result.

    Attributes:
        encoded: A-XDR of the value; None where it was refused.
        code: data-access-result; 0 with a value.
    """

    encoded: bytes | None
    code: int = 0


@dataclass(frozen=True, slots=True)
class GetResponse:
    """Answer to GET of one attribute."""

    invoke: int
    result: Result


@dataclass(frozen=True, slots=True)
class GetBlock:
    """One block of a long answer; a refusal where `code` is not 0."""

    invoke: int
    last: bool
    number: int
    raw: bytes
    code: int = 0


@dataclass(frozen=True, slots=True)
class GetListResponse:
    """Answers in the order of the request."""

    invoke: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class SetResponse:
    """Answer to SET of one attribute; `number` is the last block's where it came in blocks."""

    invoke: int
    code: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class SetBlockResponse:
    """A block of a SET has arrived."""

    invoke: int
    number: int


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """Answer to ACTION; `result` None where the method returns nothing."""

    invoke: int
    code: int
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class SetListResponse:
    """Answers to SET of several attributes, in their order; `number` is the last block's where it came in blocks."""

    invoke: int
    codes: tuple[int, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method of several did; `result` None where it returns nothing."""

    code: int
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class ActionListResponse:
    """Answers to ACTION on several methods, in their order."""

    invoke: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class ActionBlockResponse:
    """One block of a long answer to an ACTION; the blocks together are one outcome, or the list with its count."""

    invoke: int
    last: bool
    number: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class ActionNextResponse:
    """A block of an ACTION has arrived."""

    invoke: int
    number: int


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """See `ExceptionError`."""

    state: int
    service: int
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """See `ServiceError`."""

    service: int
    group: int
    value: int


Response = (
    GetResponse
    | GetBlock
    | GetListResponse
    | SetResponse
    | SetBlockResponse
    | SetListResponse
    | ActionResponse
    | ActionListResponse
    | ActionBlockResponse
    | ActionNextResponse
    | ExceptionResponse
    | ConfirmedServiceError
)


def _encode_result(result: Result) -> bytes:
    return bytes((1, result.code)) if result.encoded is None else b"\x00" + result.encoded


def encode_results(results: tuple[Result, ...]) -> bytes:
    """A list of results: what a long answer to GET with list is cut from."""
    return encode_length(len(results)) + b"".join(_encode_result(result) for result in results)


def _encode_block(block: GetBlock) -> bytes:
    head = bytes((GET_RESPONSE, 2, block.invoke, block.last)) + block.number.to_bytes(4, "big")
    if block.code:
        return head + bytes((1, block.code))
    return head + b"\x00" + encode_length(len(block.raw)) + block.raw


def _encode_set(response: SetResponse | SetListResponse) -> bytes:
    tail = b"" if response.number is None else response.number.to_bytes(4, "big")
    if isinstance(response, SetListResponse):
        kind, codes = (4 if tail else 5), encode_length(len(response.codes)) + bytes(response.codes)
    else:
        kind, codes = (3 if tail else 1), bytes((response.code,))
    return bytes((SET_RESPONSE, kind, response.invoke)) + codes + tail


def _encode_outcome(outcome: Outcome) -> bytes:
    tail = b"\x00" if outcome.result is None else b"\x01" + _encode_result(outcome.result)
    return bytes((outcome.code,)) + tail


def encode_outcomes(outcomes: tuple[Outcome, ...], *, listed: bool) -> bytes:
    """One outcome, or a list with its count: what a long answer to ACTION is cut from."""
    body = b"".join(map(_encode_outcome, outcomes))
    return encode_length(len(outcomes)) + body if listed else body


def _encode_action(response: ActionResponse | ActionListResponse | ActionBlockResponse | ActionNextResponse) -> bytes:
    match response:
        case ActionResponse(invoke, code, result):
            return bytes((ACTION_RESPONSE, 1, invoke)) + _encode_outcome(Outcome(code, result))
        case ActionBlockResponse(invoke, last, number, raw):
            head = bytes((ACTION_RESPONSE, 2, invoke, last)) + number.to_bytes(4, "big")
            return head + encode_length(len(raw)) + raw
        case ActionListResponse(invoke, outcomes):
            return bytes((ACTION_RESPONSE, 3, invoke)) + encode_outcomes(outcomes, listed=True)
        case ActionNextResponse(invoke, number):
            return bytes((ACTION_RESPONSE, 4, invoke)) + number.to_bytes(4, "big")


def encode_response(response: Response) -> bytes:
    """The APDU of `response`."""
    match response:
        case GetResponse(invoke, result):
            return bytes((GET_RESPONSE, 1, invoke)) + _encode_result(result)
        case GetBlock():
            return _encode_block(response)
        case GetListResponse(invoke, results):
            return bytes((GET_RESPONSE, 3, invoke)) + encode_results(results)
        case SetResponse() | SetListResponse():
            return _encode_set(response)
        case SetBlockResponse(invoke, number):
            return bytes((SET_RESPONSE, 2, invoke)) + number.to_bytes(4, "big")
        case ActionResponse() | ActionListResponse() | ActionBlockResponse() | ActionNextResponse():
            return _encode_action(response)
        case ExceptionResponse(state, service, counter):
            tail = b"" if counter is None else counter.to_bytes(4, "big")
            return bytes((EXCEPTION, state, service)) + tail
        case ConfirmedServiceError(kind, group, value):
            return bytes((CONFIRMED_SERVICE_ERROR, kind, group, value))


def _result(reader: ApduReader) -> Result:
    if reader.present("result"):
        return Result(None, _failure(reader))
    start = reader.position
    _, reader.position = decode_at(reader.octets, start)
    return Result(reader.octets[start : reader.position])


def _failure(reader: ApduReader) -> int:
    code = reader.u8("data-access-result")
    if code == 0:
        raise ApduError("data-access-result says success where data should be")
    return code


def _results(reader: ApduReader) -> tuple[Result, ...]:
    count, reader.position = length_at(reader.octets, reader.position)
    if count > reader.remaining:
        raise ApduError(f"{count} results cannot be in {reader.remaining} bytes")
    return tuple(_result(reader) for _ in range(count))


def decode_results(octets: bytes) -> tuple[Result, ...]:
    """The list of results that fills `octets`: a long answer to GET with list, put together.

    Raises:
        ApduError: cut off, or with bytes after its end.
    """
    reader = ApduReader(octets)
    results = _results(reader)
    reader.finish("list of results")
    return results


def _get(reader: ApduReader, kind: int, invoke: int) -> Response:
    if kind == 1:
        # The value runs to the end: it is checked when it is decoded, once, by whoever knows its shape.
        if reader.present("result"):
            return GetResponse(invoke, Result(None, _failure(reader)))
        return GetResponse(invoke, Result(reader.rest()))
    if kind == 2:
        last, number = reader.present("last block"), reader.big(4, "block number")
        if reader.present("result"):
            return GetBlock(invoke, last, number, b"", _failure(reader))
        return GetBlock(invoke, last, number, reader.block())
    if kind == 3:
        return GetListResponse(invoke, _results(reader))
    raise ApduError(f"GET response of kind {kind} is not known")


def _set(reader: ApduReader, kind: int, invoke: int) -> Response:
    if kind == 1:
        return SetResponse(invoke, reader.u8("result"))
    if kind == 2:
        return SetBlockResponse(invoke, reader.big(4, "block number"))
    if kind == 3:
        return SetResponse(invoke, reader.u8("result"), reader.big(4, "block number"))
    if kind in {4, 5}:
        codes = tuple(reader.block())
        return SetListResponse(invoke, codes, reader.big(4, "block number") if kind == 4 else None)
    raise ApduError(f"SET response of kind {kind} is not known")


def _outcome(reader: ApduReader) -> Outcome:
    code = reader.u8("result")
    return Outcome(code, _result(reader) if reader.present("return parameters") else None)


def _outcomes(reader: ApduReader) -> tuple[Outcome, ...]:
    count, reader.position = length_at(reader.octets, reader.position)
    if count > reader.remaining:
        raise ApduError(f"{count} outcomes cannot be in {reader.remaining} bytes")
    return tuple(_outcome(reader) for _ in range(count))


def decode_outcomes(octets: bytes, *, listed: bool) -> tuple[Outcome, ...]:
    """The outcome, or list of outcomes, that fills `octets`: a long answer to ACTION, put together.

    Raises:
        ApduError: cut off, or with bytes after its end.
    """
    reader = ApduReader(octets)
    outcomes = _outcomes(reader) if listed else (_outcome(reader),)
    reader.finish("outcome")
    return outcomes


def _action(reader: ApduReader, kind: int, invoke: int) -> Response:
    if kind == 1:
        outcome = _outcome(reader)
        return ActionResponse(invoke, outcome.code, outcome.result)
    if kind == 2:
        last, number = reader.present("last block"), reader.big(4, "block number")
        return ActionBlockResponse(invoke, last, number, reader.block())
    if kind == 3:
        return ActionListResponse(invoke, _outcomes(reader))
    if kind == 4:
        return ActionNextResponse(invoke, reader.big(4, "block number"))
    raise ApduError(f"ACTION response of kind {kind} is not known")


_ONE_VALUE: Final = bytes((GET_RESPONSE, 1))
_SERVICES = {GET_RESPONSE: _get, SET_RESPONSE: _set, ACTION_RESPONSE: _action}


def decode_response(apdu: bytes) -> Response:
    """The response in `apdu`. The value of a plain GET answer is handed on as bytes, undecoded.

    Raises:
        ApduError: another service, cut off, or with bytes after its end.
    """
    if apdu[:2] == _ONE_VALUE and apdu[3:4] == b"\x00":  # what nearly every answer is
        return GetResponse(apdu[2], Result(apdu[4:]))
    reader = ApduReader(apdu)
    service, second, third = reader.take(3, "response")
    response: Response
    if service == EXCEPTION:
        response = ExceptionResponse(second, third, reader.big(4, "invocation counter") if third == 6 else None)
    elif service == CONFIRMED_SERVICE_ERROR:
        response = ConfirmedServiceError(second, third, reader.u8("service error"))
    elif service in _SERVICES:
        response = _SERVICES[service](reader, second, third)
    else:
        raise ApduError(f"service {service:02X} is not a response that is known")
    reader.finish("response")
    return response
