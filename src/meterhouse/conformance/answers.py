"""What an answer amounts to: data, a refusal, or nothing."""

from __future__ import annotations

from meterhouse.conformance.verdict import Failed
from meterhouse.model import MalformedError
from meterhouse.protocols.dlms.acse import AARE, decode_aare
from meterhouse.protocols.dlms.protection import is_ciphered
from meterhouse.protocols.dlms.responses import (
    ActionResponse,
    ConfirmedServiceError,
    ExceptionResponse,
    GetBlock,
    GetListResponse,
    GetResponse,
    Response,
    SetListResponse,
    SetResponse,
    decode_response,
)

__all__ = ["demand_refusal", "demand_rejection", "is_refusal", "shown"]


def shown(answer: bytes | None) -> str:
    """An answer in words or hexadecimal."""
    if answer is None:
        return "silence"
    return answer.hex() if answer else "the connection was closed"


def is_refusal(response: Response) -> bool:
    """Whether nothing was read, written or done."""
    if isinstance(response, GetResponse):
        return response.result.encoded is None
    if isinstance(response, GetListResponse):
        return all(result.encoded is None for result in response.results)
    if isinstance(response, SetListResponse):
        return all(response.codes)
    if isinstance(response, (GetBlock, SetResponse, ActionResponse)):
        return response.code != 0
    return isinstance(response, (ExceptionResponse, ConfirmedServiceError))


def demand_refusal(answer: bytes | None) -> None:
    """Demand an error, silence, or the end of the connection.

    Raises:
        Failed: the device does as asked, or answers what is no answer.
    """
    if not answer:
        return
    if is_ciphered(answer):
        raise Failed(f"a ciphered answer, as to a request that was believed: {shown(answer)}")
    try:
        response = decode_response(answer)
    except MalformedError as error:
        raise Failed(f"{shown(answer)}, which is no answer: {error}") from error
    if not is_refusal(response):
        raise Failed(f"{shown(answer)}, which does as asked")


def demand_rejection(answer: bytes | None) -> None:
    """Demand that an AARQ opens nothing.

    Raises:
        Failed: it is accepted, or the answer is none.
    """
    if not answer:
        return
    if answer[0] != AARE:
        demand_refusal(answer)
        return
    try:
        accepted = decode_aare(answer).result == 0
    except MalformedError as error:
        raise Failed(f"{shown(answer)}, which is no AARE: {error}") from error
    if accepted:
        raise Failed(f"{shown(answer)}: the association is accepted")
