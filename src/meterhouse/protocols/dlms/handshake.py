"""The server's decision on an AARQ: every demand of the client's entry is checked, in order, before anything opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from meterhouse.model import AuthenticationError, MalformedError, ProtocolError, ReplayError
from meterhouse.protocols.dlms.access import ClientAccess, Mechanism
from meterhouse.protocols.dlms.acse import CONTEXT_CIPHERED, CONTEXT_PLAIN, Aare, Aarq
from meterhouse.protocols.dlms.association import AssociationFacts
from meterhouse.protocols.dlms.initiate import (
    DLMS_VERSION,
    IMPLEMENTED,
    LEAST_PDU,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    encode_initiate_response,
)
from meterhouse.protocols.dlms.objects import LogicalDevice
from meterhouse.protocols.dlms.protection import TITLE_LENGTH, Channel, Opened, is_ciphered
from meterhouse.protocols.dlms.session import Challenges, Session
from meterhouse.protocols.dlms.view import Refused

__all__ = ["Host", "Rejection", "open_session", "rejected"]

NO_REASON = 1
CONTEXT_NOT_SUPPORTED = 2
TITLE_NOT_RECOGNISED = 3
MECHANISM_NOT_RECOGNISED = 11
MECHANISM_REQUIRED = 12
AUTHENTICATION_FAILURE = 13
AUTHENTICATION_REQUIRED = 14
_VERSION_TOO_LOW = bytes.fromhex("0e010601")
_INCOMPATIBLE_CONFORMANCE = bytes.fromhex("0e010602")
_PDU_TOO_SHORT = bytes.fromhex("0e010603")
_REFUSED_BY_HANDLER = bytes.fromhex("0e010604")
_CHALLENGE_LENGTH = 16
_NO_LIMIT = 0xFFFF


class Rejection(Exception):  # noqa: N818 -- never leaves the server: it becomes an AARE
    """Why an AARQ is turned down.

    Attributes:
        diagnostic: of the ACSE service user.
        user_information: a confirmed-service-error, or empty.
    """

    def __init__(self, diagnostic: int, why: str, user_information: bytes = b"") -> None:
        super().__init__(why)
        self.diagnostic = diagnostic
        self.user_information = user_information


@dataclass(frozen=True, slots=True)
class Host:
    """What a server gives to each handshake.

    Attributes:
        title: its system title.
        entropy: random bytes.
        max_pdu: the largest APDU that it takes.
        refused: notes each refusal.
    """

    title: bytes
    entropy: Callable[[int], bytes]
    max_pdu: int
    refused: Refused


def rejected(request: Aarq | None, rejection: Rejection) -> Aare:
    """The AARE that turns an AARQ down for good."""
    context = request.context if request and request.context else CONTEXT_PLAIN
    return Aare(context, 1, 1, rejection.diagnostic, user_information=rejection.user_information)


def open_session(
    request: Aarq, access: ClientAccess, device: LogicalDevice, server_sap: int, host: Host
) -> tuple[Aare, Session]:
    """The accepting AARE and the session that it opens.

    Raises:
        Rejection: anything is not as the client's entry demands.
    """
    _check_context(request, access)
    _check_mechanism(request, access)
    channel = _channel(request, access, host)
    initiate, opened = _initiate(request, access, channel)
    facts = _negotiated(request, initiate, server_sap, host)
    challenges = _challenges(request, host) if access.mechanism is Mechanism.GMAC else None
    session = Session(access, device, facts, channel, challenges, host.refused)
    agreed = encode_initiate_response(InitiateResponse(facts.conformance, facts.max_receive))
    if opened is not None and channel is not None:
        agreed = channel.seal(agreed, opened.control, opened.manner)
    title = host.title if channel else b""
    if challenges is None:
        return Aare(request.context, 0, 1, 0, title=title, user_information=agreed), session
    return (
        Aare(
            request.context,
            0,
            1,
            AUTHENTICATION_REQUIRED,
            mechanism=access.mechanism,
            title=title,
            challenge=challenges.to_client,
            user_information=agreed,
        ),
        session,
    )


def _check_context(request: Aarq, access: ClientAccess) -> None:
    if request.context not in {CONTEXT_PLAIN, CONTEXT_CIPHERED}:
        raise Rejection(CONTEXT_NOT_SUPPORTED, "application context is not known")
    ciphered = request.context == CONTEXT_CIPHERED
    if (access.policy and not ciphered) or (ciphered and access.keys is None):
        raise Rejection(CONTEXT_NOT_SUPPORTED, f"application context {request.context} is not this client's")


def _check_mechanism(request: Aarq, access: ClientAccess) -> None:
    if request.mechanism not in set(Mechanism):
        raise Rejection(MECHANISM_NOT_RECOGNISED, f"mechanism {request.mechanism} is not supported")
    if request.mechanism == Mechanism.NONE and access.mechanism is not Mechanism.NONE:
        raise Rejection(MECHANISM_REQUIRED, "no mechanism where one is demanded")
    if request.mechanism != access.mechanism:
        raise Rejection(AUTHENTICATION_FAILURE, f"mechanism {request.mechanism} is not this client's")
    if access.mechanism is Mechanism.LLS and not compare_digest(request.secret, access.secret):
        raise Rejection(AUTHENTICATION_FAILURE, "wrong secret")
    if access.mechanism is Mechanism.GMAC and not 8 <= len(request.secret) <= 64:
        raise Rejection(AUTHENTICATION_FAILURE, f"a challenge of {len(request.secret)} bytes is not 8 to 64 long")


def _channel(request: Aarq, access: ClientAccess, host: Host) -> Channel | None:
    unciphered = request.context == CONTEXT_PLAIN and access.mechanism is not Mechanism.GMAC
    if access.keys is None or access.counter is None or unciphered:
        return None
    title = request.title
    wrong = len(title) != TITLE_LENGTH or title == host.title
    if wrong or (access.title is not None and title != access.title):
        raise Rejection(TITLE_NOT_RECOGNISED, f"system title {title.hex()} is not this client's")
    return Channel(access.keys, host.title, title, access.counter, access.seen)


def _initiate(request: Aarq, access: ClientAccess, channel: Channel | None) -> tuple[InitiateRequest, Opened | None]:
    information, opened = request.user_information, None
    try:
        if is_ciphered(information):
            if channel is None:
                raise Rejection(AUTHENTICATION_FAILURE, "ciphered InitiateRequest without keys")
            opened = channel.open(information, access.policy)
            information = opened.apdu
        elif access.policy:
            raise Rejection(AUTHENTICATION_FAILURE, "plain InitiateRequest where protection is demanded")
        return decode_initiate_request(information), opened
    except (AuthenticationError, ReplayError, ProtocolError) as error:
        raise Rejection(AUTHENTICATION_FAILURE, str(error)) from error
    except MalformedError as error:
        raise Rejection(NO_REASON, str(error), _REFUSED_BY_HANDLER) from error


def _negotiated(request: Aarq, initiate: InitiateRequest, server_sap: int, host: Host) -> AssociationFacts:
    if initiate.version != DLMS_VERSION:
        raise Rejection(NO_REASON, f"DLMS version {initiate.version} is not {DLMS_VERSION}", _VERSION_TOO_LOW)
    conformance = initiate.conformance & IMPLEMENTED
    if not conformance:
        raise Rejection(NO_REASON, "no service in common", _INCOMPATIBLE_CONFORMANCE)
    if 0 < initiate.max_pdu < LEAST_PDU:
        raise Rejection(NO_REASON, f"a PDU size of {initiate.max_pdu} is below {LEAST_PDU}", _PDU_TOO_SHORT)
    max_send = initiate.max_pdu or _NO_LIMIT
    return AssociationFacts(server_sap, request.context, conformance, host.max_pdu, max_send)


def _challenges(request: Aarq, host: Host) -> Challenges:
    ours = host.entropy(_CHALLENGE_LENGTH)
    if ours == request.secret:
        raise Rejection(AUTHENTICATION_FAILURE, "both challenges are equal")
    return Challenges(request.secret, ours)
