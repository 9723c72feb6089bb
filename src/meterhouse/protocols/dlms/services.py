"""GET, SET and ACTION on the server's side of one open association, with their block transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant
from meterhouse.protocols.dlms.axdr import Encoded
from meterhouse.protocols.dlms.errors import DataAccessResult
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionRequest,
    GetList,
    GetNext,
    GetRequest,
    Request,
    SetBlock,
    SetRequest,
)
from meterhouse.protocols.dlms.responses import (
    ActionResponse,
    GetBlock,
    GetListResponse,
    GetResponse,
    Response,
    Result,
    SetBlockResponse,
    SetResponse,
    encode_results,
)
from meterhouse.protocols.dlms.view import View

__all__ = ["MAX_SET", "Services"]

MAX_SET: Final = 65_536
"""A SET in blocks beyond this many bytes is aborted."""

_HEADER: Final = 4
"""What stands before the value in a plain GET answer: tag, kind, invoke id, result."""
_BLOCK_HEADER: Final = 14
"""The most that stands before the bytes of a block."""


@dataclass(slots=True)
class _LongGet:
    invoke: int
    octets: bytes
    number: int = 0
    at: int = 0


@dataclass(slots=True)
class _LongSet:
    invoke: int
    access: Access
    octets: bytearray
    number: int = 0


class Services:
    """Answers requests out of a view, in pieces where the client cannot take them whole.

    At most one long GET and one long SET are under way; a new one ends the old one.

    Args:
        view: what the client sees.
        room: the largest plain APDU that the client takes once it is protected.
        blocks: whether the client can take GET answers in blocks.
    """

    __slots__ = ("_blocks", "_get", "_room", "_set", "_view")

    def __init__(self, view: View, room: int, *, blocks: bool) -> None:
        self._view = view
        self._room = room
        self._blocks = blocks
        self._get: _LongGet | None = None
        self._set: _LongSet | None = None

    def answer(self, request: Request, now: Instant) -> Response:
        """The response to one request."""
        match request:
            case GetRequest(invoke, access):
                return self._get_one(invoke, access, now)
            case GetNext(invoke, block):
                return self._get_next(invoke, block)
            case GetList(invoke, accesses):
                return self._get_list(invoke, accesses, now)
            case SetRequest(invoke, access, data):
                return SetResponse(invoke, self._view.set(access, data, now))
            case SetBlock():
                return self._set_block(request, now)
            case ActionRequest():
                return self._act(request, now)

    def _get_one(self, invoke: int, access: Access, now: Instant) -> Response:
        self._get = None
        result = self._view.get(access, now)
        if result.encoded is None or _HEADER + len(result.encoded) <= self._room:
            return GetResponse(invoke, result)
        if not self._blocks:
            return GetResponse(invoke, Result(None, DataAccessResult.DATA_BLOCK_UNAVAILABLE))
        self._get = _LongGet(invoke, result.encoded)
        return self._next_block(self._get)

    def _get_list(self, invoke: int, accesses: tuple[Access, ...], now: Instant) -> Response:
        self._get = None
        results = tuple(self._view.get(access, now) for access in accesses)
        octets = encode_results(results)
        if _HEADER - 1 + len(octets) <= self._room:
            return GetListResponse(invoke, results)
        if not self._blocks:
            failed = Result(None, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
            return GetListResponse(invoke, tuple(failed for _ in results))
        self._get = _LongGet(invoke, octets)
        return self._next_block(self._get)

    def _next_block(self, long: _LongGet) -> Response:
        raw = long.octets[long.at : long.at + self._room - _BLOCK_HEADER]
        long.at += len(raw)
        long.number += 1
        last = long.at == len(long.octets)
        if last:
            self._get = None
        return GetBlock(long.invoke, last, long.number, raw)

    def _get_next(self, invoke: int, block: int) -> Response:
        long, self._get = self._get, None
        if long is None or long.invoke & 0x0F != invoke & 0x0F:
            return GetBlock(invoke, last=True, number=block, raw=b"", code=DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        if block != long.number:
            return GetBlock(invoke, last=True, number=block, raw=b"", code=DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
        self._get = long
        return self._next_block(long)

    def _set_block(self, block: SetBlock, now: Instant) -> Response:
        long, self._set = self._set, None
        if block.access is not None:
            long = _LongSet(block.invoke, block.access, bytearray())
        if long is None:
            return SetResponse(block.invoke, DataAccessResult.NO_LONG_SET_IN_PROGRESS, block.number)
        if block.number != long.number + 1:
            return SetResponse(block.invoke, DataAccessResult.DATA_BLOCK_NUMBER_INVALID, block.number)
        if len(long.octets) + len(block.raw) > MAX_SET:
            return SetResponse(block.invoke, DataAccessResult.LONG_SET_ABORTED, block.number)
        long.octets += block.raw
        long.number = block.number
        if not block.last:
            self._set = long
            return SetBlockResponse(block.invoke, block.number)
        code = self._view.set(long.access, Encoded(bytes(long.octets)), now)
        return SetResponse(block.invoke, code, block.number)

    def _act(self, request: ActionRequest, now: Instant) -> Response:
        data = request.data.decode() if isinstance(request.data, Encoded) else request.data
        code, returned = self._view.act(request.target, data, now)
        return ActionResponse(request.invoke, code, None if returned is None else Result(returned))
