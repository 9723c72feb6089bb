"""GET of one attribute, ACTION on one method, and their answers in one piece: nearly every exchange, in bytes alone."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.requests import ACTION, GET
from meterhouse.protocols.dlms.responses import ACTION_RESPONSE, GET_RESPONSE
from meterhouse.protocols.dlms.selection import Selection, encode_selection

__all__ = ["encode_single_action", "encode_single_get", "single_return", "single_value"]

_REQUEST: Final = Struct(">BBBH6sbB")
_INVOKE_ID: Final = 0x0F
_VALUE: Final = bytes((GET_RESPONSE, 1)), b"\x00"
"""A get-response with one value: what stands before the invoke id, and what behind it."""
_RETURN: Final = bytes((ACTION_RESPONSE, 1)), b"\x00\x01\x00"
"""An action-response: success, return parameters are there, and they are a value."""


def encode_single_get(invoke: int, class_id: int, obis: Obis, attribute: int, selection: Selection | None) -> bytes:
    """The APDU that `encode_request` makes of the same `GetRequest`.

    Raises:
        UsageError: a class id above 65535, or an attribute index that is not -128 to 127.
    """
    request = _encoded(GET, invoke, class_id, obis, attribute, more=selection is not None)
    if selection is None:
        return request
    selector, parameters = encode_selection(selection)
    return request + bytes((selector,)) + parameters.octets


def encode_single_action(invoke: int, class_id: int, obis: Obis, method: int, parameter: bytes) -> bytes:
    """The APDU that `encode_request` makes of the same `ActionRequest`.

    Args:
        invoke: invoke-id-and-priority byte.
        class_id: interface class.
        obis: logical name.
        method: method index.
        parameter: A-XDR of the parameter; empty where there is none.

    Raises:
        UsageError: a class id above 65535, or a method index that is not -128 to 127.
    """
    return _encoded(ACTION, invoke, class_id, obis, method, more=bool(parameter)) + parameter


def _encoded(service: int, invoke: int, class_id: int, obis: Obis, index: int, *, more: bool) -> bytes:
    try:
        return _REQUEST.pack(service, 1, invoke, class_id, obis.octets, index, more)
    except StructError as error:
        raise UsageError(f"class {class_id} index {index} does not fit a request", why=str(error)) from error


def single_value(answer: bytes, invoke: int) -> bytes | None:
    """What a GET read, unchecked A-XDR; None where `answer` is not one whole value under the same invoke id."""
    return _rest(answer, invoke, _VALUE)


def single_return(answer: bytes, invoke: int) -> bytes | None:
    """What an ACTION returned, unchecked A-XDR; None where `answer` is not success with one whole value, likewise."""
    return _rest(answer, invoke, _RETURN)


def _rest(answer: bytes, invoke: int, around: tuple[bytes, bytes]) -> bytes | None:
    before, behind = around
    start = 3 + len(behind)
    if answer[:2] != before or answer[3:start] != behind or (answer[2] ^ invoke) & _INVOKE_ID:
        return None
    return answer[start:]
