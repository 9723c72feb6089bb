"""The server's end of an HDLC line: many clients and logical devices on one line, as a machine of values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import MINUTE, Duration, Instant, UsageError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.hdlc.address import Address
from meterhouse.protocols.dlms.hdlc.decoder import Decoder
from meterhouse.protocols.dlms.hdlc.frame import Frame, Kind, encode_frame
from meterhouse.protocols.dlms.hdlc.happenings import Cause, Connected, Disconnected, Happening, Received
from meterhouse.protocols.dlms.hdlc.llc import COMMAND, RESPONSE, stripped
from meterhouse.protocols.dlms.hdlc.parameters import Parameters, decode_parameters
from meterhouse.protocols.dlms.hdlc.transfer import MAX_MESSAGE, Transfer

__all__ = ["MAX_CONNECTIONS", "HdlcServerLink", "HdlcServerSettings"]

MAX_CONNECTIONS: Final = 16
"""Pairs of client and logical device at once; one more is answered with DM."""
_NOT_CONNECTED: Final = frozenset({Kind.DISCONNECT, Kind.INFORMATION, Kind.READY, Kind.NOT_READY})
_INVALID_NUMBER: Final = 0x08
"""FRMR reason Z: N(R) is invalid (ISO/IEC 13239 §5.5.3.4.2)."""


@dataclass(frozen=True, slots=True)
class HdlcServerSettings:
    """Who answers on a line, and within which limits.

    Attributes:
        devices: logical devices, the upper part of the addresses that are ours.
        station: physical device, the lower part; None answers to every lower part, for a line with one meter on it.
        parameters: the most that we agree to.
        inactivity: silence after which a connection is dropped, ms (class 23 attribute 8); 0 never.
        inter_octet: silence inside a frame that means it was aborted, ms.
    """

    devices: Collection[int]
    station: int | None = None
    parameters: Parameters = field(default=Parameters(1024, 1024, 7, 7))
    inactivity: Duration = 2 * MINUTE
    inter_octet: Duration = 500

    def __post_init__(self) -> None:
        """Refuse times below nothing."""
        if self.inactivity < 0 or self.inter_octet < 1:
            raise UsageError("HDLC times are not below 0, and the inter-octet time at least 1 ms")


class _Station:
    """One client connected to one logical device."""

    __slots__ = ("client", "heard_at", "owes", "ready", "server", "transfer")

    def __init__(self, client: Address, server: Address, transfer: Transfer, now: Instant) -> None:
        self.client = client
        self.server = server
        self.transfer = transfer
        self.heard_at = now
        self.owes = False
        self.ready = True


class HdlcServerLink:
    """Answers SNRM, takes APDUs, hands out their answers when the client gives the turn.

    What `receive` returns is to be answered by `send` before `outgoing` is called: an answer that comes later waits
    until the client asks again. Never raises on what a peer sent.

    Args:
        settings: see `HdlcServerSettings`.

    Attributes:
        settings: as given.
        passed_over: frames that were for others or made no sense here.
    """

    __slots__ = ("_decoder", "_happened", "_heard_at", "_out", "_stations", "passed_over", "settings")

    def __init__(self, settings: HdlcServerSettings) -> None:
        self.settings = settings
        self.passed_over = 0
        self._decoder = Decoder()
        self._stations: dict[tuple[int, int], _Station] = {}
        self._happened: list[Happening] = []
        self._out = bytearray()
        self._heard_at: Instant | None = None

    # -- for the user

    @property
    def connections(self) -> frozenset[tuple[int, int]]:
        """(client SAP, logical device) of those that are up."""
        return frozenset(self._stations)

    def send(self, client: int, server: int, apdu: bytes) -> bool:
        """Answer a client; whether it is still connected."""
        station = self._stations.get((client, server))
        if station is None or not apdu:
            return False
        station.transfer.load(RESPONSE + apdu)
        return True

    def send_unnumbered(self, client: int, server: Address, apdu: bytes) -> None:
        """Push an APDU in one unnumbered frame, connected or not.

        Raises:
            UsageError: it does not fit one information field, or the client is not 1 to 127.
        """
        if len(RESPONSE) + len(apdu) > self.settings.parameters.send_information:
            raise UsageError(f"{len(apdu)} bytes do not fit one unnumbered HDLC frame")
        self._say(Address(client), server, Kind.UNNUMBERED, RESPONSE + apdu)

    # -- the machine

    def receive(self, data: bytes, now: Instant) -> list[Happening]:
        """Take bytes from the line; empty bytes say that the line is down, and end all connections."""
        if not data:
            for pair in list(self._stations):
                self._drop(pair, Cause.SILENCE, "The line went down.")
            self._decoder = Decoder()
            self._heard_at = None
            return self._told()
        for frame in self._decoder.feed(data):
            self._arrived(frame, now)
        self._heard_at = now if self._decoder.waiting else None
        return self._told()

    def outgoing(self) -> bytes:
        """Hand out, and forget, what is to leave: answers to the clients whose turn it gives back."""
        for station in self._stations.values():
            if station.owes:
                station.owes = False
                self._give_back(station)
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        due: list[int] = []
        if self._heard_at is not None:
            due.append(self._heard_at + self.settings.inter_octet)
        if self._stations and self.settings.inactivity:
            due.append(min(station.heard_at for station in self._stations.values()) + self.settings.inactivity)
        return Instant(min(due)) if due else None

    def elapse(self, now: Instant) -> list[Happening]:
        """Do what is due."""
        if self._heard_at is not None and now >= self._heard_at + self.settings.inter_octet:
            self._heard_at = None
            for frame in self._decoder.give_up():
                self._arrived(frame, now)
        if self.settings.inactivity:
            for pair, station in list(self._stations.items()):
                if now >= station.heard_at + self.settings.inactivity:
                    self._drop(pair, Cause.SILENCE, f"Nothing was heard for {self.settings.inactivity} ms.")
        return self._told()

    # -- out

    def _told(self) -> list[Happening]:
        happened, self._happened = self._happened, []
        return happened

    def _say(self, client: Address, server: Address, kind: Kind, information: bytes = b"", receive: int = 0) -> None:
        final = kind is not Kind.UNNUMBERED
        self._out += encode_frame(Frame(client, server, kind, final, receive=receive, information=information))

    def _give_back(self, station: _Station) -> None:
        burst = station.transfer.burst() if station.ready else []
        for place, (number, information, more) in enumerate(burst, 1):
            frame = Frame(
                station.client,
                station.server,
                Kind.INFORMATION,
                place == len(burst),
                number,
                station.transfer.expected,
                more,
                information,
            )
            self._out += encode_frame(frame)
        if not burst:
            self._say(station.client, station.server, Kind.READY, receive=station.transfer.expected)

    # -- in

    def _arrived(self, frame: Frame, now: Instant) -> None:
        server, client = frame.destination, frame.source
        ours = server.broadcast or server.lower is None or self.settings.station in {None, server.lower}
        if not ours or client.size != 1 or (server.broadcast and frame.kind is not Kind.UNNUMBERED):
            self.passed_over += 1
        elif frame.kind is Kind.UNNUMBERED:
            for device in self.settings.devices if server.upper in {0x7F, 0x3FFF} else (server.upper,):
                self._unnumbered(client.upper, device, frame)
        else:
            self._command(frame, now)

    def _command(self, frame: Frame, now: Instant) -> None:
        server, client = frame.destination, frame.source
        pair = client.upper, server.upper
        station = self._stations.get(pair)
        if frame.kind is Kind.SET_NORMAL_MODE:
            self._set_normal_mode(pair, frame, now)
        elif station is None:
            if frame.poll and frame.kind in _NOT_CONNECTED:
                self._say(client, server, Kind.DISCONNECTED)
        elif frame.kind is Kind.DISCONNECT:
            self._drop(pair, Cause.PEER, "The client disconnected.")
            self._say(client, server, Kind.ACKNOWLEDGE)
        elif frame.kind in _NOT_CONNECTED:
            station.heard_at = now
            self._numbered(pair, station, frame)
        else:
            self.passed_over += 1

    def _set_normal_mode(self, pair: tuple[int, int], frame: Frame, now: Instant) -> None:
        client, server = frame.source, frame.destination
        if pair in self._stations:
            self._drop(pair, Cause.PEER, "The client connected anew.")
        try:
            stated = decode_parameters(frame.information)
        except ApduError:
            self.passed_over += 1
            return
        if server.upper not in self.settings.devices or len(self._stations) >= MAX_CONNECTIONS:
            self._say(client, server, Kind.DISCONNECTED)
            return
        agreed = self.settings.parameters.agreed_with(stated)
        self._stations[pair] = _Station(client, server, Transfer(agreed), now)
        self._say(client, server, Kind.ACKNOWLEDGE, agreed.encode())
        self._happened.append(Connected(*pair, agreed))

    def _unnumbered(self, client: int, server: int, frame: Frame) -> None:
        try:
            apdu = stripped(frame.information, COMMAND)
        except ApduError:
            self.passed_over += 1
            return
        self._happened.append(Received(client, server, apdu, unnumbered=True))

    def _numbered(self, pair: tuple[int, int], station: _Station, frame: Frame) -> None:
        transfer = station.transfer
        try:
            transfer.acknowledge(frame.receive)
            message = transfer.accept(frame)[1] if frame.kind is Kind.INFORMATION else None
            apdu = None if message is None else stripped(message, COMMAND)
            if apdu is not None and transfer.backlog > MAX_MESSAGE:
                raise ApduError("the client asks on and on, and takes no answer")  # noqa: TRY301
        except ApduError as error:
            reject = bytes((frame.control, transfer.expected << 5, _INVALID_NUMBER))
            self._say(station.client, station.server, Kind.REJECT, reject)
            self._drop(pair, Cause.FAULT, str(error))
            return
        station.ready = frame.kind is not Kind.NOT_READY
        if apdu is not None:
            self._happened.append(Received(*pair, apdu))
        if frame.poll:
            transfer.rewind()
            station.owes = True

    def _drop(self, pair: tuple[int, int], cause: Cause, why: str) -> None:
        del self._stations[pair]
        self._happened.append(Disconnected(*pair, cause, why))
