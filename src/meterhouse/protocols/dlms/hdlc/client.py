"""The client's end of an HDLC line: one connection to one server, as a machine of values (IEC 62056-46 §6.4.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from meterhouse.model import SECOND, Duration, Instant, StateError, UsageError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.hdlc.address import Address
from meterhouse.protocols.dlms.hdlc.decoder import Decoder
from meterhouse.protocols.dlms.hdlc.frame import Frame, Kind, encode_frame
from meterhouse.protocols.dlms.hdlc.happenings import Cause, Connected, Disconnected, Happening, Received
from meterhouse.protocols.dlms.hdlc.llc import COMMAND, RESPONSE, stripped
from meterhouse.protocols.dlms.hdlc.parameters import DEFAULT, Parameters, decode_parameters
from meterhouse.protocols.dlms.hdlc.transfer import MAX_MESSAGE, Transfer

__all__ = ["HdlcClientLink", "HdlcClientSettings"]


@dataclass(frozen=True, slots=True)
class HdlcClientSettings:
    """How to reach one server on a line.

    Attributes:
        server: its address.
        client: our SAP, 1 to 127.
        parameters: what we ask for.
        response: how long an answer may take before we ask again, ms.
        tries: how often the same is asked before the line is given up.
        answer: how long the server may say that it has nothing yet, ms.
        pause: between two such questions, ms.
        inter_octet: silence inside a frame that means it was aborted, ms.
    """

    server: Address
    client: int = 16
    parameters: Parameters = field(default=Parameters(1024, 1024, 1, 7))
    response: Duration = 3 * SECOND
    tries: int = 3
    answer: Duration = 30 * SECOND
    pause: Duration = 100
    inter_octet: Duration = 500

    def __post_init__(self) -> None:
        """Refuse what could not be sent, and times that would not end."""
        if not 0 < self.client < 0x7F or self.server.broadcast:
            raise UsageError(f"client {self.client} and server {self.server} are not two stations")
        if self.tries < 1 or min(self.response, self.answer, self.pause, self.inter_octet) < 1:
            raise UsageError("HDLC times are at least 1 ms and tries at least 1")


class _State(Enum):
    DOWN = auto()
    CONNECTING = auto()
    UP = auto()
    DISCONNECTING = auto()


_FRMR_WHY: Final = "It rejected a frame (FRMR)."


class HdlcClientLink:
    """Connects, carries APDUs both ways in segments, recovers by asking again, disconnects.

    One question at a time is what DLMS wants; a second `send` waits behind the first. Never raises on what a peer
    sent. What is to leave is handed out by `outgoing`; the time of the next `elapse` is `deadline`.

    Args:
        settings: see `HdlcClientSettings`.

    Attributes:
        settings: as given.
        passed_over: frames that were for others, stale, or made no sense here.
    """

    __slots__ = (
        "_asked_at",
        "_client",
        "_decoder",
        "_happened",
        "_heard_at",
        "_out",
        "_poll_at",
        "_repeats",
        "_response_at",
        "_state",
        "_transfer",
        "_tries",
        "_wanted",
        "passed_over",
        "settings",
    )

    def __init__(self, settings: HdlcClientSettings) -> None:
        self.settings = settings
        self.passed_over = 0
        self._client = Address(settings.client)
        self._decoder = Decoder()
        self._state = _State.DOWN
        self._transfer = Transfer(DEFAULT)
        self._happened: list[Happening] = []
        self._out = bytearray()
        self._tries = 0
        self._repeats = 0
        self._wanted = False
        self._heard_at: Instant | None = None
        self._asked_at = Instant(0)
        self._response_at: Instant | None = None
        self._poll_at: Instant | None = None

    # -- for the user

    @property
    def connected(self) -> bool:
        """Whether APDUs can be sent."""
        return self._state is _State.UP

    def connect(self, now: Instant) -> list[Happening]:
        """Ask for normal response mode (SNRM); ends as `Connected` or `Disconnected`, which `receive` tells.

        Raises:
            StateError: it is up already, or on its way.
        """
        if self._state is not _State.DOWN:
            raise StateError("the HDLC connection is not down")
        self._state = _State.CONNECTING
        self._tries = self.settings.tries
        self._set_normal_mode(now)
        return self._told()

    def send(self, apdu: bytes, now: Instant) -> None:
        """Send an APDU; its answer comes as `Received`.

        Raises:
            StateError: not connected.
            UsageError: the APDU is empty or too long.
        """
        if self._state is not _State.UP:
            raise StateError("the HDLC connection is not up", remedy="Call connect() and wait for Connected.")
        if not 0 < len(apdu) <= MAX_MESSAGE - len(COMMAND):
            raise UsageError(f"an APDU on HDLC has 1 to {MAX_MESSAGE - len(COMMAND)} bytes, not {len(apdu)}")
        self._transfer.load(COMMAND + apdu)
        self._wanted = True
        self._asked_at = now
        self._tries = self._repeats = self.settings.tries
        if self._response_at is None:
            self._poll_at = None
            self._take_turn(now)

    def disconnect(self, now: Instant) -> list[Happening]:
        """Ask for the end (DISC); ends as `Disconnected`. Nothing where it is down."""
        if self._state is not _State.DOWN:
            self._state = _State.DISCONNECTING
            self._tries = self.settings.tries
            self._poll_at = None
            self._emit(Kind.DISCONNECT, now)
        return self._told()

    # -- the machine

    def receive(self, data: bytes, now: Instant) -> list[Happening]:
        """Take bytes from the line; empty bytes say that the line is down."""
        if not data:
            if self._state is not _State.DOWN:
                self._end(Cause.SILENCE, "The line went down.")
            return self._told()
        for frame in self._decoder.feed(data):
            self._arrived(frame, now)
        self._heard_at = now if self._decoder.waiting else None
        return self._told()

    def outgoing(self) -> bytes:
        """Hand out, and forget, what is to leave."""
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        due = [at for at in (self._response_at, self._poll_at) if at is not None]
        if self._heard_at is not None:
            due.append(Instant(self._heard_at + self.settings.inter_octet))
        return min(due, default=None)

    def elapse(self, now: Instant) -> list[Happening]:
        """Do what is due."""
        if self._heard_at is not None and now >= self._heard_at + self.settings.inter_octet:
            self._heard_at = None
            for frame in self._decoder.give_up():
                self._arrived(frame, now)
        if self._poll_at is not None and now >= self._poll_at:
            self._poll_at = None
            self._emit(Kind.READY, now)
        elif self._response_at is not None and now >= self._response_at:
            self._no_response(now)
        return self._told()

    # -- out

    def _told(self) -> list[Happening]:
        happened, self._happened = self._happened, []
        return happened

    def _emit(self, kind: Kind, now: Instant, information: bytes = b"") -> None:
        """A command with P=1: the turn is the server's until it answers."""
        frame = Frame(
            self.settings.server, self._client, kind, receive=self._transfer.expected, information=information
        )
        self._out += encode_frame(frame)
        self._response_at = Instant(now + self.settings.response)

    def _set_normal_mode(self, now: Instant) -> None:
        wanted = self.settings.parameters
        self._emit(Kind.SET_NORMAL_MODE, now, b"" if wanted == DEFAULT else wanted.encode())

    def _take_turn(self, now: Instant) -> None:
        """It is ours to speak: what is unsent, else a question for what is still to come."""
        burst = self._transfer.burst()
        for place, (number, information, more) in enumerate(burst, 1):
            frame = Frame(
                self.settings.server,
                self._client,
                Kind.INFORMATION,
                place == len(burst),
                number,
                self._transfer.expected,
                more,
                information,
            )
            self._out += encode_frame(frame)
        if burst:
            self._response_at = Instant(now + self.settings.response)
        elif self._transfer.midway:
            self._emit(Kind.READY, now)
        elif self._wanted:
            self._poll_at = Instant(now + self.settings.pause)

    def _no_response(self, now: Instant) -> None:
        self._response_at = None
        self._tries -= 1
        if self._tries < 1:
            asked = self._state is _State.DISCONNECTING
            self._end(Cause.ASKED if asked else Cause.SILENCE, f"No answer came to {self.settings.tries} tries.")
        elif self._state is _State.CONNECTING:
            self._set_normal_mode(now)
        else:
            self._emit(Kind.DISCONNECT if self._state is _State.DISCONNECTING else Kind.READY, now)

    # -- in

    def _arrived(self, frame: Frame, now: Instant) -> None:
        ours = frame.destination == self._client and frame.source == self.settings.server
        if ours and frame.kind is Kind.UNNUMBERED:
            self._message(frame.information, unnumbered=True)
        elif not ours or self._state is _State.DOWN:
            self.passed_over += 1
        elif self._state is _State.UP:
            self._while_up(frame, now)
        else:
            self._while_changing(frame, now)

    def _while_changing(self, frame: Frame, now: Instant) -> None:
        if self._state is _State.DISCONNECTING and frame.kind in {Kind.ACKNOWLEDGE, Kind.DISCONNECTED}:
            self._end(Cause.ASKED, "As asked.")
        elif self._state is _State.CONNECTING and frame.kind is Kind.ACKNOWLEDGE:
            self._up(frame.information, now)
        elif self._state is _State.CONNECTING and frame.kind in {Kind.DISCONNECTED, Kind.REJECT}:
            self._end(Cause.REFUSED, "The server does not want to connect (DM).")
        else:
            self.passed_over += 1

    def _up(self, information: bytes, now: Instant) -> None:
        try:
            stated = decode_parameters(information)
        except ApduError as error:
            self._end(Cause.FAULT, str(error))
            return
        agreed = self.settings.parameters.agreed_with(stated)
        self._transfer = Transfer(agreed)
        self._state = _State.UP
        self._response_at = None
        self._wanted = False
        self._asked_at = now
        self._happened.append(Connected(self.settings.client, self.settings.server.upper, agreed))

    def _while_up(self, frame: Frame, now: Instant) -> None:
        if frame.kind in {Kind.DISCONNECTED, Kind.REJECT}:
            rejected = frame.kind is Kind.REJECT
            self._end(Cause.FAULT if rejected else Cause.PEER, _FRMR_WHY if rejected else "It is not connected (DM).")
        elif frame.kind in {Kind.INFORMATION, Kind.READY, Kind.NOT_READY}:
            self._numbered(frame, now)
        else:
            self.passed_over += 1

    def _numbered(self, frame: Frame, now: Instant) -> None:
        try:
            progress = self._transfer.acknowledge(frame.receive)
        except ApduError:
            self.passed_over += 1
            return
        if frame.kind is Kind.INFORMATION:
            if not progress and self._transfer.behind(frame):
                # Its turn was taken already; taking it twice would double every frame from here on.
                self.passed_over += 1
                return
            progress |= self._information(frame)
        if self._state is not _State.UP:
            return
        self._tries = self.settings.tries
        if progress:
            self._repeats = self.settings.tries
            self._asked_at = now
        if self._response_at is not None:
            self._response_at = Instant(now + self.settings.response)
        if frame.poll:
            self._turn_came(frame, now, progress=progress)

    def _information(self, frame: Frame) -> bool:
        """Whether it was the expected frame."""
        try:
            expected, message = self._transfer.accept(frame)
        except ApduError as error:
            self._end(Cause.FAULT, str(error))
            return False
        if message is not None:
            self._wanted = self._transfer.pending
            self._message(message)
        return expected

    def _turn_came(self, frame: Frame, now: Instant, *, progress: bool) -> None:
        waits = self._response_at is not None
        self._response_at = None
        if not waits and not progress:
            return
        if now - self._asked_at >= self.settings.answer:
            self._end(Cause.SILENCE, f"The server had no answer for {self.settings.answer} ms.")
            return
        self._transfer.rewind()
        if not self._transfer.pending or frame.kind is Kind.NOT_READY:
            self._pause_or_go_on(frame, now)
        elif progress or self._again():
            self._take_turn(now)

    def _pause_or_go_on(self, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.NOT_READY:
            self._poll_at = Instant(now + self.settings.pause)
        else:
            self._take_turn(now)

    def _again(self) -> bool:
        self._repeats -= 1
        if self._repeats < 1:
            self._end(Cause.SILENCE, f"The server did not take a frame in {self.settings.tries} tries.")
        return self._repeats > 0

    def _message(self, message: bytes, *, unnumbered: bool = False) -> None:
        try:
            apdu = stripped(message, RESPONSE)
        except ApduError as error:
            if unnumbered:
                self.passed_over += 1
            else:
                self._end(Cause.FAULT, str(error))
            return
        self._happened.append(Received(self.settings.client, self.settings.server.upper, apdu, unnumbered))

    def _end(self, cause: Cause, why: str) -> None:
        self._state = _State.DOWN
        self._response_at = self._poll_at = None
        self._transfer = Transfer(DEFAULT)
        self._happened.append(Disconnected(self.settings.client, self.settings.server.upper, cause, why))
