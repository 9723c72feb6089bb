"""The client's half of one association: handshake, protection, and the pairing of questions and answers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from meterhouse.model import AuthenticationError, ProtocolError
from meterhouse.protocols.dlms.acse import (
    AARE,
    CONTEXT_CIPHERED,
    CONTEXT_PLAIN,
    Aare,
    Aarq,
    Release,
    decode_aare,
    decode_release,
    encode_aarq,
    encode_release,
)
from meterhouse.protocols.dlms.association import REPLY_TO_HLS
from meterhouse.protocols.dlms.axdr import decode, encode
from meterhouse.protocols.dlms.block_transfer import BLOCK_OVERHEAD, GENERAL_BLOCK_TRANSFER, BlockTransfer
from meterhouse.protocols.dlms.client_transfers import gather, send_blocks
from meterhouse.protocols.dlms.data import octet_string
from meterhouse.protocols.dlms.errors import ApduError, AssociationRejectedError, ExceptionError, ServiceError
from meterhouse.protocols.dlms.guard import Guard
from meterhouse.protocols.dlms.initiate import (
    DLMS_VERSION,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_response,
    encode_initiate_request,
)
from meterhouse.protocols.dlms.interfaces import ASSOCIATION
from meterhouse.protocols.dlms.proofs import Handshake, challenge_length, check_challenges
from meterhouse.protocols.dlms.protection import TITLE_LENGTH, Channel, is_ciphered
from meterhouse.protocols.dlms.requests import Request, encode_request
from meterhouse.protocols.dlms.responses import (
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION,
    ActionResponse,
    ConfirmedServiceError,
    ExceptionResponse,
    Response,
    decode_response,
)
from meterhouse.protocols.dlms.settings import ClientSettings
from meterhouse.protocols.dlms.single import encode_single_action, single_return

__all__ = ["Conversation", "MakeRequest", "Procedure", "complaint_of"]

T = TypeVar("T")
Procedure = Generator[bytes, bytes, T]
"""Yields a whole APDU to send, is sent the whole answering APDU, returns its outcome."""

MakeRequest = Callable[[int], Request]
"""The request for an invoke-id-and-priority byte."""

_AARE = bytes((AARE,))
_BLOCK = bytes((GENERAL_BLOCK_TRANSFER,))
_EXCEPTION = bytes((EXCEPTION,))
_SERVICE_ERROR = bytes((CONFIRMED_SERVICE_ERROR,))
_COMPLAINTS = frozenset({_EXCEPTION, _SERVICE_ERROR})
_CONFIRMED_HIGH = 0xC0
_TRANSFERS = int(Conformance.GENERAL_BLOCK_TRANSFER)  # the operators of an IntFlag are slow
_AUTHENTICATION_REQUIRED = 14
_NO_LIMIT = 0xFFFF


class Conversation:
    """One association as the client knows it.

    Attributes:
        associated: open, and proved where HLS is used.
        conformance: negotiated; 0 before.
        room: the largest plain APDU that the server takes once it is protected.
        invoke: invoke-id-and-priority of the last request.
    """

    __slots__ = (
        "_guard",
        "_limit",
        "_opening",
        "_policy",
        "_settings",
        "_wrapping",
        "associated",
        "conformance",
        "invoke",
        "room",
    )

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._guard: Guard | None = None
        self._opening = self._wrapping = settings.wrapping
        self._policy = int(settings.policy)
        self.associated = False
        self.conformance = 0
        self.room = _NO_LIMIT
        self._limit = _NO_LIMIT
        self.invoke = _CONFIRMED_HIGH

    def ask(self, make: MakeRequest) -> Procedure[Response]:
        """One question under a new invoke id, and its answer."""
        self.next_invoke()
        return self.ask_again(make)

    def next_invoke(self) -> int:
        """Begin a question: its invoke-id-and-priority byte."""
        self.invoke = invoke = _CONFIRMED_HIGH | (self.invoke + 1) & 0x0F
        return invoke

    def ask_again(self, make: MakeRequest) -> Procedure[Response]:
        """A further question of the same service, such as for the next block."""
        return self.paired((yield from self.exchange(encode_request(make(self.invoke)))))

    def paired(self, answer: bytes) -> Response:
        """The response in `answer`, which must be to our last question.

        Raises:
            ExceptionError: the server says that it cannot; likewise ServiceError.
            ProtocolError: another invoke id.
        """
        response = decode_response(answer)
        if isinstance(response, (ExceptionResponse, ConfirmedServiceError)):
            raise complaint_of(response)
        if response.invoke & 0x0F != self.invoke & 0x0F:
            raise ProtocolError(f"the answer's invoke id {response.invoke & 0x0F} is not {self.invoke & 0x0F}")
        return response

    def exchange(self, apdu: bytes) -> Procedure[bytes]:
        """A plain APDU and the plain APDU that answered it, both protected on the way, and in blocks where too long.

        Raises:
            ExceptionError: the server says that it cannot; likewise ServiceError.
        """
        hidden = self._hide(apdu)
        if self.conformance & _TRANSFERS and len(hidden) > self._limit:
            answer = yield from send_blocks(self._transfer(), hidden)
        else:
            answer = yield hidden
            if answer[:1] == _BLOCK:
                answer = yield from gather(self._transfer(), answer)
        return self._reveal(answer)

    def _transfer(self) -> BlockTransfer:
        window = self._settings.block_window
        return BlockTransfer(self._limit, window, most=window)

    def _hide(self, apdu: bytes) -> bytes:
        if self._guard is None or not self._policy:
            return apdu
        return self._guard.seal(apdu, self._wrapping)

    def _reveal(self, answer: bytes) -> bytes:
        if is_ciphered(answer):
            if self._guard is None:
                raise ProtocolError("a ciphered answer in an association without keys")
            return self._guard.reveal(answer, self._policy, self._guard.transaction)
        if self._policy and answer[:1] not in _COMPLAINTS:
            raise ProtocolError("a plain answer where protection is demanded")
        return answer

    def associate(self) -> Procedure[None]:
        """AARQ, AARE, and HLS pass 3 and 4."""
        settings = self._settings
        self.associated = False
        challenge = b""
        if settings.mechanism.challenges and settings.entropy is not None:
            challenge = settings.entropy(challenge_length(settings.mechanism))
        self._guard = self._made_guard(settings.server_title)
        self._wrapping = self._opening
        dedicated = b""
        if settings.dedicated and settings.entropy is not None and settings.keys is not None:
            dedicated = settings.entropy(len(settings.keys.encryption))
        answer = yield self._aarq(challenge or settings.secret, dedicated)
        if answer[:1] != _AARE:
            response = decode_response(answer)
            if isinstance(response, (ExceptionResponse, ConfirmedServiceError)):
                raise complaint_of(response)
            raise ProtocolError("the AARQ was answered by something that is not an AARE")
        aare = decode_aare(answer)
        if aare.result:
            raise AssociationRejectedError(aare.result, aare.source, aare.diagnostic)
        self._agree(self._accepted(aare))
        if dedicated and self._guard is not None:
            self._guard.dedicate(dedicated)
            self._wrapping = replace(self._wrapping, dedicated=True)
        if challenge:
            yield from self._prove(aare, challenge)
        elif aare.diagnostic == _AUTHENTICATION_REQUIRED:
            raise ProtocolError("the server asks for a proof that we did not offer")
        self.associated = True

    def _made_guard(self, title: bytes) -> Guard | None:
        """Sealing needs our half of a channel only: until the AARE brings the server's title, a blank one stands."""
        settings = self._settings
        if not self._policy and not settings.mechanism.has_titles:
            return None
        title, channel = title or bytes(TITLE_LENGTH), None
        if settings.keys is not None and settings.counter is not None:
            titled = not settings.quirks.title_omitted
            channel = Channel(
                settings.keys, settings.system_title, title, settings.counter, settings.seen, titled=titled
            )
        return Guard(settings.system_title, title, channel, settings.credentials)

    def _aarq(self, secret: bytes, dedicated: bytes) -> bytes:
        settings = self._settings
        initiate = self._hide(_proposal(int(settings.conformance), settings.max_pdu, dedicated))
        context = CONTEXT_CIPHERED if self._opening.control else CONTEXT_PLAIN
        return encode_aarq(Aarq(context, settings.mechanism, settings.system_title, secret, initiate))

    def _accepted(self, aare: Aare) -> InitiateResponse:
        settings = self._settings
        if self._guard is not None:
            title = aare.title or settings.server_title
            if len(title) != TITLE_LENGTH or title == settings.system_title:
                raise ProtocolError(f"the server's system title {title.hex()} cannot be used")
            if settings.server_title not in {b"", title}:
                raise AuthenticationError("authentication failed", why="The server has another system title.")
            self._guard.meet(title)
        information = aare.user_information
        if information[:1] == _SERVICE_ERROR:
            response = decode_response(information)
            assert isinstance(response, ConfirmedServiceError)
            raise complaint_of(response)
        if self._policy and not is_ciphered(information):
            raise ProtocolError("a plain InitiateResponse where protection is demanded")
        return decode_initiate_response(self._reveal(information))

    def _agree(self, agreed: InitiateResponse) -> None:
        if agreed.version != DLMS_VERSION:
            raise ProtocolError(f"the server speaks DLMS version {agreed.version}")
        self.conformance = int(agreed.conformance) & int(self._settings.conformance)
        limit = agreed.max_pdu or _NO_LIMIT
        overhead = self._wrapping.overhead
        self.room = max(limit - overhead, 64)
        # A dedicated key adds no more than the global one that this wrapping names.
        self._limit = self.room + (overhead if self._policy else 0) - BLOCK_OVERHEAD

    def _prove(self, aare: Aare, challenge: bytes) -> Procedure[None]:
        settings, guard = self._settings, self._guard
        if aare.mechanism not in {0, settings.mechanism}:
            raise AuthenticationError("authentication failed", why="The server answered with another mechanism.")
        check_challenges(aare.challenge, challenge)
        handshake = Handshake(
            settings.mechanism,
            challenge,
            aare.challenge,
            settings.system_title,
            aare.title or settings.server_title,
            settings.secret,
            guard.channel if guard is not None else None,
            settings.credentials,
        )
        proof, invoke = encode(octet_string(handshake.proof())), self.next_invoke()
        name = settings.quirks.association
        answer = yield from self.exchange(encode_single_action(invoke, ASSOCIATION.class_id, name, REPLY_TO_HLS, proof))
        theirs = single_return(answer, invoke)
        if theirs is None:
            response = self.paired(answer)
            if not isinstance(response, ActionResponse) or response.code or response.result is None:
                raise AuthenticationError("authentication failed", why="The server did not accept our proof.")
            raise AuthenticationError("authentication failed", why="The server gave no proof of itself.")
        handshake.check(decode(theirs).octets())

    def release(self) -> Procedure[None]:
        """RLRQ and RLRE. The association counts as closed whatever the answer is."""
        settings = self._settings
        self.associated = False
        if settings.quirks.no_release:
            return
        information = b""
        if self._policy and not settings.quirks.plain_release:
            # Like the InitiateRequest, the release is under the global key.
            self._wrapping = self._opening
            information = self._hide(_proposal(int(settings.conformance), settings.max_pdu, b""))
        answer = yield encode_release(Release(False, 0, information))
        if answer[:1] == _EXCEPTION:
            response = decode_response(answer)
            assert isinstance(response, ExceptionResponse)
            raise complaint_of(response)
        release = decode_release(answer)
        if not release.response:
            raise ApduError("the RLRQ was answered by something that is not an RLRE")
        if is_ciphered(release.user_information):
            self._reveal(release.user_information)


def _proposal(conformance: int, max_pdu: int, dedicated: bytes) -> bytes:
    if dedicated:
        return encode_initiate_request(InitiateRequest(conformance, max_pdu, dedicated))
    return _same_proposal(conformance, max_pdu)


@lru_cache(maxsize=64)
def _same_proposal(conformance: int, max_pdu: int) -> bytes:
    """What a client proposes in all of its associations; a dedicated key is never kept here."""
    return encode_initiate_request(InitiateRequest(conformance, max_pdu))


def complaint_of(response: ExceptionResponse | ConfirmedServiceError) -> ExceptionError | ServiceError:
    """The error for what the server said of the request itself."""
    if isinstance(response, ExceptionResponse):
        return ExceptionError(response.state, response.service, response.counter)
    return ServiceError(response.service, response.group, response.value)
