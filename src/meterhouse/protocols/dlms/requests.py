"""The GET, SET and ACTION request APDUs (IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.protocols.dlms.axdr import Encoded, decode_at, encode, encode_length, length_at
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.wire import Reader

__all__ = [
    "ACTION",
    "GET",
    "MAX_LIST",
    "SET",
    "Access",
    "ActionRequest",
    "ApduReader",
    "GetList",
    "GetNext",
    "GetRequest",
    "Request",
    "SetBlock",
    "SetRequest",
    "Target",
    "decode_request",
    "encode_request",
]

GET: Final = 0xC0
SET: Final = 0xC1
ACTION: Final = 0xC3
MAX_LIST: Final = 64
"""More references than this in one GET are refused."""


class ApduReader(Reader):
    """A reader whose error is `ApduError` and that knows A-XDR data, lengths and logical names."""

    __slots__ = ()
    error = ApduError

    def data(self) -> CosemData:
        """One value of COSEM data."""
        data, self.position = decode_at(self.octets, self.position)
        return data

    def block(self) -> bytes:
        """Bytes with a length before them."""
        length, self.position = length_at(self.octets, self.position)
        return self.take(length, "block")

    def present(self, what: str) -> bool:
        """An OPTIONAL's or BOOLEAN's flag."""
        flag = self.u8(what)
        if flag > 1:
            raise ApduError(f"{what} has flag {flag}")
        return flag == 1


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute or method.

    Attributes:
        class_id: interface class.
        obis: logical name.
        index: attribute or method index, from 1.
    """

    class_id: int
    obis: Obis
    index: int

    def __str__(self) -> str:
        return f"{self.obis} class {self.class_id} index {self.index}"


@dataclass(frozen=True, slots=True)
class Access:
    """An attribute with an optional selector.

    Attributes:
        target: the attribute.
        selector: access selector; 0 none.
        parameters: its parameters; None without selector.
    """

    target: Target
    selector: int = 0
    parameters: CosemData | None = None


@dataclass(frozen=True, slots=True)
class GetRequest:
    """GET of one attribute."""

    invoke: int
    access: Access


@dataclass(frozen=True, slots=True)
class GetNext:
    """GET of the block after `block`."""

    invoke: int
    block: int


@dataclass(frozen=True, slots=True)
class GetList:
    """GET of several attributes, 1 to `MAX_LIST`."""

    invoke: int
    accesses: tuple[Access, ...]


@dataclass(frozen=True, slots=True)
class SetRequest:
    """SET of one attribute."""

    invoke: int
    access: Access
    data: CosemData | Encoded


@dataclass(frozen=True, slots=True)
class SetBlock:
    """One block of a SET; the first one carries the attribute."""

    invoke: int
    access: Access | None
    last: bool
    number: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """ACTION on one method; `data` None where it has no parameter."""

    invoke: int
    target: Target
    data: CosemData | Encoded | None


Request = GetRequest | GetNext | GetList | SetRequest | SetBlock | ActionRequest


def _encode_target(target: Target) -> bytes:
    return target.class_id.to_bytes(2, "big") + target.obis.octets + target.index.to_bytes(1, "big", signed=True)


def _encode_access(access: Access) -> bytes:
    if access.parameters is None:
        return _encode_target(access.target) + b"\x00"
    return _encode_target(access.target) + bytes((1, access.selector)) + encode(access.parameters)


def encode_request(request: Request) -> bytes:
    """The APDU of `request`."""
    match request:
        case GetRequest(invoke, access):
            return bytes((GET, 1, invoke)) + _encode_access(access)
        case GetNext(invoke, block):
            return bytes((GET, 2, invoke)) + block.to_bytes(4, "big")
        case GetList(invoke, accesses):
            listed = b"".join(_encode_access(access) for access in accesses)
            return bytes((GET, 3, invoke)) + encode_length(len(accesses)) + listed
        case SetRequest(invoke, access, data):
            return bytes((SET, 1, invoke)) + _encode_access(access) + encode(data)
        case SetBlock(invoke, access, last, number, raw):
            head = bytes((SET, 2, invoke)) + _encode_access(access) if access else bytes((SET, 3, invoke))
            return head + bytes((last,)) + number.to_bytes(4, "big") + encode_length(len(raw)) + raw
        case ActionRequest(invoke, target, data):
            parameter = b"\x00" if data is None else b"\x01" + encode(data)
            return bytes((ACTION, 1, invoke)) + _encode_target(target) + parameter


def _target(reader: ApduReader) -> Target:
    octets = reader.take(9, "descriptor")
    index = octets[8] - 256 if octets[8] > 127 else octets[8]
    return Target(octets[0] << 8 | octets[1], Obis(octets[2:8]), index)


def _access(reader: ApduReader) -> Access:
    target = _target(reader)
    if not reader.present("access selection"):
        return Access(target)
    return Access(target, reader.u8("access selector"), reader.data())


def _set_block(reader: ApduReader, invoke: int, access: Access | None) -> SetBlock:
    return SetBlock(invoke, access, reader.present("last block"), reader.big(4, "block number"), reader.block())


def _get_list(reader: ApduReader, invoke: int) -> GetList:
    count, reader.position = length_at(reader.octets, reader.position)
    if not 1 <= count <= MAX_LIST:
        raise ApduError(f"a list of {count} references is not 1 to {MAX_LIST} long")
    return GetList(invoke, tuple(_access(reader) for _ in range(count)))


def _body(reader: ApduReader, service: int, kind: int, invoke: int) -> Request:
    match service, kind:
        case 0xC0, 1:
            return GetRequest(invoke, _access(reader))
        case 0xC0, 2:
            return GetNext(invoke, reader.big(4, "block number"))
        case 0xC0, 3:
            return _get_list(reader, invoke)
        case 0xC1, 1:
            return SetRequest(invoke, _access(reader), reader.data())
        case 0xC1, 2:
            return _set_block(reader, invoke, _access(reader))
        case 0xC1, 3:
            return _set_block(reader, invoke, None)
        case 0xC3, 1:
            return ActionRequest(invoke, _target(reader), reader.data() if reader.present("parameter") else None)
        case _:
            raise ApduError(f"service {service:02X} of kind {kind} is not known")


def decode_request(apdu: bytes) -> Request:
    """The request in `apdu`.

    Raises:
        ApduError: another service, one that this room does not do, cut off, or with bytes after its end.
    """
    reader = ApduReader(apdu)
    service, kind, invoke = reader.take(3, "request")
    request = _body(reader, service, kind, invoke)
    reader.finish("request")
    return request
