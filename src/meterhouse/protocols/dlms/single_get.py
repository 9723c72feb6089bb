"""GET of one attribute and its answer in one piece, straight between bytes: what nearly every exchange is."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.requests import GET
from meterhouse.protocols.dlms.responses import GET_RESPONSE
from meterhouse.protocols.dlms.selection import Selection, encode_selection

__all__ = ["encode_single_get", "single_value"]

_REQUEST: Final = Struct(">BBBH6sbB")
_HEAD: Final = 4
_INVOKE_ID: Final = 0x0F


def encode_single_get(invoke: int, class_id: int, obis: Obis, attribute: int, selection: Selection | None) -> bytes:
    """The APDU that `encode_request` makes of the same `GetRequest`.

    Raises:
        UsageError: a class id above 65535, or an attribute index that is not -128 to 127.
    """
    try:
        request = _REQUEST.pack(GET, 1, invoke, class_id, obis.octets, attribute, selection is not None)
    except StructError as error:
        raise UsageError(f"class {class_id} index {attribute} does not fit a request", why=str(error)) from error
    if selection is None:
        return request
    selector, parameters = encode_selection(selection)
    return request + bytes((selector,)) + parameters.octets


def single_value(answer: bytes, invoke: int) -> bytes | None:
    """The value's A-XDR where `answer` is one whole value under the same invoke id; None for anything else."""
    if answer[:2] != _ONE_VALUE or answer[3:_HEAD] != _VALUE or (answer[2] ^ invoke) & _INVOKE_ID:
        return None
    return answer[_HEAD:]


_ONE_VALUE: Final = bytes((GET_RESPONSE, 1))
_VALUE: Final = b"\x00"
