"""What can go wrong in DLMS/COSEM, and the codes that say so on the wire."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import MalformedError, RefusedError

__all__ = [
    "ACSE_PROVIDER_DIAGNOSTICS",
    "ACSE_USER_DIAGNOSTICS",
    "EXCEPTIONS",
    "SERVICE_ERRORS",
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


ACSE_USER_DIAGNOSTICS: Final = {
    0: "null",
    1: "no-reason-given",
    2: "application-context-name-not-supported",
    3: "calling-AP-title-not-recognized",
    4: "calling-AP-invocation-identifier-not-recognized",
    5: "calling-AE-qualifier-not-recognized",
    6: "calling-AE-invocation-identifier-not-recognized",
    7: "called-AP-title-not-recognized",
    8: "called-AP-invocation-identifier-not-recognized",
    9: "called-AE-qualifier-not-recognized",
    10: "called-AE-invocation-identifier-not-recognized",
    11: "authentication-mechanism-name-not-recognised",
    12: "authentication-mechanism-name-required",
    13: "authentication-failure",
    14: "authentication-required",
}
"""Associate-source-diagnostic of the ACSE service user (IEC 62056-5-3 §9.4; 3 to 10 out of ITU-T X.227)."""
ACSE_PROVIDER_DIAGNOSTICS: Final = {0: "null", 1: "no-reason-given", 2: "no-common-acse-version"}
"""Associate-source-diagnostic of the ACSE service provider."""
EXCEPTIONS: Final = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}
"""Service-error of an exception-response."""
SERVICE_ERRORS: Final = {
    0: (
        "application-reference",
        (
            "other",
            "time-elapsed",
            "application-unreachable",
            "application-reference-invalid",
            "application-context-unsupported",
            "provider-communication-error",
            "deciphering-error",
        ),
    ),
    1: (
        "hardware-resource",
        (
            "other",
            "memory-unavailable",
            "processor-resource-unavailable",
            "mass-storage-unavailable",
            "other-resource-unavailable",
        ),
    ),
    2: ("vde-state-error", ("other", "no-dlms-context", "loading-data-set", "status-nochange", "status-inoperable")),
    3: ("service", ("other", "pdu-size", "service-unsupported")),
    4: ("definition", ("other", "object-undefined", "object-class-inconsistent", "object-attribute-inconsistent")),
    5: (
        "access",
        ("other", "scope-of-access-violated", "object-access-violated", "hardware-fault", "object-unavailable"),
    ),
    6: (
        "initiate",
        (
            "other",
            "dlms-version-too-low",
            "incompatible-conformance",
            "pdu-size-too-short",
            "refused-by-the-VDE-Handler",
        ),
    ),
    7: (
        "load-data-set",
        (
            "other",
            "primitive-out-of-sequence",
            "not-loadable",
            "dataset-size-too-large",
            "not-awaited-segment",
            "interpretation-failure",
            "storage-failure",
            "data-set-not-ready",
        ),
    ),
    8: ("change-scope", ()),
    9: ("task", ("other", "no-remote-control", "ti-stopped", "ti-running", "ti-unusable")),
    10: ("other", ("other",)),
}
"""The choices of ServiceError in a confirmed-service-error: the group's name, and its values from 0 (§9.5).

Held against three public implementations that were made apart from each other; 8 is reserved.
"""


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
        names = ACSE_USER_DIAGNOSTICS if source == 1 else ACSE_PROVIDER_DIAGNOSTICS
        reason = names.get(diagnostic, "unknown")
        super().__init__(f"association rejected: {reason} ({diagnostic})", code=diagnostic)
        self.result = result
        self.source = source


class ExceptionError(RefusedError):
    """The server's exception-response. It travels unprotected, so it is a hint, not a proof.

    Attributes:
        state: 1 service-not-allowed, 2 service-unknown.
        code: 1 operation-not-possible, 2 service-not-supported, 3 other-reason, 4 pdu-too-long, 5 deciphering-error,
            6 invocation-counter-error.
        counter: with code 6, the invocation counter that the server expects at least.
    """

    def __init__(self, state: int, service: int, counter: int | None = None) -> None:
        named = EXCEPTIONS.get(service, "unknown")
        super().__init__(f"the server answered with an exception: {named} ({service})", code=service)
        self.state = state
        self.counter = counter


class ServiceError(RefusedError):
    """The server's confirmed-service-error.

    Attributes:
        service: 1 initiateError, 5 read, 6 write.
        group: the choice of ServiceError, such as 0 application-reference, 6 initiate.
        code: the value in that group.
    """

    def __init__(self, service: int, group: int, value: int) -> None:
        named, values = SERVICE_ERRORS.get(group, ("unknown", ()))
        worded = values[value] if value < len(values) else "unknown"
        words = f"{named}: {worded} (group {group}, value {value})"
        super().__init__(f"the server answered with a service error: {words}", code=value)
        self.service = service
        self.group = group
