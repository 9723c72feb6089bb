"""COSEM content of a sealed message: one DLMS request, passed on as it is; here only read, to see what it would do."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.protocols.dlms import ApduError, CosemData
from meterhouse.protocols.dlms.accessing import (
    ACCESS_REQUEST,
    AccessKind,
    decode_access_request,
    encode_access_request,
)
from meterhouse.protocols.dlms.requests import ActionRequest, SetRequest, Target, decode_request, encode_request

__all__ = ["CosemStep", "decode_steps"]


@dataclass(frozen=True, slots=True)
class CosemStep:
    """One thing that a request would do.

    Attributes:
        kind: get, set or action.
        target: class, logical name, and attribute or method.
        data: the value or parameter; None where there is none.
    """

    kind: AccessKind
    target: Target
    data: CosemData | None


def decode_steps(apdu: bytes) -> tuple[CosemStep, ...]:
    """The steps of an access-request, set-request-normal or action-request-normal.

    Raises:
        SealedError: another APDU, malformed, with a selector, or not in its one encoding.
    """
    try:
        return _access(apdu) if apdu[:1] == bytes((ACCESS_REQUEST,)) else _single(apdu)
    except ApduError as error:
        raise SealedError("the content is no COSEM request", why=error.sentence()) from error


def _access(apdu: bytes) -> tuple[CosemStep, ...]:
    request = decode_access_request(apdu)
    if encode_access_request(request) != apdu or any(step.access.parameters is not None for step in request.steps):
        raise SealedError("the access-request has a selector or is not written in its one encoding")
    return tuple(CosemStep(step.kind, step.access.target, step.data) for step in request.steps)


def _single(apdu: bytes) -> tuple[CosemStep, ...]:
    request = decode_request(apdu)
    if encode_request(request) != apdu:
        raise SealedError("the request is not written in its one encoding")
    if isinstance(request, SetRequest) and isinstance(request.data, CosemData) and request.access.parameters is None:
        return (CosemStep(AccessKind.SET, request.access.target, request.data),)
    if isinstance(request, ActionRequest) and not (
        request.data is not None and not isinstance(request.data, CosemData)
    ):
        return (CosemStep(AccessKind.ACTION, request.target, request.data),)
    raise SealedError("the content is neither a set nor an action of one attribute or method")
