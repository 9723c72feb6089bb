"""A DLMS server: logical devices, clients' entries, and one connection object per link."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from meterhouse.model import AuthenticationError, Instant, MalformedError, ProtocolError, ReplayError, UsageError
from meterhouse.protocols.dlms.access import AuditRecord, ClientAccess
from meterhouse.protocols.dlms.acse import AARQ, RLRQ, Aarq, Release, decode_aarq, encode_aare, encode_release
from meterhouse.protocols.dlms.block_transfer import (
    BLOCK_OVERHEAD,
    GENERAL_BLOCK_TRANSFER,
    MAX_WINDOW,
    BlockTransfer,
    decode_block,
)
from meterhouse.protocols.dlms.envelopes import ENVELOPE_OVERHEAD
from meterhouse.protocols.dlms.handshake import Host, Rejection, open_session, rejected
from meterhouse.protocols.dlms.key_ring import KeySet
from meterhouse.protocols.dlms.objects import LogicalDevice
from meterhouse.protocols.dlms.protection import GENERAL_CIPHERING, GENERAL_SIGNING, OVERHEAD, TITLE_LENGTH
from meterhouse.protocols.dlms.responses import ExceptionResponse, encode_response
from meterhouse.protocols.dlms.session import Session

__all__ = ["MAX_AUDIT", "MAX_PDU", "Server", "ServerConnection"]

MAX_PDU: Final = 2048
"""The largest plain APDU that a server takes, unless it says otherwise."""
MAX_AUDIT: Final = 256
"""Refusals kept between two drains; when full, the newest are counted but not kept."""

_ENVELOPED: Final = frozenset({AARQ, RLRQ, GENERAL_CIPHERING, GENERAL_SIGNING})
_NOT_ALLOWED: Final = encode_response(ExceptionResponse(1, 1))
_TOO_LONG: Final = encode_response(ExceptionResponse(1, 4))


class Server:
    """Sans-IO: hands out connections, keeps no link and no clock.

    Args:
        system_title: 8 bytes, unique to the device; part of every nonce.
        logical_devices: by server wPort; 1 is the management logical device.
        clients: by client wPort.
        entropy: random bytes for challenges.
        max_pdu: the largest plain APDU that is taken, 128 to 65000 bytes.
        block_window: how many blocks of a general block transfer are taken in a row, and leave in a row at most, 1 to
            63. Above 1 the link of each connection must hand out what is `streamed`.
    """

    __slots__ = ("block_window", "clients", "entropy", "logical_devices", "max_pdu", "system_title")

    def __init__(
        self,
        system_title: bytes,
        logical_devices: Mapping[int, LogicalDevice],
        clients: Mapping[int, ClientAccess],
        entropy: Callable[[int], bytes],
        max_pdu: int = MAX_PDU,
        block_window: int = 1,
    ) -> None:
        if len(system_title) != TITLE_LENGTH:
            raise UsageError(f"a system title has {TITLE_LENGTH} bytes, not {len(system_title)}")
        if not 128 <= max_pdu <= 65_000:
            raise UsageError(f"a PDU size of {max_pdu} is not 128 to 65000")
        if not 1 <= block_window <= MAX_WINDOW:
            raise UsageError(f"a block window of {block_window} is not 1 to {MAX_WINDOW}")
        _check_counters(clients)
        self.system_title = system_title
        self.logical_devices = MappingProxyType(dict(logical_devices))
        self.clients = MappingProxyType(dict(clients))
        self.entropy = entropy
        self.max_pdu = max_pdu
        self.block_window = block_window

    def connection(self) -> ServerConnection:
        """A fresh connection, for one link from its coming up to its going down."""
        return ServerConnection(self)


def _check_counters(clients: Mapping[int, ClientAccess]) -> None:
    owners: dict[bytes, tuple[int, KeySet]] = {}
    for sap, access in clients.items():
        if access.sap != sap:
            raise UsageError(f"client {access.sap} is listed under {sap}")
        for each in access.key_sets():
            other, first = owners.setdefault(each.keys.encryption, (sap, each))
            if first.counter is not each.counter or first.seen is not each.seen:
                raise UsageError(
                    f"clients {other} and {sap} have one key but two counters",
                    why="A nonce would be used twice.",
                    remedy="Give both entries the same Counter and SeenCounter.",
                )


class ServerConnection:
    """The associations of one link: at most one per client SAP and logical device.

    Made by `Server.connection`. Dropping the object aborts all its associations.
    """

    __slots__ = ("_audit", "_begun", "_server", "_sessions", "_streamed", "_transfers", "audit_lost")

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sessions: dict[tuple[int, int], Session] = {}
        self._transfers: dict[tuple[int, int], BlockTransfer] = {}
        self._begun: dict[tuple[int, int], bytes] = {}
        self._streamed: deque[bytes] = deque()
        self._audit: list[AuditRecord] = []
        self.audit_lost = 0

    def audit(self) -> list[AuditRecord]:
        """Hand out, and forget, the refusals since the last call, in order; `audit_lost` counts those not kept."""
        records, self._audit = self._audit, []
        return records

    @property
    def associations(self) -> frozenset[tuple[int, int]]:
        """(client SAP, server SAP) of those that are open and proved."""
        return frozenset(pair for pair, session in self._sessions.items() if session.handshake is None)

    def receive(self, source: int, destination: int, apdu: bytes, now: Instant) -> bytes | None:
        """The answering APDU; None where there is nothing to answer.

        Never raises on what a peer sent: bad bytes end as an exception-response, a rejecting AARE, or silence, and
        as an audit record. Nothing that is malformed, unproved or replayed changes an open association.

        Args:
            source: the client's wPort.
            destination: the logical device's wPort.
            apdu: one whole APDU, without wrapper.
            now: the time that stores are told.
        """
        if not apdu:
            return None
        if len(apdu) > self._server.max_pdu + (ENVELOPE_OVERHEAD if apdu[0] in _ENVELOPED else OVERHEAD):
            self._note(now, source, destination, ("malformed", "APDU", f"{len(apdu)} bytes are too many"))
            return _TOO_LONG
        if apdu[0] == AARQ:
            return self._associate(source, destination, apdu, now)
        session = self._sessions.get((source, destination))
        if session is None:
            return self._unassociated((source, destination), apdu, now)
        if apdu[0] == RLRQ:
            return self._release(session, (source, destination), apdu, now)
        if apdu[0] == GENERAL_BLOCK_TRANSFER:
            return self._block(session, (source, destination), apdu, now)
        answer = session.answer(apdu, now)
        if session.failed:
            del self._sessions[source, destination]
        elif answer is not None and 0 < session.facts.max_send < len(answer) and session.transfers:
            transfer = self._transfers[source, destination] = self._transfer(session)
            return self._in_turn(transfer.send(answer))
        return answer

    def streamed(self) -> bytes | None:
        """The next block that follows the answer of `receive` by itself, to leave after it; None where there is none.

        Only where the server's `block_window` is above 1 are there any.
        """
        return self._streamed.popleft() if self._streamed else None

    def _transfer(self, session: Session) -> BlockTransfer:
        window = self._server.block_window
        return BlockTransfer(session.facts.max_send - BLOCK_OVERHEAD, window, most=window)

    def _in_turn(self, blocks: list[bytes]) -> bytes | None:
        """The first block now, the others after it."""
        self._streamed.clear()
        self._streamed.extend(blocks[1:])
        return blocks[0] if blocks else None

    def _unassociated(self, pair: tuple[int, int], apdu: bytes, now: Instant) -> bytes:
        if apdu[0] == RLRQ:
            return encode_release(Release(response=True))
        self._note(now, *pair, ("association", "request", "there is no association"))
        return _NOT_ALLOWED

    def _block(self, session: Session, pair: tuple[int, int], apdu: bytes, now: Instant) -> bytes | None:
        """One block of a long request, or the acknowledgement of one of a long answer; one block goes back."""
        try:
            if not session.transfers:
                raise ProtocolError("general block transfer was not agreed on")  # noqa: TRY301
            block = decode_block(apdu)
            begins = (block.number, block.acknowledged) == (1, 0) and self._begun.get(pair) != apdu
            if pair not in self._transfers or begins:
                # The same first block again is a window that the client repeats: what it asks for is not done twice.
                self._transfers[pair], self._begun[pair] = self._transfer(session), apdu
            transfer = self._transfers[pair]
            blocks = transfer.receive(apdu)
        except (MalformedError, ProtocolError) as error:
            self._transfers.pop(pair, None)
            self._note(now, *pair, ("malformed", "general block transfer", str(error)))
            return _NOT_ALLOWED
        if transfer.received is None:
            return self._in_turn(blocks)
        whole, transfer.received = transfer.received, None
        if whole[0] in {GENERAL_BLOCK_TRANSFER, AARQ, RLRQ}:
            del self._transfers[pair]
            self._note(now, *pair, ("malformed", "general block transfer", f"tag {whole[0]:02X} inside"))
            return _NOT_ALLOWED
        answer = session.answer(whole, now)
        if session.failed:
            del self._sessions[pair]
        return None if answer is None else self._in_turn(transfer.send(answer))

    def _note(self, now: Instant, client: int, device: int, words: tuple[str, str, str]) -> None:
        if len(self._audit) < MAX_AUDIT:
            self._audit.append(AuditRecord(now, client, device, *words))
        else:
            self.audit_lost += 1

    def _associate(self, source: int, destination: int, apdu: bytes, now: Instant) -> bytes:
        request: Aarq | None = None

        def refused(at: Instant, kind: str, what: str, why: str) -> None:
            self._note(at, source, destination, (kind, what, why))

        server = self._server
        host = Host(server.system_title, server.entropy, server.max_pdu, refused)
        try:
            request = decode_aarq(apdu)
            access, device = server.clients.get(source), server.logical_devices.get(destination)
            if access is None or device is None:
                raise Rejection(1, f"client {source} or logical device {destination} is not known")  # noqa: TRY301
            answer, session = open_session(request, access, device, destination, host)
        except MalformedError as error:
            refused(now, "malformed", "AARQ", str(error))
            return encode_aare(rejected(None, Rejection(1, str(error))))
        except Rejection as rejection:
            refused(now, "association", "AARQ", str(rejection))
            return encode_aare(rejected(request, rejection))
        self._sessions[source, destination] = session
        self._transfers.pop((source, destination), None)
        self._begun.pop((source, destination), None)
        return encode_aare(answer)

    def _release(self, session: Session, pair: tuple[int, int], apdu: bytes, now: Instant) -> bytes:
        try:
            answer = session.release(apdu)
        except (MalformedError, AuthenticationError, ReplayError, ProtocolError) as error:
            self._note(now, *pair, ("association", "RLRQ", str(error)))
            return _NOT_ALLOWED
        del self._sessions[pair]
        return answer
