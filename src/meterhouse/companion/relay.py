"""The envelope between hub, carrier and head end: numbered sessions of opaque bytes on one connection.

A hub dials the carrier and says hello; a head end dials the carrier, says hello, and calls hubs by identity. Each call
is a session with its own number on either side of the carrier; what travels inside is none of the carrier's business
(S0-09: no translation in the middle). Frame: length u16 (of what follows), kind u8, session u32, payload; big-endian.

A hub that has something urgent to tell says RING; the carrier hands it, with the hub's identity, to the head ends that
may reach the hub. It says nothing of what there is to tell: whoever is rung for calls, and reads it under its own keys.

Two services beside the calls. SEAL hands the carrier a composed order, to which it adds the access-control broker's MAC
and nothing else; SEALED brings it back with the carrier's receipt. NOTE carries one message outside a call, from a hub
to a party or from a party to a hub (an EUI-64 in front names the other end); whoever has safely taken it says NOTED.
Whoever asks numbers its calls, seals and notes in one series, so that REFUSED names one of them.

A call also says how urgent it is (`LineClass`): when a line is full, payments go first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import Eui64, MalformedError

__all__ = [
    "MAX_PAYLOAD",
    "Call",
    "Frame",
    "FrameReader",
    "Hello",
    "Kind",
    "LineClass",
    "Note",
    "Noted",
    "Refusal",
    "Role",
    "Sealed",
]

_HEAD: Final = struct.Struct(">HBI")
_OVERHEAD: Final = 5
MAX_PAYLOAD: Final = 0xFFFF - _OVERHEAD
"""The largest payload of one frame; longer data is sent as several frames."""


class Kind(IntEnum):
    """What a frame does."""

    HELLO = 1
    WELCOME = 2
    CALL = 3
    ANSWERED = 4
    REFUSED = 5
    DATA = 6
    HANG_UP = 7
    PING = 8
    PONG = 9
    SEAL = 10
    SEALED = 11
    NOTE = 12
    NOTED = 13
    RING = 14


_KINDS: Final = {kind.value: kind for kind in Kind}


class Role(IntEnum):
    """Who says hello."""

    HUB = 1
    HEAD_END = 2
    CONFIRM = 3
    CHANGE_OF_SUPPLIER = 4


class LineClass(IntEnum):
    """What goes first when a line is full."""

    VEND = 0
    ORDER = 1
    BULK = 2


class Refusal(IntEnum):
    """Why the carrier or the hub refused a call."""

    UNKNOWN_HUB = 1
    NOT_CONNECTED = 2
    NOT_ALLOWED = 3
    BUSY = 4
    NO_ORDER = 5
    ROLE = 6
    DEVICE = 7
    BRAKE = 8
    QUARANTINE = 9
    FULL = 10

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Refusal.UNKNOWN_HUB: "the carrier does not know this hub",
    Refusal.NOT_CONNECTED: "the hub is not connected to the carrier",
    Refusal.NOT_ALLOWED: "this head end may not reach this hub",
    Refusal.BUSY: "the hub is in another session",
    Refusal.NO_ORDER: "these bytes are no order that the carrier could seal",
    Refusal.ROLE: "this party's role may not send this use case",
    Refusal.DEVICE: "the device is not registered and in service, or hangs on another hub",
    Refusal.BRAKE: "too many orders of this effect: the carrier's brake holds until two officers release it",
    Refusal.QUARANTINE: "the first orders of a new kind go to the canary ring only",
    Refusal.FULL: "the line is full; payments go first",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `session` is 0 for HELLO, WELCOME, PING and PONG."""

    kind: Kind
    session: int = 0
    payload: bytes = b""

    def encode(self) -> bytes:
        """The frame's bytes; the payload must not exceed MAX_PAYLOAD."""
        return _HEAD.pack(_OVERHEAD + len(self.payload), self.kind, self.session) + self.payload


@dataclass(frozen=True, slots=True)
class Hello:
    """The payload of HELLO: who dials."""

    role: Role
    identity: Eui64

    def frame(self) -> Frame:
        """The HELLO frame."""
        return Frame(Kind.HELLO, 0, bytes([self.role]) + self.identity.octets)

    @classmethod
    def parse(cls, payload: bytes) -> Hello:
        """From a HELLO's payload.

        Raises:
            MalformedError: not 9 bytes, or an unknown role.
        """
        if len(payload) != 9 or payload[0] not in tuple(Role):
            raise MalformedError(f"hello of {len(payload)} bytes is not a role and an EUI-64")
        return cls(Role(payload[0]), Eui64(payload[1:]))


@dataclass(frozen=True, slots=True)
class Call:
    """The payload of CALL towards the carrier: which hub, and how urgent; towards a hub it names the head end alone."""

    hub: Eui64
    line_class: LineClass = LineClass.ORDER

    def frame(self, number: int) -> Frame:
        """The CALL frame; `number` is the caller's own."""
        return Frame(Kind.CALL, number, self.hub.octets + bytes([self.line_class]))

    @classmethod
    def parse(cls, payload: bytes) -> Call:
        """From a CALL's payload; without a class it is an order.

        Raises:
            MalformedError: not 8 or 9 bytes, or an unknown class.
        """
        if len(payload) not in {8, 9} or (payload[8:] and payload[8] not in tuple(LineClass)):
            raise MalformedError(f"a call of {len(payload)} bytes is not a hub's EUI-64 and a class")
        return cls(Eui64(payload[:8]), LineClass(payload[8]) if payload[8:] else LineClass.ORDER)


@dataclass(frozen=True, slots=True)
class Note:
    """The payload of NOTE: one message, and who is at the other end.

    Attributes:
        other: from a hub, the party it is for; from a party, the hub; towards either, where it comes from.
        octets: the message.
    """

    other: Eui64
    octets: bytes

    def frame(self, number: int) -> Frame:
        """The NOTE frame; `number` is the sender's own."""
        return Frame(Kind.NOTE, number, self.other.octets + self.octets)

    @classmethod
    def parse(cls, payload: bytes) -> Note:
        """From a NOTE's payload.

        Raises:
            MalformedError: it holds no message.
        """
        if len(payload) <= 8:
            raise MalformedError(f"a note of {len(payload)} bytes is not an EUI-64 and a message")
        return cls(Eui64(payload[:8]), payload[8:])


@dataclass(frozen=True, slots=True)
class Sealed:
    """The payload of SEALED: the order with its MAC, and the carrier's signed receipt (`companion.receipt`)."""

    order: bytes
    receipt: bytes

    def frame(self, number: int) -> Frame:
        """The SEALED frame that answers the SEAL of that number."""
        return Frame(Kind.SEALED, number, len(self.order).to_bytes(2, "big") + self.order + self.receipt)

    @classmethod
    def parse(cls, payload: bytes) -> Sealed:
        """From a SEALED's payload.

        Raises:
            MalformedError: the length in front is not there or too large.
        """
        length = int.from_bytes(payload[:2], "big")
        if len(payload) < 2 + length:
            raise MalformedError(f"a sealed order of {length} bytes is cut at {len(payload) - 2}")
        return cls(payload[2 : 2 + length], payload[2 + length :])


@dataclass(frozen=True, slots=True)
class Noted:
    """The payload of NOTED towards the sender: the carrier's receipt, and that of whoever took the note.

    A hub or party that took one answers with its own receipt alone, or with nothing where it signs none.
    """

    carrier: bytes
    taker: bytes

    def frame(self, number: int) -> Frame:
        """The NOTED frame for the note of that number."""
        return Frame(Kind.NOTED, number, len(self.carrier).to_bytes(2, "big") + self.carrier + self.taker)

    @classmethod
    def parse(cls, payload: bytes) -> Noted:
        """From a NOTED's payload.

        Raises:
            MalformedError: the length in front is not there or too large.
        """
        length = int.from_bytes(payload[:2], "big")
        if len(payload) < 2 + length:
            raise MalformedError(f"a receipt of {length} bytes is cut at {max(0, len(payload) - 2)}")
        return cls(payload[2 : 2 + length], payload[2 + length :])


class FrameReader:
    """Cuts a byte stream into frames; keeps what is incomplete (at most one frame)."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        """Bytes that are no whole frame yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`, in order.

        Raises:
            MalformedError: a length below the overhead or an unknown kind; the connection is to be dropped.
        """
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= _HEAD.size:
            length, kind, session = _HEAD.unpack_from(buffer, start)
            named = _KINDS.get(kind)
            if length < _OVERHEAD or named is None:
                buffer.clear()
                raise MalformedError(f"relay frame of kind {kind} and length {length} is not ours")
            end = start + 2 + length
            if end > len(buffer):
                break
            frames.append(Frame(named, session, bytes(buffer[start + _HEAD.size : end])))
            start = end
        del buffer[:start]
        return frames
