"""One association on the server's side: opens what is protected, proves the client, answers in the same manner."""

from __future__ import annotations

from meterhouse.model import AuthenticationError, Instant, MalformedError, ProtocolError, ReplayError
from meterhouse.protocols.dlms.access import ClientAccess
from meterhouse.protocols.dlms.accessing import (
    ACCESS_REQUEST,
    AccessRequest,
    decode_access_request,
    encode_access_response,
)
from meterhouse.protocols.dlms.acse import Release, decode_release, encode_release
from meterhouse.protocols.dlms.association import (
    ASSOCIATION_RIGHTS,
    REPLY_TO_HLS,
    AssociationFacts,
    association_object,
)
from meterhouse.protocols.dlms.axdr import encode
from meterhouse.protocols.dlms.data import CosemData, octet_string
from meterhouse.protocols.dlms.envelopes import ENVELOPE_OVERHEAD
from meterhouse.protocols.dlms.errors import ActionResult, ApduError
from meterhouse.protocols.dlms.guard import Guard
from meterhouse.protocols.dlms.initiate import Conformance, InitiateResponse, encode_initiate_response
from meterhouse.protocols.dlms.interfaces import ASSOCIATION
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import ASSOCIATION_OBIS, LogicalDevice, Rights, ServerObject
from meterhouse.protocols.dlms.proofs import Handshake
from meterhouse.protocols.dlms.protection import Manner, Opened, Signing, is_ciphered
from meterhouse.protocols.dlms.requests import GET, ActionRequest, Request, Target, decode_request
from meterhouse.protocols.dlms.responses import (
    ActionResponse,
    ExceptionResponse,
    Response,
    Result,
    encode_response,
)
from meterhouse.protocols.dlms.services import Services, needed_conformance
from meterhouse.protocols.dlms.view import Refused, View

__all__ = ["Session"]

NOT_ALLOWED = ExceptionResponse(1, 1)
NOT_KNOWN = ExceptionResponse(2, 2)
NOT_SUPPORTED = ExceptionResponse(1, 2)
OTHER_REASON = ExceptionResponse(1, 3)
DECIPHERING_ERROR = ExceptionResponse(1, 5)
_REQUESTS = frozenset({0xC0, 0xC1, 0xC3, ACCESS_REQUEST})
_CONFIRMED = 0x40
_REPLY = Target(ASSOCIATION.class_id, ASSOCIATION_OBIS, REPLY_TO_HLS)


class Session:
    """An association that was accepted; while `handshake` is set, it waits for the client's proof.

    Args:
        access: the client's entry.
        device: the logical device.
        facts: what was agreed.
        protection: None where the association has none; and how many bytes it adds at most.
        handshake: HLS under way; None where the client needs no proof.
        refused: notes each refusal.
    """

    __slots__ = (
        "_access",
        "_association",
        "_device",
        "_enveloped",
        "_facts",
        "_guard",
        "_refused",
        "_services",
        "failed",
        "handshake",
    )

    def __init__(
        self,
        access: ClientAccess,
        device: LogicalDevice,
        facts: AssociationFacts,
        protection: tuple[Guard | None, int],
        handshake: Handshake | None,
        refused: Refused,
    ) -> None:
        self._access = access
        self._device = device
        self._facts = facts
        self._guard, overhead = protection
        self._enveloped = overhead >= ENVELOPE_OVERHEAD
        self._refused = refused
        self._association: ServerObject | None = None
        room = facts.max_send - overhead
        self._services = Services(View(self._find, refused), room, facts.conformance)
        self.handshake = handshake
        self.failed = False

    def _find(self, obis: Obis) -> tuple[ServerObject, Rights] | None:
        if obis == ASSOCIATION_OBIS:
            if self._association is None:
                self._association = association_object(self._access, self._device, self._facts)
            return self._association, ASSOCIATION_RIGHTS
        rights, item = self._access.rights.get(obis), self._device.objects.get(obis)
        return None if rights is None or item is None else (item, rights)

    @property
    def facts(self) -> AssociationFacts:
        """What was agreed."""
        return self._facts

    @property
    def transfers(self) -> bool:
        """Whether general block transfer was agreed on."""
        return bool(self._facts.conformance & Conformance.GENERAL_BLOCK_TRANSFER)

    def answer(self, apdu: bytes, now: Instant) -> bytes | None:
        """The answer to one APDU that is not ACSE; None for a service that asks for none.

        Never raises on what a peer sent.
        """
        try:
            plain, opened = self._expose(apdu)
        except MalformedError as error:
            return self._exception(OTHER_REASON, "malformed", error, now)
        except ReplayError as error:
            least = self._guard.least if self._guard else 0
            return self._exception(ExceptionResponse(1, 6, min(least, 0xFFFF_FFFF)), "replay", error, now)
        except AuthenticationError as error:
            return self._exception(DECIPHERING_ERROR, "protection", error, now)
        except ProtocolError as error:
            return self._exception(NOT_ALLOWED, "protection", error, now)
        try:
            response = self._served(plain, now)
        except ApduError as error:
            known = bool(plain) and plain[0] in _REQUESTS
            return self._exception(OTHER_REASON if known else NOT_KNOWN, "malformed", error, now)
        return None if response is None else self._hide(response, opened)

    def _served(self, plain: bytes, now: Instant) -> bytes | None:
        request: Request | AccessRequest
        accessing = plain[:1] == bytes((ACCESS_REQUEST,))
        request = decode_access_request(plain) if accessing else decode_request(plain)
        needed = needed_conformance(request)
        if self.handshake is None and self._facts.conformance & needed != needed:
            self._refused(
                now, "association", "request", "the service was not agreed on when the association was opened"
            )
            return encode_response(NOT_SUPPORTED)
        if isinstance(request, AccessRequest):
            if self.handshake is not None:
                self._refused(now, "association", "request", "the client has not proved itself yet")
                return encode_response(NOT_ALLOWED)
            answer = self._services.access(request, now)
            return encode_access_response(answer) if request.long_invoke & request.CONFIRMED else None
        proving = self.handshake is not None
        response = self._answer(request, now)
        # Setting and acting may be told to be silent; asking without wanting an answer has no sense.
        silent = plain[0] != GET and not request.invoke & _CONFIRMED and not proving
        return None if silent else encode_response(response)

    def _exception(self, response: ExceptionResponse, kind: str, error: Exception, now: Instant) -> bytes:
        self._refused(now, kind, "request", str(error))
        return encode_response(response)

    def _expose(self, apdu: bytes) -> tuple[bytes, Opened | None]:
        if is_ciphered(apdu):
            if self._guard is None:
                raise ProtocolError("a ciphered request in an association without keys")
            opened = self._guard.open(apdu, self._access.demanded)
            if not self._enveloped and (opened.manner is Manner.CIPHERING or opened.signing is not Signing.NONE):
                raise ProtocolError("the client's PDU size leaves no room to answer that in kind")
            return opened.apdu, opened
        if self._access.demanded:
            raise ProtocolError("a plain request where protection is demanded")
        return apdu, None

    def _hide(self, apdu: bytes, opened: Opened | None) -> bytes:
        if opened is None or self._guard is None:
            return apdu
        return self._guard.reply(apdu, opened)

    def _answer(self, request: Request, now: Instant) -> Response:
        if self.handshake is None:
            return self._services.answer(request, now)
        if isinstance(request, ActionRequest) and request.target == _REPLY and isinstance(request.data, CosemData):
            return self._prove(request.invoke, request.data, self.handshake, now)
        self._refused(now, "association", "request", "the client has not proved itself yet")
        return NOT_ALLOWED

    def _prove(self, invoke: int, data: CosemData, handshake: Handshake, now: Instant) -> Response:
        """Pass 3 and 4 of HLS. A wrong proof ends the association."""
        try:
            handshake.check(data.octets())
        except AuthenticationError as error:
            self.failed = True
            self._refused(now, "association", "reply to HLS authentication", str(error))
            return ActionResponse(invoke, ActionResult.OTHER_REASON)
        self.handshake = None
        proof = handshake.proof()
        return ActionResponse(invoke, ActionResult.SUCCESS, Result(encode(octet_string(proof))))

    def release(self, apdu: bytes) -> bytes:
        """RLRE for an RLRQ; a plain RLRQ is taken in any association.

        Raises:
            ApduError: not an RLRQ.
            AuthenticationError: its user information is ciphered and wrong; likewise ReplayError and ProtocolError.
        """
        request = decode_release(apdu)
        if not is_ciphered(request.user_information) or self._guard is None:
            return encode_release(Release(response=True))
        opened = self._guard.open(request.user_information, self._access.demanded)
        agreed = encode_initiate_response(InitiateResponse(self._facts.conformance, self._facts.max_receive))
        return encode_release(Release(True, 0, self._hide(agreed, opened)))
