"""The services on the server's side of one open association, with their block transfers."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Instant
from meterhouse.protocols.dlms.accessing import (
    AccessKind,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessStep,
)
from meterhouse.protocols.dlms.axdr import Encoded
from meterhouse.protocols.dlms.data import CosemData, Tag
from meterhouse.protocols.dlms.errors import ActionResult, ApduError, DataAccessResult
from meterhouse.protocols.dlms.initiate import Conformance
from meterhouse.protocols.dlms.long_transfers import Arriving, Leaving
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionBlock,
    ActionList,
    ActionNext,
    ActionRequest,
    GetList,
    GetNext,
    GetRequest,
    Request,
    SetBlock,
    SetList,
    SetListBlock,
    SetRequest,
    Target,
    decode_values,
)
from meterhouse.protocols.dlms.responses import (
    ActionBlockResponse,
    ActionListResponse,
    ActionNextResponse,
    ActionResponse,
    GetBlock,
    GetListResponse,
    GetResponse,
    Outcome,
    Response,
    Result,
    SetBlockResponse,
    SetListResponse,
    SetResponse,
    encode_outcomes,
    encode_results,
)
from meterhouse.protocols.dlms.view import View

__all__ = ["MAX_SET", "Services", "needed_conformance"]

MAX_SET: Final = 65_536
"""A SET or ACTION in blocks beyond this many bytes is aborted."""

_HEADER: Final = 4
"""What stands before the value in a plain GET answer: tag, kind, invoke id, result."""
_BLOCK_HEADER: Final = 14
"""The most that stands before the bytes of a block."""
_WITH_GET: Final = int(Conformance.BLOCK_TRANSFER_WITH_GET)  # the operators of an IntFlag are slow
_WITH_ACTION: Final = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)
_GENERAL: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)
_NEEDED: Final[dict[type, int]] = {
    GetRequest: Conformance.GET,
    GetNext: Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET,
    GetList: Conformance.GET | Conformance.MULTIPLE_REFERENCES,
    SetRequest: Conformance.SET,
    SetBlock: Conformance.SET | Conformance.BLOCK_TRANSFER_WITH_SET,
    SetList: Conformance.SET | Conformance.MULTIPLE_REFERENCES,
    SetListBlock: Conformance.SET | Conformance.BLOCK_TRANSFER_WITH_SET | Conformance.MULTIPLE_REFERENCES,
    ActionRequest: Conformance.ACTION,
    ActionNext: Conformance.ACTION | Conformance.BLOCK_TRANSFER_WITH_ACTION,
    ActionList: Conformance.ACTION | Conformance.MULTIPLE_REFERENCES,
    ActionBlock: Conformance.ACTION | Conformance.BLOCK_TRANSFER_WITH_ACTION,
    AccessRequest: Conformance.ACCESS,
}


def needed_conformance(request: Request | AccessRequest) -> int:
    """The conformance bits that an association must have negotiated for `request`."""
    return _NEEDED[type(request)]


class Services:
    """Answers requests out of a view, in pieces where the client cannot take them whole.

    At most one long GET, one long SET, one long ACTION and one long answer to an ACTION are under way; a new one of its
    kind ends the old one. A block under another invoke id or number ends the transfer it was meant for, with the code
    that says so; the association lives on.

    Args:
        view: what the client sees.
        room: the largest plain APDU that the client takes once it is protected.
        conformance: what was negotiated.
    """

    __slots__ = ("_acting", "_actions", "_conformance", "_get", "_room", "_set", "_view")

    def __init__(self, view: View, room: int, conformance: int) -> None:
        self._view = view
        self._room = room
        self._conformance = conformance
        self._get: Leaving | None = None
        self._actions: Leaving | None = None
        self._set: Arriving[Access] | None = None
        self._acting: Arriving[Target] | None = None

    def answer(self, request: Request, now: Instant) -> Response:  # noqa: C901, PLR0911 -- one case a service
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
            case SetList(invoke, accesses, values):
                return SetListResponse(invoke, self._set_all(accesses, values, now))
            case SetBlock() | SetListBlock():
                return self._set_block(request, now)
            case ActionRequest(invoke, target, data):
                value = data.decode() if isinstance(data, Encoded) else data
                return self._acted(invoke, (self._act(target, value, now),), listed=False)
            case ActionList(invoke, targets, values):
                return self._acted(invoke, self._act_all(targets, values, now), listed=True)
            case ActionNext(invoke, block):
                return self._action_next(invoke, block)
            case ActionBlock():
                return self._action_block(request, now)

    def _fits(self, length: int, blocks: int) -> bool:
        """Whether an answer of `length` may leave whole: it is short, or only general block transfer can carry it."""
        return length <= self._room or self._conformance & (blocks | _GENERAL) == _GENERAL

    def _get_one(self, invoke: int, access: Access, now: Instant) -> Response:
        self._get = None
        result = self._view.get(access, now)
        if result.encoded is None or self._fits(_HEADER + len(result.encoded), _WITH_GET):
            return GetResponse(invoke, result)
        if not self._conformance & _WITH_GET:
            return GetResponse(invoke, Result(None, DataAccessResult.DATA_BLOCK_UNAVAILABLE))
        self._get = Leaving(invoke, result.encoded)
        return self._next_block(self._get)

    def _get_list(self, invoke: int, accesses: tuple[Access, ...], now: Instant) -> Response:
        self._get = None
        results = tuple(self._view.get(access, now) for access in accesses)
        octets = encode_results(results)
        if self._fits(_HEADER - 1 + len(octets), _WITH_GET):
            return GetListResponse(invoke, results)
        if not self._conformance & _WITH_GET:
            failed = Result(None, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
            return GetListResponse(invoke, tuple(failed for _ in results))
        self._get = Leaving(invoke, octets)
        return self._next_block(self._get)

    def _next_block(self, long: Leaving) -> Response:
        raw, last = long.next(self._room - _BLOCK_HEADER)
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

    def _set_all(self, accesses: tuple[Access, ...], values: tuple[CosemData, ...], now: Instant) -> tuple[int, ...]:
        return tuple(self._view.set(access, data, now) for access, data in zip(accesses, values, strict=True))

    def _set_block(self, block: SetBlock | SetListBlock, now: Instant) -> Response:
        invoke, long, self._set = block.invoke, self._set, None
        if isinstance(block, SetListBlock):
            long = Arriving(invoke, block.accesses, listed=True)
        elif block.access is not None:
            long = Arriving(invoke, (block.access,), listed=False)
        if long is None or long.invoke & 0x0F != invoke & 0x0F:
            return SetResponse(invoke, DataAccessResult.NO_LONG_SET_IN_PROGRESS, block.number)
        if block.number != long.number + 1:
            return SetResponse(invoke, DataAccessResult.DATA_BLOCK_NUMBER_INVALID, block.number)
        if len(long.octets) + len(block.raw) > MAX_SET:
            return SetResponse(invoke, DataAccessResult.LONG_SET_ABORTED, block.number)
        long.add(block.number, block.raw)
        if not block.last:
            self._set = long
            return SetBlockResponse(invoke, block.number)
        if not long.listed:
            code = self._view.set(long.targets[0], Encoded(bytes(long.octets)), now)
            return SetResponse(invoke, code, block.number)
        try:
            values = decode_values(bytes(long.octets), len(long.targets))
        except ApduError:
            codes = (int(DataAccessResult.TYPE_UNMATCHED),) * len(long.targets)
            return SetListResponse(invoke, codes, block.number)
        return SetListResponse(invoke, self._set_all(long.targets, values, now), block.number)

    def _act(self, target: Target, data: CosemData | None, now: Instant) -> Outcome:
        code, returned = self._view.act(target, data, now)
        return Outcome(code, None if returned is None else Result(returned))

    def _act_all(self, targets: tuple[Target, ...], values: tuple[CosemData, ...], now: Instant) -> tuple[Outcome, ...]:
        return tuple(self._act(target, data, now) for target, data in zip(targets, values, strict=True))

    def _acted(self, invoke: int, outcomes: tuple[Outcome, ...], *, listed: bool) -> Response:
        self._actions = None
        octets = encode_outcomes(outcomes, listed=listed)
        if self._fits(_HEADER - 1 + len(octets), _WITH_ACTION):
            if listed:
                return ActionListResponse(invoke, outcomes)
            return ActionResponse(invoke, outcomes[0].code, outcomes[0].result)
        if not self._conformance & _WITH_ACTION:
            # The method has been invoked: its code stands, only what it returned cannot be told.
            untold = tuple(Outcome(outcome.code) for outcome in outcomes)
            return ActionListResponse(invoke, untold) if listed else ActionResponse(invoke, untold[0].code)
        self._actions = Leaving(invoke, octets)
        return self._action_next(invoke, 0)

    def _action_next(self, invoke: int, block: int) -> Response:
        long, self._actions = self._actions, None
        if long is None or long.invoke & 0x0F != invoke & 0x0F:
            return ActionResponse(invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        if block != long.number:
            return ActionResponse(invoke, ActionResult.LONG_ACTION_ABORTED)
        raw, last = long.next(self._room - _BLOCK_HEADER)
        if not last:
            self._actions = long
        return ActionBlockResponse(invoke, last, long.number, raw)

    def _action_block(self, block: ActionBlock, now: Instant) -> Response:
        invoke, long, self._acting = block.invoke, self._acting, None
        if block.targets:
            long = Arriving(invoke, block.targets, listed=block.listed)
        if long is None or long.invoke & 0x0F != invoke & 0x0F:
            return ActionResponse(invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        if block.number != long.number + 1 or len(long.octets) + len(block.raw) > MAX_SET:
            return ActionResponse(invoke, ActionResult.LONG_ACTION_ABORTED)
        long.add(block.number, block.raw)
        if not block.last:
            self._acting = long
            return ActionNextResponse(invoke, block.number)
        try:
            if not long.listed:
                data = Encoded(bytes(long.octets)).decode()
                return self._acted(invoke, (self._act(long.targets[0], data, now),), listed=False)
            values = decode_values(bytes(long.octets), len(long.targets))
        except ApduError:
            return ActionResponse(invoke, ActionResult.TYPE_UNMATCHED)
        return self._acted(invoke, self._act_all(long.targets, values, now), listed=True)

    def access(self, request: AccessRequest, now: Instant) -> AccessResponse:
        """The response to an ACCESS. With "break on error", steps after the first that fails are not tried."""
        results: list[AccessResult] = []
        for step in request.steps:
            broken = request.long_invoke & request.BREAK_ON_ERROR and any(result.code for result in results)
            results.append(AccessResult(step.kind, _NOT_TRIED) if broken else self._step(step, now))
        return AccessResponse(request.long_invoke, b"", tuple(results))

    def _step(self, step: AccessStep, now: Instant) -> AccessResult:
        if step.kind is AccessKind.GET:
            result = self._view.get(step.access, now)
            return AccessResult(step.kind, result.code, result.encoded or b"\x00")
        if step.kind is AccessKind.SET:
            return AccessResult(step.kind, self._view.set(step.access, step.data, now))
        data = None if step.data.tag == Tag.NULL else step.data
        code, returned = self._view.act(step.access.target, data, now)
        return AccessResult(step.kind, code, returned or b"\x00")


_NOT_TRIED: Final = int(DataAccessResult.OTHER_REASON)
