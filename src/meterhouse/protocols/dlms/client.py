"""A DLMS client as procedures: each yields an APDU to send and is resumed with the APDU that answered it."""

from __future__ import annotations

from collections.abc import Sequence

from meterhouse.model import ProtocolError, StateError, UsageError
from meterhouse.protocols.dlms.accessing import (
    ACCESS_RESPONSE,
    AccessKind,
    AccessRequest,
    AccessResult,
    AccessStep,
    decode_access_response,
    encode_access_request,
)
from meterhouse.protocols.dlms.axdr import Encoded, decode, encode, encode_length
from meterhouse.protocols.dlms.client_blocks import MakePart, act_parts, next_action, set_parts
from meterhouse.protocols.dlms.conversation import Conversation, MakeRequest, Procedure, complaint_of
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.errors import AccessRefusedError, ActionResult, DataAccessResult
from meterhouse.protocols.dlms.initiate import Conformance
from meterhouse.protocols.dlms.interfaces import InterfaceClass
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionBlock,
    ActionList,
    GetList,
    GetNext,
    SetList,
    SetRequest,
    Target,
)
from meterhouse.protocols.dlms.responses import (
    ActionBlockResponse,
    ActionListResponse,
    ActionNextResponse,
    ActionResponse,
    ConfirmedServiceError,
    ExceptionResponse,
    GetBlock,
    GetListResponse,
    GetResponse,
    Outcome,
    Response,
    Result,
    SetBlockResponse,
    SetListResponse,
    SetResponse,
    decode_outcomes,
    decode_response,
    decode_results,
)
from meterhouse.protocols.dlms.rows import Row, profile_rows
from meterhouse.protocols.dlms.selection import Range, Selection
from meterhouse.protocols.dlms.services import needed_conformance
from meterhouse.protocols.dlms.settings import ClientSettings
from meterhouse.protocols.dlms.single import encode_single_action, encode_single_get, single_return, single_value

__all__ = ["MAX_LONG_GET", "Client"]

MAX_LONG_GET = 4 * 1024 * 1024
"""A long answer beyond this many bytes is given up."""
_SET_HEADER = 40
_GENERAL_ONLY = int(Conformance.GENERAL_BLOCK_TRANSFER)
_WITH_SET, _WITH_ACTION = int(Conformance.BLOCK_TRANSFER_WITH_SET), int(Conformance.BLOCK_TRANSFER_WITH_ACTION)


class Client:
    """One client's association with one server. Procedures are driven one at a time.

    Every procedure may raise, besides what is said at it: `ApduError` for an answer that does not decode,
    `AuthenticationError` and `ReplayError` for one that is not believed, `ProtocolError` for one to another
    question, `ExceptionError` and `ServiceError` where the server says that the request itself was wrong. After any
    of these the association should be given up.

    Args:
        settings: see `ClientSettings`.

    Attributes:
        settings: as given.
    """

    __slots__ = ("_long_invoke", "_talk", "settings")

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._talk = Conversation(settings)
        self._long_invoke = 0

    @property
    def associated(self) -> bool:
        """Whether the association is open and, where HLS is used, both sides have proved themselves."""
        return self._talk.associated

    @property
    def conformance(self) -> int:
        """What was agreed on, as bits of `Conformance`; 0 before."""
        return self._talk.conformance

    def associate(self) -> Procedure[None]:
        """Open the association, with HLS pass 3 and 4 where the mechanism is GMAC.

        Raises:
            AssociationRejectedError: with the server's diagnostic.
        """
        yield from self._talk.associate()

    def release(self) -> Procedure[None]:
        """Close the association."""
        yield from self._talk.release()

    def exchange(self, apdu: bytes) -> Procedure[bytes]:
        """A plain APDU of the caller's own making, and the plain APDU that answered it, as they are.

        Both are protected on the way as the settings say, and go in blocks where they are too long.
        """
        if not self.associated:
            raise StateError("there is no association", remedy="Run associate() first.")
        return self._talk.exchange(apdu)

    def get(
        self, interface: InterfaceClass | int, obis: Obis, attribute: int, selection: Selection | None = None
    ) -> Procedure[CosemData]:
        """Read one attribute; a long answer is put together from its blocks.

        Raises:
            AccessRefusedError: with the data-access-result.
        """
        encoded = yield from self.get_encoded(interface, obis, attribute, selection)
        return decode(encoded)

    def get_encoded(
        self, interface: InterfaceClass | int, obis: Obis, attribute: int, selection: Selection | None = None
    ) -> Procedure[bytes]:
        """Like `get`, but the value's A-XDR as it came, unchecked."""
        talk = self._talk
        if not talk.associated:
            raise _unassociated()
        class_id = interface if isinstance(interface, int) else interface.class_id
        invoke = talk.next_invoke()
        answer = yield from talk.exchange(encode_single_get(invoke, class_id, obis, attribute, selection))
        value = single_value(answer, invoke)
        if value is not None:
            return value
        response, what = talk.paired(answer), f"get {Target(class_id, obis, attribute)}"
        if isinstance(response, GetResponse):
            raise _refused(response.result.code, what)
        return (yield from self._blocks(response, what))

    def get_list(
        self, attributes: Sequence[tuple[InterfaceClass | int, Obis, int]]
    ) -> Procedure[list[CosemData | AccessRefusedError]]:
        """Read several attributes in one request; a refused one stands in the list as its error."""
        if not attributes:
            return []
        accesses = tuple(_access(*attribute) for attribute in attributes)
        response = yield from self._ask(lambda invoke: GetList(invoke, accesses))
        if isinstance(response, GetListResponse):
            results = response.results
        else:
            results = decode_results((yield from self._blocks(response, "get with list")))
        if len(results) != len(accesses):
            raise ProtocolError(f"{len(results)} results came for {len(accesses)} references")
        return [_listed(result, access) for result, access in zip(results, accesses, strict=True)]

    def profile(self, obis: Obis, selection: Range) -> Procedure[list[Row]]:
        """Rows of a profile of clock, status and register, by time. See `profile_rows`."""
        return profile_rows((yield from self.get_encoded(7, obis, 2, selection)))

    def set(
        self, interface: InterfaceClass | int, obis: Obis, attribute: int, data: CosemData | Encoded
    ) -> Procedure[None]:
        """Write one attribute, in blocks where it is longer than the server's PDU.

        Raises:
            AccessRefusedError: with the data-access-result.
        """
        access = _access(interface, obis, attribute)
        octets = encode(data)
        if self._fits(octets):
            response = yield from self._ask(lambda invoke: SetRequest(invoke, access, Encoded(octets)))
        else:
            response = yield from self._sent(octets, set_parts((access,), listed=False), f"set {access.target}")
        if not isinstance(response, SetResponse):
            raise ProtocolError(f"set {access.target} was answered with {type(response).__name__}")
        if response.code:
            raise _refused(response.code, f"set {access.target}")

    def set_list(
        self, values: Sequence[tuple[InterfaceClass | int, Obis, int, CosemData]]
    ) -> Procedure[list[AccessRefusedError | None]]:
        """Write several attributes in one request, in blocks where needed; a refused one stands as its error."""
        if not values:
            return []
        accesses = tuple(_access(*value[:3]) for value in values)
        octets = encode_length(len(values)) + b"".join(encode(value[3]) for value in values)
        if self._fits(octets, len(accesses)):
            data = tuple(value[3] for value in values)
            response = yield from self._ask(lambda invoke: SetList(invoke, accesses, data))
        else:
            response = yield from self._sent(octets, set_parts(accesses, listed=True), "set with list")
        if not isinstance(response, SetListResponse) or len(response.codes) != len(accesses):
            raise ProtocolError(f"set with list was answered with {type(response).__name__}")
        results = zip(accesses, response.codes, strict=True)
        return [_refused(code, f"set {access.target}") if code else None for access, code in results]

    def act(
        self, interface: InterfaceClass | int, obis: Obis, method: int, data: CosemData | None = None
    ) -> Procedure[CosemData | None]:
        """Invoke a method, its parameter and what it returned in blocks where needed; what it returned.

        Raises:
            AccessRefusedError: with the action-result.
        """
        talk, target = self._talk, _target(interface, obis, method)
        octets = b"" if data is None else encode(data)
        response: Response
        if self._fits(octets, blocks=_WITH_ACTION):
            if not talk.associated:
                raise _unassociated()
            invoke = talk.next_invoke()
            answer = yield from talk.exchange(encode_single_action(invoke, target.class_id, obis, method, octets))
            value = single_return(answer, invoke)
            if value is not None:
                return decode(value)
            response = talk.paired(answer)
        else:
            response = yield from self._sent(octets, act_parts((target,), listed=False), f"action {target}")
        if isinstance(response, ActionBlockResponse):
            outcomes = decode_outcomes((yield from self._action_blocks(response)), listed=False)
        elif isinstance(response, ActionResponse):
            outcomes = (Outcome(response.code, response.result),)
        else:
            raise ProtocolError(f"action {target} was answered with {type(response).__name__}")
        done = _acted(outcomes[0], target)
        if isinstance(done, AccessRefusedError):
            raise done
        return done

    def act_list(
        self, calls: Sequence[tuple[InterfaceClass | int, Obis, int, CosemData]]
    ) -> Procedure[list[CosemData | AccessRefusedError | None]]:
        """Invoke several methods in one request (null data for no parameter); a refused one stands as its error."""
        if not calls:
            return []
        targets = tuple(_target(*call[:3]) for call in calls)
        octets = encode_length(len(calls)) + b"".join(encode(call[3]) for call in calls)
        if self._fits(octets, len(targets), _WITH_ACTION):
            data = tuple(call[3] for call in calls)
            response = yield from self._ask(lambda invoke: ActionList(invoke, targets, data))
        else:
            response = yield from self._sent(octets, act_parts(targets, listed=True), "action with list")
        if isinstance(response, ActionBlockResponse):
            outcomes = decode_outcomes((yield from self._action_blocks(response)), listed=True)
        elif isinstance(response, ActionListResponse):
            outcomes = response.outcomes
        else:
            raise ProtocolError(f"action with list was answered with {type(response).__name__}")
        if len(outcomes) != len(targets):
            raise ProtocolError(f"{len(outcomes)} outcomes came for {len(targets)} methods")
        return [_acted(outcome, target) for outcome, target in zip(outcomes, targets, strict=True)]

    def access(
        self, steps: Sequence[AccessStep], *, break_on_error: bool = False
    ) -> Procedure[list[CosemData | AccessRefusedError]]:
        """Read, write and invoke in one request; what each step gave, null data where nothing, or its error."""
        if not self.associated:
            raise _unassociated()
        if not steps:
            return []
        self._long_invoke = (self._long_invoke + 1) & 0xFF_FFFF
        flags = AccessRequest.CONFIRMED | (AccessRequest.BREAK_ON_ERROR if break_on_error else 0)
        request = AccessRequest(flags | self._long_invoke, b"", tuple(steps))
        answer = yield from self._talk.exchange(encode_access_request(request))
        if answer[:1] != bytes((ACCESS_RESPONSE,)):
            complaint = decode_response(answer)
            if isinstance(complaint, ExceptionResponse | ConfirmedServiceError):
                raise complaint_of(complaint)
            raise ProtocolError("an access-request was answered by something else")
        response = decode_access_response(answer)
        kinds = [result.kind for result in response.results]
        if response.long_invoke & 0xFF_FFFF != self._long_invoke or kinds != [step.kind for step in steps]:
            raise ProtocolError("the access-response answers another request")
        return [_stepped(result, step) for result, step in zip(response.results, steps, strict=True)]

    def _fits(self, octets: bytes, references: int = 1, blocks: int = _WITH_SET) -> bool:
        size = len(octets) + _SET_HEADER + 11 * (references - 1)
        return size <= self._talk.room or self._talk.conformance & (_GENERAL_ONLY | blocks) == _GENERAL_ONLY

    def _ask(self, make: MakeRequest) -> Procedure[Response]:
        if not self.associated:
            raise _unassociated()
        return self._talk.ask(make)

    def _blocks(self, response: Response, what: str) -> Procedure[bytes]:
        parts: list[bytes] = []
        size = 0
        expected = 1
        while isinstance(response, GetBlock):
            if response.code:
                raise _refused(response.code, what)
            if response.number != expected:
                raise ProtocolError(f"{what}: block {response.number} came where {expected} should")
            parts.append(response.raw)
            size += len(response.raw)
            if response.last:
                return b"".join(parts)
            if size > MAX_LONG_GET or not response.raw:
                raise ProtocolError(f"{what}: the long answer does not end")
            response = yield from self._talk.ask_again(_next(expected))
            expected += 1
        raise ProtocolError(f"{what} was answered with {type(response).__name__}")

    def _sent(self, octets: bytes, part: MakePart, what: str) -> Procedure[Response]:
        """A long SET or ACTION, block by block; the response to the last."""
        first = part(0, b"", last=False)(0)
        needed = needed_conformance(first)
        acknowledged = ActionNextResponse if isinstance(first, ActionBlock) else SetBlockResponse
        references = len(getattr(first, "targets", ()) or getattr(first, "accesses", ()) or (1,))
        room = self._talk.room - _SET_HEADER - 11 * (references - 1)
        if self._talk.conformance & needed != needed or room < 1:
            raise UsageError(f"{what}: {len(octets)} bytes are more than the server takes at once")
        for number, start in enumerate(range(0, len(octets), room), 1):
            raw, last = octets[start : start + room], start + room >= len(octets)
            ask = self._ask if number == 1 else self._talk.ask_again
            response = yield from ask(part(number, raw, last=last))
            if not last and response != acknowledged(self._talk.invoke, number):
                break
        return response

    def _action_blocks(self, response: Response) -> Procedure[bytes]:
        parts: list[bytes] = []
        size, expected = 0, 1
        while isinstance(response, ActionBlockResponse):
            size += len(response.raw)
            if response.number != expected or size > MAX_LONG_GET or not (response.raw or response.last):
                raise ProtocolError(f"block {response.number} of a long action does not go on from {expected - 1}")
            parts.append(response.raw)
            if response.last:
                return b"".join(parts)
            response = yield from self._talk.ask_again(next_action(expected))
            expected += 1
        raise ProtocolError(f"a long action was answered with {type(response).__name__}")


def _next(block: int) -> MakeRequest:
    return lambda invoke: GetNext(invoke, block)


def _unassociated() -> StateError:
    return StateError("there is no association", remedy="Run associate() first.")


def _target(interface: InterfaceClass | int, obis: Obis, index: int) -> Target:
    return Target(interface if isinstance(interface, int) else interface.class_id, obis, index)


def _access(interface: InterfaceClass | int, obis: Obis, attribute: int) -> Access:
    return Access(_target(interface, obis, attribute))


def _data_result(code: int) -> DataAccessResult:
    return DataAccessResult(code) if code in set(DataAccessResult) else DataAccessResult.OTHER_REASON


def _action_result(code: int) -> ActionResult:
    return ActionResult(code) if code in set(ActionResult) else ActionResult.OTHER_REASON


def _refused(code: int, what: str) -> AccessRefusedError:
    return AccessRefusedError(_data_result(code), what)


def _value(result: Result, what: str) -> bytes:
    if result.encoded is None:
        raise _refused(result.code, what)
    return result.encoded


def _acted(outcome: Outcome, target: Target) -> CosemData | AccessRefusedError | None:
    if outcome.code:
        return AccessRefusedError(_action_result(outcome.code), f"action {target}")
    return None if outcome.result is None else decode(_value(outcome.result, f"action {target}"))


def _stepped(result: AccessResult, step: AccessStep) -> CosemData | AccessRefusedError:
    if not result.code:
        return decode(result.encoded)
    acting = result.kind is AccessKind.ACTION
    code = _action_result(result.code) if acting else _data_result(result.code)
    return AccessRefusedError(code, f"access {step.access.target}")


def _listed(result: Result, access: Access) -> CosemData | AccessRefusedError:
    if result.encoded is None:
        return _refused(result.code, f"get {access.target}")
    return decode(result.encoded)
