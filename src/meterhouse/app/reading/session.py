"""One connection to one meter: a client's procedures driven over a stream, and what went wrong in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeVar

from meterhouse.app.reading.stream import Stream, monotonic, open_stream
from meterhouse.app.reading.target import Target
from meterhouse.model import AuthenticationError, Instant, LinkError, MeterhouseError, ReplayError
from meterhouse.protocols.dlms import AssociationRejectedError, Client, ClientSettings, ExceptionError, Procedure
from meterhouse.protocols.dlms.client_transfers import Streamed, Turn
from meterhouse.protocols.dlms.hdlc import (
    Address,
    Cause,
    Connected,
    Disconnected,
    Happening,
    HdlcClientLink,
    HdlcClientSettings,
    Parameters,
    Received,
)
from meterhouse.protocols.dlms.wrapper_link import WrapperClientLink

__all__ = ["Approach", "Link", "MeterSession", "explained"]

T = TypeVar("T")
_NOTIFICATIONS: Final = frozenset({0x0F, 0xC2})
"""Data and event notifications: a meter may send one at any time; it is not the answer."""
_AUTHENTICATION_FAILURE: Final = 13
_DECIPHERING_ERROR: Final = 5
_COUNTER_ERROR: Final = 6
_CHECK_KEYS: Final = "Check the keys, the security suite and which client (--client) they belong to."


@dataclass(frozen=True, slots=True)
class Approach:
    """How to get to a meter.

    Attributes:
        target: where it is.
        server: the logical device, 1 management.
        physical: the lower part of its HDLC address; None for addresses of one byte.
        address_size: bytes of its HDLC address, 1, 2 or 4; 0 for the shortest.
        parameters: what we ask for on HDLC.
        patience_ms: how long a connection, and each answer, may take.
        tries: how often a connection is tried, and on HDLC how often a frame is.
    """

    target: Target
    server: int = 1
    physical: int | None = None
    address_size: int = 0
    parameters: Parameters = field(default=Parameters(1024, 1024, 1, 1))
    patience_ms: int = 10_000
    tries: int = 3

    def link(self, client: int) -> HdlcClientLink | WrapperClientLink:
        """A link from a client SAP over this way."""
        if not self.target.is_hdlc:
            return WrapperClientLink(client, self.server, self.patience_ms)
        return HdlcClientLink(
            HdlcClientSettings(
                Address(self.server, self.physical, self.address_size),
                client,
                self.parameters,
                response=max(self.patience_ms // self.tries, 500),
                tries=self.tries,
                answer=self.patience_ms * self.tries,
            )
        )


class Link(Protocol):
    """What both kinds of link do."""

    def connect(self, now: Instant) -> list[Happening]:
        """Bring it up."""

    def disconnect(self, now: Instant) -> list[Happening]:
        """Bring it down."""

    def send(self, apdu: bytes, now: Instant) -> None:
        """Send an APDU."""

    def receive(self, data: bytes, now: Instant) -> list[Happening]:
        """Take bytes."""

    def elapse(self, now: Instant) -> list[Happening]:
        """Do what is due."""

    def deadline(self) -> Instant | None:
        """When something is due."""

    def outgoing(self) -> bytes:
        """What is to leave."""


class MeterSession:
    """A stream, a link on it, and a client. Made by `begin`.

    Attributes:
        client: whose procedures `run` drives.
        pushed: notifications that came between answers.
    """

    def __init__(self, stream: Stream, link: Link, settings: ClientSettings, target: Target) -> None:
        self.client = Client(settings)
        self.pushed: list[bytes] = []
        self._stream = stream
        self._link = link
        self._target = target
        self._received: list[bytes] = []
        self._connected = False
        self._ended: Disconnected | None = None

    @classmethod
    async def begin(cls, approach: Approach, settings: ClientSettings) -> MeterSession:
        """Connect and associate.

        Raises:
            LinkError: the meter cannot be reached or is silent.
            MeterhouseError: it refuses, or is not believed; see `explained`.
        """
        stream = await open_stream(approach.target, approach.patience_ms / 1000)
        if approach.target.is_hdlc and settings.block_window > 1:
            settings = replace(settings, block_window=1)  # a server on HDLC speaks only when it is polled
        session = cls(stream, approach.link(settings.client_sap), settings, approach.target)
        try:
            session._note(session._link.connect(monotonic()))
            await session._drive(lambda: session._connected)
            await session.run(session.client.associate())
        except BaseException:
            await session._hang_up()
            raise
        return session

    async def run(self, procedure: Procedure[T]) -> T:
        """Drive a procedure of `client` to its end.

        Raises:
            LinkError: the meter fell silent; the session is to be closed.
            MeterhouseError: see the procedure, and `explained`.
        """
        try:
            request = next(procedure)
            while True:
                request = procedure.send(await self._ask(request))
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
        except MeterhouseError as error:
            raise explained(error) from error
        finally:
            procedure.close()

    async def close(self) -> None:
        """Release the association and end the connection; what goes wrong now does not matter any more."""
        try:
            if self.client.associated and self._connected:
                await self.run(self.client.release())
        except MeterhouseError:
            pass
        finally:
            await self._hang_up()

    async def _hang_up(self) -> None:
        try:
            if self._connected:
                self._note(self._link.disconnect(monotonic()))
                await self._drive(lambda: not self._connected)
        except MeterhouseError:
            pass
        finally:
            await self._stream.close()

    async def _ask(self, apdu: bytes) -> bytes:
        if not self._connected:
            raise self._lost()
        within = isinstance(apdu, Streamed | Turn)
        if not within:
            self._received.clear()  # what came after the answer before, and was asked for by nobody
        if apdu:
            self._link.send(apdu, monotonic())
        elif isinstance(self._link, WrapperClientLink):
            self._link.expect(monotonic())
        if isinstance(apdu, Streamed):
            self._stream.write(self._link.outgoing())
            return b""
        await self._drive(lambda: bool(self._received))
        return self._received.pop(0)

    async def _drive(self, done: Callable[[], bool]) -> None:
        while True:
            data = self._link.outgoing()
            if data:
                self._stream.write(data)
            if done():
                return
            if self._ended is not None:
                raise self._lost()
            due = self._link.deadline()
            try:
                async with asyncio.timeout(None if due is None else max(due - monotonic(), 0) / 1000):
                    octets = await self._stream.read()
            except TimeoutError:
                self._note(self._link.elapse(monotonic()))
            else:
                self._note(self._link.receive(octets, monotonic()))

    def _note(self, happened: list[Happening]) -> None:
        for one in happened:
            if isinstance(one, Received):
                aside = one.unnumbered or one.apdu[0] in _NOTIFICATIONS
                (self.pushed if aside else self._received).append(one.apdu)
            else:
                self._connected = isinstance(one, Connected)
                self._ended = one if isinstance(one, Disconnected) else None

    def _lost(self) -> LinkError:
        ended = self._ended
        if ended is not None and ended.cause in {Cause.REFUSED, Cause.PEER}:
            return LinkError(
                f"the meter at {self._target} ended the connection",
                why=ended.why,
                remedy="Check --client and --server; another reader may be connected.",
            )
        if ended is not None and ended.cause is Cause.FAULT:
            return LinkError(
                f"the meter at {self._target} does not keep to the protocol of this line",
                why=ended.why,
                remedy="Check that the target's kind (tcp for the wrapper, hdlc+tcp or serial for HDLC) is right.",
            )
        return LinkError(
            f"the meter at {self._target} does not answer",
            why="" if ended is None else ended.why,
            remedy="Check the address, --client, --server and --physical; a meter does not answer those it lacks.",
        )


def explained(error: MeterhouseError) -> MeterhouseError:
    """The same error in the words of a person who reads a meter: what, why, what to do."""
    if isinstance(error, AssociationRejectedError) and (error.source, error.code) == (1, _AUTHENTICATION_FAILURE):
        return AuthenticationError("authentication failed", why="The meter does not accept it.", remedy=_CHECK_KEYS)
    if isinstance(error, ExceptionError) and error.code == _DECIPHERING_ERROR:
        return AuthenticationError(
            "authentication failed", why="The meter could not decipher the request.", remedy=_CHECK_KEYS
        )
    if isinstance(error, ExceptionError) and error.code == _COUNTER_ERROR:
        least = "" if error.counter is None else f" It wants at least {error.counter}."
        return ReplayError(
            "the meter has seen our invocation counter before",
            why=f"Somebody else uses this key, or the counter file was lost.{least}",
            remedy="Use --invocation-counter auto, or a number above the highest used.",
        )
    if isinstance(error, AuthenticationError) and not error.remedy:
        return AuthenticationError(error.what, why=error.why, remedy=_CHECK_KEYS)
    return error
