"""The client's half of one association: handshake, protection, and the pairing of questions and answers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from meterhouse.model import AuthenticationError, ProtocolError
from meterhouse.protocols.dlms.access import Mechanism
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
from meterhouse.protocols.dlms.axdr import decode
from meterhouse.protocols.dlms.data import octet_string
from meterhouse.protocols.dlms.errors import ApduError, AssociationRejectedError, ExceptionError, ServiceError
from meterhouse.protocols.dlms.initiate import (
    DLMS_VERSION,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_response,
    encode_initiate_request,
)
from meterhouse.protocols.dlms.interfaces import ASSOCIATION
from meterhouse.protocols.dlms.objects import ASSOCIATION_OBIS
from meterhouse.protocols.dlms.protection import OVERHEAD, TITLE_LENGTH, Channel, Manner, is_ciphered
from meterhouse.protocols.dlms.requests import ActionRequest, Request, Target, encode_request
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

__all__ = ["Conversation", "MakeRequest", "Procedure"]

T = TypeVar("T")
Procedure = Generator[bytes, bytes, T]
"""Yields a whole APDU to send, is sent the whole answering APDU, returns its outcome."""

MakeRequest = Callable[[int], Request]
"""The request for an invoke-id-and-priority byte."""

_CONFIRMED_HIGH = 0xC0
_CHALLENGE_LENGTH = 16
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

    __slots__ = ("_channel", "_settings", "associated", "conformance", "invoke", "room")

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._channel: Channel | None = None
        self.associated = False
        self.conformance = 0
        self.room = _NO_LIMIT
        self.invoke = _CONFIRMED_HIGH

    @property
    def _manner(self) -> Manner:
        return Manner.GENERAL if self._settings.use_general_glo else Manner.SERVICE

    def ask(self, make: MakeRequest) -> Procedure[Response]:
        """One question under a new invoke id, and its answer."""
        self.invoke = _CONFIRMED_HIGH | (self.invoke + 1) & 0x0F
        return (yield from self.ask_again(make))

    def ask_again(self, make: MakeRequest) -> Procedure[Response]:
        """A further question of the same service, such as for the next block."""
        answer = yield self._hide(encode_request(make(self.invoke)))
        response = self._understood(answer)
        if isinstance(response, (ExceptionResponse, ConfirmedServiceError)):
            raise _complaint(response)
        if response.invoke & 0x0F != self.invoke & 0x0F:
            raise ProtocolError(f"the answer's invoke id {response.invoke & 0x0F} is not {self.invoke & 0x0F}")
        return response

    def _hide(self, apdu: bytes) -> bytes:
        if self._channel is None or not self._settings.policy:
            return apdu
        return self._channel.seal(apdu, self._settings.policy, self._manner)

    def _reveal(self, answer: bytes) -> bytes:
        if is_ciphered(answer):
            if self._channel is None:
                raise ProtocolError("a ciphered answer in an association without keys")
            return self._channel.open(answer, self._settings.policy).apdu
        if self._settings.policy and answer[:1] not in {bytes((EXCEPTION,)), bytes((CONFIRMED_SERVICE_ERROR,))}:
            raise ProtocolError("a plain answer where protection is demanded")
        return answer

    def _understood(self, answer: bytes) -> Response:
        return decode_response(self._reveal(answer))

    def associate(self) -> Procedure[None]:
        """AARQ, AARE, and HLS pass 3 and 4."""
        settings = self._settings
        self.associated = False
        challenge = b""
        if settings.mechanism is Mechanism.GMAC and settings.entropy is not None:
            challenge = settings.entropy(_CHALLENGE_LENGTH)
        answer = yield self._aarq(challenge or settings.secret)
        if answer[:1] != bytes((AARE,)):
            response = decode_response(answer)
            if isinstance(response, (ExceptionResponse, ConfirmedServiceError)):
                raise _complaint(response)
            raise ProtocolError("the AARQ was answered by something that is not an AARE")
        aare = decode_aare(answer)
        if aare.result:
            raise AssociationRejectedError(aare.result, aare.source, aare.diagnostic)
        self._agree(self._accepted(aare))
        if challenge:
            yield from self._prove(aare, challenge)
        elif aare.diagnostic == _AUTHENTICATION_REQUIRED:
            raise ProtocolError("the server asks for a proof that we did not offer")
        self.associated = True

    def _aarq(self, secret: bytes) -> bytes:
        settings = self._settings
        initiate = encode_initiate_request(InitiateRequest(settings.conformance, settings.max_pdu))
        if settings.policy and settings.keys is not None and settings.counter is not None:
            # Sealing needs our half of the channel only; the server's title comes with its AARE.
            other = settings.server_title or bytes(TITLE_LENGTH)
            channel = Channel(settings.keys, settings.system_title, other, settings.counter, settings.seen)
            initiate = channel.seal(initiate, settings.policy, self._manner)
        context = CONTEXT_CIPHERED if settings.policy else CONTEXT_PLAIN
        title = settings.system_title if settings.keys is not None else b""
        return encode_aarq(Aarq(context, settings.mechanism, title, secret, initiate))

    def _accepted(self, aare: Aare) -> InitiateResponse:
        settings = self._settings
        self._channel = None
        needed = bool(settings.policy) or settings.mechanism is Mechanism.GMAC
        if needed and settings.keys is not None and settings.counter is not None:
            title = aare.title or settings.server_title
            if len(title) != TITLE_LENGTH or title == settings.system_title:
                raise ProtocolError(f"the server's system title {title.hex()} cannot be used")
            if settings.server_title not in {b"", title}:
                raise AuthenticationError("authentication failed", why="The server has another system title.")
            self._channel = Channel(settings.keys, settings.system_title, title, settings.counter, settings.seen)
        information = aare.user_information
        if information[:1] == bytes((CONFIRMED_SERVICE_ERROR,)):
            response = decode_response(information)
            assert isinstance(response, ConfirmedServiceError)
            raise _complaint(response)
        if settings.policy and not is_ciphered(information):
            raise ProtocolError("a plain InitiateResponse where protection is demanded")
        return decode_initiate_response(self._reveal(information))

    def _agree(self, agreed: InitiateResponse) -> None:
        if agreed.version != DLMS_VERSION:
            raise ProtocolError(f"the server speaks DLMS version {agreed.version}")
        self.conformance = agreed.conformance & self._settings.conformance
        limit = agreed.max_pdu or _NO_LIMIT
        self.room = max(limit - (OVERHEAD if self._settings.policy else 0), 64)

    def _prove(self, aare: Aare, challenge: bytes) -> Procedure[None]:
        if self._channel is None or not 8 <= len(aare.challenge) <= 64 or aare.challenge == challenge:
            raise AuthenticationError("authentication failed", why="The server's challenge cannot be used.")
        proof = octet_string(self._channel.proof(aare.challenge))
        target = Target(ASSOCIATION.class_id, ASSOCIATION_OBIS, REPLY_TO_HLS)
        response = yield from self.ask(lambda invoke: ActionRequest(invoke, target, proof))
        if not isinstance(response, ActionResponse) or response.code or response.result is None:
            raise AuthenticationError("authentication failed", why="The server did not accept our proof.")
        if response.result.encoded is None:
            raise AuthenticationError("authentication failed", why="The server gave no proof of itself.")
        self._channel.check_proof(decode(response.result.encoded).octets(), challenge)

    def release(self) -> Procedure[None]:
        """RLRQ and RLRE. The association counts as closed whatever the answer is."""
        settings = self._settings
        self.associated = False
        if settings.quirks.no_release:
            return
        information = b""
        if settings.policy and not settings.quirks.plain_release:
            initiate = encode_initiate_request(InitiateRequest(settings.conformance, settings.max_pdu))
            information = self._hide(initiate)
        answer = yield encode_release(Release(False, 0, information))
        if answer[:1] == bytes((EXCEPTION,)):
            response = decode_response(answer)
            assert isinstance(response, ExceptionResponse)
            raise _complaint(response)
        release = decode_release(answer)
        if not release.response:
            raise ApduError("the RLRQ was answered by something that is not an RLRE")
        if is_ciphered(release.user_information):
            self._reveal(release.user_information)


def _complaint(response: ExceptionResponse | ConfirmedServiceError) -> ExceptionError | ServiceError:
    if isinstance(response, ExceptionResponse):
        return ExceptionError(response.state, response.service, response.counter)
    return ServiceError(response.service, response.group, response.value)
