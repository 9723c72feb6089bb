"""The GET, SET and ACTION request APDUs (IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

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
    "ActionBlock",
    "ActionList",
    "ActionNext",
    "ActionRequest",
    "ApduReader",
    "GetList",
    "GetNext",
    "GetRequest",
    "Request",
    "SetBlock",
    "SetList",
    "SetListBlock",
    "SetRequest",
    "Target",
    "decode_request",
    "decode_values",
    "encode_access",
    "encode_request",
    "encode_target",
    "read_target",
]

T = TypeVar("T")

GET: Final = 0xC0
SET: Final = 0xC1
ACTION: Final = 0xC3
MAX_LIST: Final = 64
"""More references than this in one request are refused."""


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
    parameters: CosemData | Encoded | None = None


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


@dataclass(frozen=True, slots=True)
class SetList:
    """SET of several attributes, 1 to `MAX_LIST`, a value for each."""

    invoke: int
    accesses: tuple[Access, ...]
    values: tuple[CosemData, ...]


@dataclass(frozen=True, slots=True)
class SetListBlock:
    """The first block of a SET of several attributes; `SetBlock` without access carries the others.

    The blocks together are the list of values with its count.
    """

    invoke: int
    accesses: tuple[Access, ...]
    last: bool
    number: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class ActionNext:
    """The block after `block` of a long answer to an ACTION."""

    invoke: int
    block: int


@dataclass(frozen=True, slots=True)
class ActionList:
    """ACTION on several methods, 1 to `MAX_LIST`; null data where a method has no parameter."""

    invoke: int
    targets: tuple[Target, ...]
    values: tuple[CosemData, ...]


@dataclass(frozen=True, slots=True)
class ActionBlock:
    """One block of an ACTION.

    Attributes:
        targets: the methods in the first block; empty in those after it.
        listed: whether the first block is of the kind with list; the blocks together are then the list of parameters
            with its count, else one parameter.
    """

    invoke: int
    targets: tuple[Target, ...]
    listed: bool
    last: bool
    number: int
    raw: bytes


Request = (
    GetRequest
    | GetNext
    | GetList
    | SetRequest
    | SetBlock
    | SetList
    | SetListBlock
    | ActionRequest
    | ActionNext
    | ActionList
    | ActionBlock
)


def encode_target(target: Target) -> bytes:
    """Class, logical name, index."""
    return target.class_id.to_bytes(2, "big") + target.obis.octets + target.index.to_bytes(1, "big", signed=True)


def encode_access(access: Access) -> bytes:
    """The attribute, the flag, and the selector where there is one."""
    if access.parameters is None:
        return encode_target(access.target) + b"\x00"
    return encode_target(access.target) + bytes((1, access.selector)) + encode(access.parameters)


def _listed(parts: Iterable[bytes]) -> bytes:
    listed = tuple(parts)
    return encode_length(len(listed)) + b"".join(listed)


def _encode_block(last: bool, number: int, raw: bytes) -> bytes:  # noqa: FBT001 -- the order on the wire
    return bytes((last,)) + number.to_bytes(4, "big") + encode_length(len(raw)) + raw


def encode_request(request: Request) -> bytes:
    """The APDU of `request`."""
    match request:
        case GetRequest(invoke, access):
            return bytes((GET, 1, invoke)) + encode_access(access)
        case GetNext(invoke, block):
            return bytes((GET, 2, invoke)) + block.to_bytes(4, "big")
        case GetList(invoke, accesses):
            return bytes((GET, 3, invoke)) + _listed(map(encode_access, accesses))
        case SetRequest(invoke, access, data):
            return bytes((SET, 1, invoke)) + encode_access(access) + encode(data)
        case SetBlock(invoke, access, last, number, raw):
            head = bytes((SET, 2, invoke)) + encode_access(access) if access else bytes((SET, 3, invoke))
            return head + _encode_block(last, number, raw)
        case SetList(invoke, accesses, values):
            return bytes((SET, 4, invoke)) + _listed(map(encode_access, accesses)) + _listed(map(encode, values))
        case SetListBlock(invoke, accesses, last, number, raw):
            return bytes((SET, 5, invoke)) + _listed(map(encode_access, accesses)) + _encode_block(last, number, raw)
        case _:
            return _encode_action(request)


def _encode_action(request: ActionRequest | ActionNext | ActionList | ActionBlock) -> bytes:
    match request:
        case ActionRequest(invoke, target, data):
            parameter = b"\x00" if data is None else b"\x01" + encode(data)
            return bytes((ACTION, 1, invoke)) + encode_target(target) + parameter
        case ActionNext(invoke, block):
            return bytes((ACTION, 2, invoke)) + block.to_bytes(4, "big")
        case ActionList(invoke, targets, values):
            return bytes((ACTION, 3, invoke)) + _listed(map(encode_target, targets)) + _listed(map(encode, values))
        case ActionBlock(invoke, targets, listed, last, number, raw):
            head = bytes((ACTION, 6, invoke))
            if listed:
                head = bytes((ACTION, 5, invoke)) + _listed(map(encode_target, targets))
            elif targets:
                head = bytes((ACTION, 4, invoke)) + encode_target(targets[0])
            return head + _encode_block(last, number, raw)


def read_target(reader: ApduReader) -> Target:
    """Class, logical name, index."""
    octets = reader.take(9, "descriptor")
    index = octets[8] - 256 if octets[8] > 127 else octets[8]
    return Target(octets[0] << 8 | octets[1], Obis(octets[2:8]), index)


def _access(reader: ApduReader) -> Access:
    target = read_target(reader)
    if not reader.present("access selection"):
        return Access(target)
    return Access(target, reader.u8("access selector"), reader.data())


def _block(reader: ApduReader) -> tuple[bool, int, bytes]:
    return reader.present("last block"), reader.big(4, "block number"), reader.block()


def _list(reader: ApduReader, each: Callable[[ApduReader], T]) -> tuple[T, ...]:
    count, reader.position = length_at(reader.octets, reader.position)
    if not 1 <= count <= MAX_LIST:
        raise ApduError(f"a list of {count} references is not 1 to {MAX_LIST} long")
    return tuple(each(reader) for _ in range(count))


def _values(reader: ApduReader, count: int) -> tuple[CosemData, ...]:
    values = _list(reader, ApduReader.data)
    if len(values) != count:
        raise ApduError(f"{len(values)} values came for {count} references")
    return values


def decode_values(octets: bytes, count: int) -> tuple[CosemData, ...]:
    """The list of `count` values that fills `octets`: what came in blocks, put together.

    Raises:
        ApduError: another number of values, cut off, or with bytes after its end.
    """
    reader = ApduReader(octets)
    values = _values(reader, count)
    reader.finish("list of values")
    return values


def _get(reader: ApduReader, kind: int, invoke: int) -> Request:
    if kind == 1:
        return GetRequest(invoke, _access(reader))
    if kind == 2:
        return GetNext(invoke, reader.big(4, "block number"))
    if kind == 3:
        return GetList(invoke, _list(reader, _access))
    raise ApduError(f"GET request of kind {kind} is not known")


def _set(reader: ApduReader, kind: int, invoke: int) -> Request:
    if kind == 1:
        return SetRequest(invoke, _access(reader), reader.data())
    if kind in {2, 3}:
        access = _access(reader) if kind == 2 else None
        return SetBlock(invoke, access, *_block(reader))
    if kind == 4:
        accesses = _list(reader, _access)
        return SetList(invoke, accesses, _values(reader, len(accesses)))
    if kind == 5:
        return SetListBlock(invoke, _list(reader, _access), *_block(reader))
    raise ApduError(f"SET request of kind {kind} is not known")


def _action(reader: ApduReader, kind: int, invoke: int) -> Request:
    if kind == 1:
        return ActionRequest(invoke, read_target(reader), reader.data() if reader.present("parameter") else None)
    if kind == 2:
        return ActionNext(invoke, reader.big(4, "block number"))
    if kind == 3:
        targets = _list(reader, read_target)
        return ActionList(invoke, targets, _values(reader, len(targets)))
    if kind in {4, 5, 6}:
        found = (read_target(reader),) if kind == 4 else _list(reader, read_target) if kind == 5 else ()
        return ActionBlock(invoke, found, kind == 5, *_block(reader))
    raise ApduError(f"ACTION request of kind {kind} is not known")


_SERVICES: Final = {GET: _get, SET: _set, ACTION: _action}


def decode_request(apdu: bytes) -> Request:
    """The request in `apdu`.

    Raises:
        ApduError: another service, one that this room does not do, cut off, or with bytes after its end.
    """
    reader = ApduReader(apdu)
    service, kind, invoke = reader.take(3, "request")
    if service not in _SERVICES:
        raise ApduError(f"service {service:02X} is not a request that is known")
    request = _SERVICES[service](reader, kind, invoke)
    reader.finish("request")
    return request
