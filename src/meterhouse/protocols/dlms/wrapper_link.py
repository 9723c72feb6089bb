"""The wrapper as a link of the same shape as HDLC's, so that a client runs over either unchanged."""

from __future__ import annotations

from meterhouse.model import SECOND, Duration, Instant, MalformedError, StateError
from meterhouse.protocols.dlms.hdlc.happenings import Cause, Connected, Disconnected, Happening, Received
from meterhouse.protocols.dlms.hdlc.parameters import Parameters
from meterhouse.protocols.dlms.wrapper import Decoder, encode

__all__ = ["WrapperClientLink"]


class WrapperClientLink:
    """Carries APDUs over a TCP connection that stands; connecting and disconnecting need no bytes.

    Args:
        client: our wPort.
        server: the logical device's wPort.
        answer: how long an answer may take, ms.

    Attributes:
        passed_over: frames that were for others.
    """

    __slots__ = ("_answer", "_client", "_connected", "_decoder", "_due", "_out", "_server", "passed_over")

    def __init__(self, client: int, server: int, answer: Duration = 30 * SECOND) -> None:
        self.passed_over = 0
        self._client = client
        self._server = server
        self._answer = answer
        self._decoder = Decoder()
        self._connected = False
        self._out = bytearray()
        self._due: Instant | None = None

    @property
    def connected(self) -> bool:
        """Whether APDUs can be sent."""
        return self._connected

    def connect(self, now: Instant) -> list[Happening]:  # noqa: ARG002  the shape of a link
        """Be ready at once."""
        self._connected = True
        return [Connected(self._client, self._server, Parameters())]

    def send(self, apdu: bytes, now: Instant) -> None:
        """Send an APDU; its answer comes as `Received`.

        Raises:
            StateError: not connected.
            UsageError: see `wrapper.encode`.
        """
        if not self._connected:
            raise StateError("the wrapper link is not connected")
        self._out += encode(self._client, self._server, apdu)
        self._due = Instant(now + self._answer)

    def expect(self, now: Instant) -> None:
        """Wait for one more APDU, which comes without being asked for."""
        self._due = Instant(now + self._answer)

    def disconnect(self, now: Instant) -> list[Happening]:  # noqa: ARG002  the shape of a link
        """Be down at once."""
        return self._end(Cause.ASKED, "As asked.") if self._connected else []

    def receive(self, data: bytes, now: Instant) -> list[Happening]:  # noqa: ARG002  the shape of a link
        """Take bytes from the connection; empty bytes say that it is down."""
        if not self._connected:
            return []
        if not data:
            return self._end(Cause.PEER, "The server closed the connection.")
        happened: list[Happening] = []
        try:
            for frame in self._decoder.feed(data):
                if (frame.destination, frame.source) != (self._client, self._server):
                    self.passed_over += 1
                    continue
                self._due = None
                happened.append(Received(self._client, self._server, frame.apdu))
        except MalformedError as error:
            return [*happened, *self._end(Cause.FAULT, str(error))]
        return happened

    def outgoing(self) -> bytes:
        """Hand out, and forget, what is to leave."""
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        return self._due

    def elapse(self, now: Instant) -> list[Happening]:
        """Give the connection up where an answer is overdue."""
        if self._due is None or now < self._due:
            return []
        return self._end(Cause.SILENCE, f"No answer came within {self._answer} ms.")

    def _end(self, cause: Cause, why: str) -> list[Happening]:
        self._connected = False
        self._due = None
        return [Disconnected(self._client, self._server, cause, why)]
