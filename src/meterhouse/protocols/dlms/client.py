"""A DLMS client as procedures: each yields an APDU to send and is resumed with the APDU that answered it."""

from __future__ import annotations

from collections.abc import Sequence

from meterhouse.model import ProtocolError, StateError, UsageError
from meterhouse.protocols.dlms.axdr import Encoded, decode, encode
from meterhouse.protocols.dlms.conversation import Conversation, MakeRequest, Procedure
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.errors import AccessRefusedError, ActionResult, DataAccessResult
from meterhouse.protocols.dlms.initiate import Conformance
from meterhouse.protocols.dlms.interfaces import InterfaceClass
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionRequest,
    GetList,
    GetNext,
    GetRequest,
    SetBlock,
    SetRequest,
    Target,
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
    decode_results,
)
from meterhouse.protocols.dlms.rows import Row, profile_rows
from meterhouse.protocols.dlms.selection import Range, Selection, encode_selection
from meterhouse.protocols.dlms.settings import ClientSettings

__all__ = ["MAX_LONG_GET", "Client"]

MAX_LONG_GET = 4 * 1024 * 1024
"""A long answer beyond this many bytes is given up."""
_SET_HEADER = 40


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

    __slots__ = ("_talk", "settings")

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._talk = Conversation(settings)

    @property
    def associated(self) -> bool:
        """Whether the association is open and, where HLS is used, both sides have proved themselves."""
        return self._talk.associated

    def associate(self) -> Procedure[None]:
        """Open the association, with HLS pass 3 and 4 where the mechanism is GMAC.

        Raises:
            AssociationRejectedError: with the server's diagnostic.
        """
        yield from self._talk.associate()

    def release(self) -> Procedure[None]:
        """Close the association."""
        yield from self._talk.release()

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
        access = _access(interface, obis, attribute, selection)
        response = yield from self._ask(lambda invoke: GetRequest(invoke, access))
        if isinstance(response, GetResponse):
            return _value(response.result, f"get {access.target}")
        return (yield from self._blocks(response, f"get {access.target}"))

    def get_list(
        self, attributes: Sequence[tuple[InterfaceClass | int, Obis, int]]
    ) -> Procedure[list[CosemData | AccessRefusedError]]:
        """Read several attributes in one request; a refused one stands in the list as its error."""
        if not attributes:
            return []
        accesses = tuple(_access(*attribute, None) for attribute in attributes)
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
        access = _access(interface, obis, attribute, None)
        octets = encode(data)
        room = self._talk.room - _SET_HEADER
        if len(octets) <= room:
            response = yield from self._ask(lambda invoke: SetRequest(invoke, access, Encoded(octets)))
        else:
            response = yield from self._set_blocks(access, octets, room)
        if not isinstance(response, SetResponse):
            raise ProtocolError(f"set {access.target} was answered with {type(response).__name__}")
        if response.code:
            raise _refused(response.code, f"set {access.target}")

    def act(
        self, interface: InterfaceClass | int, obis: Obis, method: int, data: CosemData | None = None
    ) -> Procedure[CosemData | None]:
        """Invoke a method; what it returned.

        Raises:
            AccessRefusedError: with the action-result.
        """
        target = _target(interface, obis, method)
        response = yield from self._ask(lambda invoke: ActionRequest(invoke, target, data))
        if not isinstance(response, ActionResponse):
            raise ProtocolError(f"action {target} was answered with {type(response).__name__}")
        if response.code:
            raise AccessRefusedError(_action_result(response.code), f"action {target}")
        return None if response.result is None else decode(_value(response.result, f"action {target}"))

    def _ask(self, make: MakeRequest) -> Procedure[Response]:
        if not self.associated:
            raise StateError("there is no association", remedy="Run associate() first.")
        return (yield from self._talk.ask(make))

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

    def _set_blocks(self, access: Access, octets: bytes, room: int) -> Procedure[Response]:
        if not self._talk.conformance & Conformance.BLOCK_TRANSFER_WITH_SET:
            raise UsageError(f"set {access.target}: {len(octets)} bytes are more than the server takes at once")
        for number, start in enumerate(range(0, len(octets), room), 1):
            raw, last = octets[start : start + room], start + room >= len(octets)
            first = access if number == 1 else None
            ask = self._talk.ask if first else self._talk.ask_again
            response = yield from ask(_set_block(first, number, raw, last=last))
            if not last and response != SetBlockResponse(self._talk.invoke, number):
                break
        return response


def _next(block: int) -> MakeRequest:
    return lambda invoke: GetNext(invoke, block)


def _set_block(access: Access | None, number: int, raw: bytes, *, last: bool) -> MakeRequest:
    return lambda invoke: SetBlock(invoke, access, last, number, raw)


def _target(interface: InterfaceClass | int, obis: Obis, index: int) -> Target:
    return Target(interface if isinstance(interface, int) else interface.class_id, obis, index)


def _access(interface: InterfaceClass | int, obis: Obis, attribute: int, selection: Selection | None) -> Access:
    target = _target(interface, obis, attribute)
    return Access(target) if selection is None else Access(target, *encode_selection(selection))


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


def _listed(result: Result, access: Access) -> CosemData | AccessRefusedError:
    if result.encoded is None:
        return _refused(result.code, f"get {access.target}")
    return decode(result.encoded)
