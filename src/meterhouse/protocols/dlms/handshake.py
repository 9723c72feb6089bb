"""The server's decision on an AARQ: every demand of the client's entry is checked, in order, before anything opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from meterhouse.model import AuthenticationError, MalformedError, ProtocolError, ReplayError, UsageError
from meterhouse.protocols.dlms.access import ClientAccess, Mechanism
from meterhouse.protocols.dlms.acse import CONTEXT_CIPHERED, CONTEXT_PLAIN, Aare, Aarq
from meterhouse.protocols.dlms.association import AssociationFacts
from meterhouse.protocols.dlms.envelopes import ENVELOPE_OVERHEAD
from meterhouse.protocols.dlms.guard import Guard
from meterhouse.protocols.dlms.initiate import (
    DLMS_VERSION,
    IMPLEMENTED,
    LEAST_PDU,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    encode_initiate_response,
)
from meterhouse.protocols.dlms.key_ring import KeySet
from meterhouse.protocols.dlms.objects import LogicalDevice
from meterhouse.protocols.dlms.proofs import Handshake, challenge_length, check_challenges
from meterhouse.protocols.dlms.protection import (
    OVERHEAD,
    TITLE_LENGTH,
    Channel,
    Manner,
    Opened,
    Policy,
    Signing,
    is_ciphered,
)
from meterhouse.protocols.dlms.session import Session
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
_MANUFACTURERS_OWN = 2
_BOTH, _ENCRYPTED = int(Policy.BOTH), int(Policy.ENCRYPTED)
_MECHANISMS = frozenset(Mechanism)
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
    title = _title(request, access, host)
    initiate, opened, used = _initiate(request, access, _guards(access, host, title))
    guard, key_set = used
    _dedicate(initiate, opened, guard)
    facts = _negotiated(request, initiate, server_sap, host)
    overhead = _overhead(access, opened, guard, facts)
    handshake = _handshake(request, access, host, guard) if access.mechanism.challenges else None
    session = Session(access, device, facts, (guard, overhead), handshake, host.refused)
    agreed = encode_initiate_response(InitiateResponse(facts.conformance, facts.max_receive))
    if opened is not None and guard is not None:
        agreed = guard.reply(agreed, opened)
    if access.ring is not None and key_set is not None and opened is not None:
        access.ring.confirm(key_set)
    own_title = host.title if guard else b""
    if handshake is None:
        return Aare(request.context, 0, 1, 0, title=own_title, user_information=agreed), session
    return (
        Aare(
            request.context,
            0,
            1,
            AUTHENTICATION_REQUIRED,
            mechanism=access.mechanism,
            title=own_title,
            challenge=handshake.ours,
            user_information=agreed,
        ),
        session,
    )


def _check_context(request: Aarq, access: ClientAccess) -> None:
    if request.context not in {CONTEXT_PLAIN, CONTEXT_CIPHERED}:
        raise Rejection(CONTEXT_NOT_SUPPORTED, "application context is not known")
    ciphered = request.context == CONTEXT_CIPHERED
    able = bool(access.key_sets()) or access.pairs is not None
    if (access.demanded & _BOTH and not ciphered) or (ciphered and not able):
        raise Rejection(CONTEXT_NOT_SUPPORTED, f"application context {request.context} is not this client's")


def _check_mechanism(request: Aarq, access: ClientAccess) -> None:
    if request.mechanism == _MANUFACTURERS_OWN:
        raise Rejection(MECHANISM_NOT_RECOGNISED, "HLS 2 is each manufacturer's own and specified nowhere")
    if request.mechanism not in _MECHANISMS:
        raise Rejection(MECHANISM_NOT_RECOGNISED, f"mechanism {request.mechanism} is not supported")
    if request.mechanism == Mechanism.NONE and access.mechanism is not Mechanism.NONE:
        raise Rejection(MECHANISM_REQUIRED, "no mechanism where one is demanded")
    if request.mechanism != access.mechanism:
        raise Rejection(AUTHENTICATION_FAILURE, f"mechanism {request.mechanism} is not this client's")
    if access.mechanism is Mechanism.LLS and not compare_digest(request.secret, access.secret):
        raise Rejection(AUTHENTICATION_FAILURE, "wrong secret")


Used = tuple[Guard | None, KeySet | None]


def _title(request: Aarq, access: ClientAccess, host: Host) -> bytes:
    """The client's system title where it is needed, else nothing."""
    if request.context == CONTEXT_PLAIN and not access.mechanism.has_titles and not access.demanded:
        return b""
    title = request.title
    wrong = len(title) != TITLE_LENGTH or title == host.title
    if wrong or (access.title is not None and title != access.title):
        raise Rejection(TITLE_NOT_RECOGNISED, f"system title {title.hex()} is not this client's")
    return title


def _guards(access: ClientAccess, host: Host, title: bytes) -> list[Used]:
    if not title:
        return [(None, None)]
    guards: list[Used] = []
    for each in access.key_sets():
        channel = Channel(each.keys, host.title, title, each.counter, each.seen)
        guards.append((Guard(host.title, title, channel, access.pairs), each))
    return guards or [(Guard(host.title, title, None, access.pairs), None)]


def _initiate(request: Aarq, access: ClientAccess, guards: list[Used]) -> tuple[InitiateRequest, Opened | None, Used]:
    information, opened, used = request.user_information, None, guards[0]
    try:
        if is_ciphered(information):
            opened, used = _opened(information, access, guards)
            information = opened.apdu
        elif access.demanded:
            raise Rejection(AUTHENTICATION_FAILURE, "plain InitiateRequest where protection is demanded")
        return decode_initiate_request(information), opened, used
    except (AuthenticationError, ReplayError, ProtocolError) as error:
        raise Rejection(AUTHENTICATION_FAILURE, str(error)) from error
    except MalformedError as error:
        raise Rejection(NO_REASON, str(error), _REFUSED_BY_HANDLER) from error


def _opened(information: bytes, access: ClientAccess, guards: list[Used]) -> tuple[Opened, Used]:
    """The InitiateRequest under the first of the key sets that it fits."""
    for used in guards[:-1]:
        guard = used[0]
        try:
            if guard is not None:
                return guard.open(information, access.demanded), used
        except AuthenticationError:
            continue
    guard = guards[-1][0]
    if guard is None:
        raise Rejection(AUTHENTICATION_FAILURE, "ciphered InitiateRequest without keys")
    return guard.open(information, access.demanded), guards[-1]


def _dedicate(initiate: InitiateRequest, opened: Opened | None, guard: Guard | None) -> None:
    if not initiate.dedicated_key:
        return
    if opened is None or guard is None or not opened.control & _ENCRYPTED:
        raise Rejection(AUTHENTICATION_FAILURE, "a dedicated key in the clear")
    try:
        guard.dedicate(initiate.dedicated_key)
    except UsageError as error:
        raise Rejection(AUTHENTICATION_FAILURE, error.sentence()) from error


def _overhead(access: ClientAccess, opened: Opened | None, guard: Guard | None, facts: AssociationFacts) -> int:
    if guard is None:
        return 0
    enveloped = opened is not None and (opened.manner is Manner.CIPHERING or opened.signing is not Signing.NONE)
    if not enveloped and access.pairs is None:
        return OVERHEAD
    if facts.max_send >= ENVELOPE_OVERHEAD + LEAST_PDU:
        return ENVELOPE_OVERHEAD
    if enveloped:
        raise Rejection(NO_REASON, f"a PDU size of {facts.max_send} has no room for signatures", _PDU_TOO_SHORT)
    return OVERHEAD


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


def _handshake(request: Aarq, access: ClientAccess, host: Host, guard: Guard | None) -> Handshake:
    pairs = access.pairs
    if access.mechanism is Mechanism.ECDSA and (pairs is None or pairs.signing is None or pairs.peer_signing is None):
        raise Rejection(AUTHENTICATION_FAILURE, "a key for ECDSA is missing")
    ours = host.entropy(challenge_length(access.mechanism))
    try:
        check_challenges(request.secret, ours)
    except AuthenticationError as error:
        raise Rejection(AUTHENTICATION_FAILURE, error.sentence()) from error
    channel = guard.channel if guard is not None else None
    return Handshake(access.mechanism, ours, request.secret, host.title, request.title, access.secret, channel, pairs)
