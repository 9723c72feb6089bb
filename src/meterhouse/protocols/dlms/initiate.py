"""The xDLMS Initiate services: what both sides can do, and how much at once (IEC 62056-5-3 §9.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from typing import Final

from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.wire import Reader

__all__ = [
    "DLMS_VERSION",
    "IMPLEMENTED",
    "LEAST_PDU",
    "Conformance",
    "InitiateRequest",
    "InitiateResponse",
    "decode_initiate_request",
    "decode_initiate_response",
    "encode_initiate_request",
    "encode_initiate_response",
]

DLMS_VERSION: Final = 6
LEAST_PDU: Final = 64
"""Below this no useful answer fits; the standard's own floor is 12. 0 means no limit."""
_CONFORMANCE: Final = bytes.fromhex("5f1f0400")
_LOGICAL_NAMES: Final = bytes.fromhex("0007")


class Conformance(IntFlag):
    """The conformance block, first bit most significant."""

    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    ATTRIBUTE_0_WITH_SET = 1 << 15
    PRIORITY = 1 << 14
    ATTRIBUTE_0_WITH_GET = 1 << 13
    BLOCK_TRANSFER_WITH_GET = 1 << 12
    BLOCK_TRANSFER_WITH_SET = 1 << 11
    BLOCK_TRANSFER_WITH_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1


IMPLEMENTED: Final = (
    Conformance.GENERAL_PROTECTION
    | Conformance.BLOCK_TRANSFER_WITH_GET
    | Conformance.BLOCK_TRANSFER_WITH_SET
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.DATA_NOTIFICATION
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)
"""What this room does; nothing else is ever proposed or accepted."""


class _Octets(Reader):
    __slots__ = ()
    error = ApduError


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """What the client proposes.

    Attributes:
        conformance: the 24 bits; unknown bits are kept.
        max_pdu: the largest APDU that the client takes; 0 no limit.
        dedicated_key: a key for this association only, or empty. Not used by this version.
        version: 6.
    """

    conformance: int
    max_pdu: int
    dedicated_key: bytes = b""
    version: int = DLMS_VERSION


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """What the server agreed to.

    Attributes:
        conformance: the 24 bits.
        max_pdu: the largest APDU that the server takes; 0 no limit.
        version: 6.
    """

    conformance: int
    max_pdu: int
    version: int = DLMS_VERSION


def encode_initiate_request(request: InitiateRequest) -> bytes:
    """InitiateRequest bytes: response allowed, no quality of service."""
    key = request.dedicated_key
    return (
        b"\x01"
        + (bytes((1, len(key))) + key if key else b"\x00")
        + bytes((0, 0, request.version))
        + _CONFORMANCE
        + request.conformance.to_bytes(3, "big")
        + request.max_pdu.to_bytes(2, "big")
    )


def encode_initiate_response(response: InitiateResponse) -> bytes:
    """InitiateResponse bytes, for logical-name referencing."""
    return (
        bytes((8, 0, response.version))
        + _CONFORMANCE
        + response.conformance.to_bytes(3, "big")
        + response.max_pdu.to_bytes(2, "big")
        + _LOGICAL_NAMES
    )


def _presence(reader: _Octets, what: str) -> bool:
    flag = reader.u8(what)
    if flag > 1:
        raise ApduError(f"{what} has presence flag {flag}")
    return flag == 1


def _conformance(reader: _Octets) -> int:
    # Some implementations leave out the 1F of the two-byte tag.
    if reader.take(2, "conformance tag") == b"\x5f\x1f":
        reader.take(1, "conformance length")
    if reader.u8("conformance unused bits") != 0:
        raise ApduError("conformance block has unused bits")
    return reader.big(3, "conformance block")


def decode_initiate_request(apdu: bytes) -> InitiateRequest:
    """The request in `apdu`.

    Raises:
        ApduError: not an InitiateRequest, cut off, or with bytes after its end.
    """
    reader = _Octets(apdu)
    if reader.u8("tag") != 0x01:
        raise ApduError("not an InitiateRequest")
    key = reader.take(reader.u8(), "dedicated key") if _presence(reader, "dedicated key") else b""
    if _presence(reader, "response allowed"):
        reader.u8("response allowed")
    if _presence(reader, "quality of service"):
        reader.u8("quality of service")
    version = reader.u8("DLMS version")
    request = InitiateRequest(_conformance(reader), reader.big(2, "PDU size"), key, version)
    reader.finish("InitiateRequest")
    return request


@lru_cache(maxsize=64)
def decode_initiate_response(apdu: bytes) -> InitiateResponse:
    """The response in `apdu`.

    Raises:
        ApduError: not an InitiateResponse, cut off, for short names, or with bytes after its end.
    """
    reader = _Octets(apdu)
    if reader.u8("tag") != 0x08:
        raise ApduError("not an InitiateResponse")
    if _presence(reader, "quality of service"):
        reader.u8("quality of service")
    version = reader.u8("DLMS version")
    response = InitiateResponse(_conformance(reader), reader.big(2, "PDU size"), version)
    if reader.take(2, "VAA name") != _LOGICAL_NAMES:
        raise ApduError("InitiateResponse is not for logical names")
    reader.finish("InitiateResponse")
    return response
