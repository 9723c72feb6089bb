"""What can go wrong in DLMS/COSEM, and the codes that say so on the wire."""

from __future__ import annotations

from enum import IntEnum

from meterhouse.model import MalformedError, RefusedError

__all__ = [
    "AccessRefusedError",
    "ActionResult",
    "ApduError",
    "AssociationRejectedError",
    "DataAccessResult",
    "ExceptionError",
    "ServiceError",
]


class ApduError(MalformedError):
    """The bytes are not the APDU, data or time that they should be. The only error of the decoders in this room."""


class DataAccessResult(IntEnum):
    """Data-Access-Result of GET and SET (IEC 62056-5-3 table of enumerations)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class ActionResult(IntEnum):
    """Action-Result of ACTION; where a name is shared with `DataAccessResult`, so is the number."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250


def _worded(code: IntEnum) -> str:
    return code.name.lower().replace("_", "-")


class AccessRefusedError(RefusedError):
    """An attribute or method was refused; raised by a server's store to refuse, and by the client when told so.

    Args:
        result: the reason; it goes on the wire as it is.
        what: what was asked for.

    Attributes:
        result: the reason.
    """

    def __init__(self, result: DataAccessResult | ActionResult, what: str = "access") -> None:
        super().__init__(f"{what} refused: {_worded(result)} ({int(result)})", code=int(result))
        self.result = result


class AssociationRejectedError(RefusedError):
    """The server's AARE says no.

    Attributes:
        result: 1 rejected-permanent, 2 rejected-transient.
        source: 1 ACSE service user, 2 ACSE service provider.
        code: the diagnostic of that source.
    """

    def __init__(self, result: int, source: int, diagnostic: int) -> None:
        names = _USER_DIAGNOSTICS if source == 1 else _PROVIDER_DIAGNOSTICS
        reason = names.get(diagnostic, "unknown")
        super().__init__(f"association rejected: {reason} ({diagnostic})", code=diagnostic)
        self.result = result
        self.source = source


_USER_DIAGNOSTICS = {
    0: "null",
    1: "no-reason-given",
    2: "application-context-name-not-supported",
    3: "calling-AP-title-not-recognized",
    11: "authentication-mechanism-name-not-recognised",
    12: "authentication-mechanism-name-required",
    13: "authentication-failure",
    14: "authentication-required",
}
_PROVIDER_DIAGNOSTICS = {0: "null", 1: "no-reason-given", 2: "no-common-acse-version"}


class ExceptionError(RefusedError):
    """The server's exception-response. It travels unprotected, so it is a hint, not a proof.

    Attributes:
        state: 1 service-not-allowed, 2 service-unknown.
        code: 1 operation-not-possible, 2 service-not-supported, 3 other-reason, 4 pdu-too-long, 5 deciphering-error,
            6 invocation-counter-error.
        counter: with code 6, the invocation counter that the server expects at least.
    """

    def __init__(self, state: int, service: int, counter: int | None = None) -> None:
        named = _EXCEPTIONS.get(service, "unknown")
        super().__init__(f"the server answered with an exception: {named} ({service})", code=service)
        self.state = state
        self.counter = counter


_EXCEPTIONS = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}


class ServiceError(RefusedError):
    """The server's confirmed-service-error.

    Attributes:
        service: 1 initiateError, 5 read, 6 write.
        group: the choice of ServiceError, such as 0 application-reference, 6 initiate.
        code: the value in that group.
    """

    def __init__(self, service: int, group: int, value: int) -> None:
        super().__init__(f"the server answered with a service error: group {group}, value {value}", code=value)
        self.service = service
        self.group = group
