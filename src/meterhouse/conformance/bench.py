"""The judge's bench: a device, the clients that it knows, and what was last said to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, TypeVar

from meterhouse.conformance.line import Line, Link
from meterhouse.conformance.subject import Subject
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.conformance.wire import Wire
from meterhouse.model import MeterhouseError
from meterhouse.protocols.dlms import (
    Channel,
    Client,
    ClientSettings,
    Counter,
    Keys,
    Mechanism,
    Procedure,
    SeenCounter,
    converse,
)
from meterhouse.protocols.dlms.acse import AARE, decode_aare
from meterhouse.protocols.dlms.hdlc import Address, HdlcClientLink, HdlcClientSettings, Parameters
from meterhouse.protocols.dlms.wrapper_link import WrapperClientLink

__all__ = ["Bench", "Talk"]

T = TypeVar("T")
_HDLC: Final = Parameters(512, 512, 1, 1)


class Talk:
    """A client in conversation with the device.

    Attributes:
        line: under it.
        client: whose procedures `run` drives.
        settings: of the client.
        title: the server's system title, once it was told.
    """

    def __init__(self, line: Line, settings: ClientSettings) -> None:
        self.line = line
        self.settings = settings
        self.client = Client(settings)
        self.title = b""

    def run(self, procedure: Procedure[T]) -> T:
        """Drive a procedure.

        Raises:
            MeterhouseError: the device did not do as it should, or not as asked.
        """
        return converse(procedure, self._exchange)

    def _exchange(self, apdu: bytes) -> bytes:
        answer = self.line.exchange(apdu)
        if answer[0] == AARE and not self.title:
            self.title = decode_aare(answer).title
        return answer

    def exchange(self, apdu: bytes) -> bytes:
        """A plain APDU of the judge's own making, protected like all others, and its plain answer."""
        return self.run(self.client.exchange(apdu))


class Bench:
    """What a check works with.

    Args:
        subject: the device.
        wire: to it.
        hdlc: whether HDLC carries the APDUs, rather than the wrapper.
        counter: our invocation counter under the subject's keys; must be above all that the device has seen.
        patience: seconds that an answer may take.
        clock: tells seconds, from whenever.

    Attributes:
        line: the newest; None before the first.
    """

    def __init__(
        self,
        subject: Subject,
        wire: Wire,
        *,
        hdlc: bool = False,
        counter: Counter | None = None,
        patience: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.subject = subject
        self.hdlc = hdlc
        self.patience = patience
        self.line: Line | None = None
        self.counter = Counter() if counter is None else counter
        self._wire = wire
        self._clock = clock
        self._seen = SeenCounter()

    def _link(self, client: int, server: int) -> Link:
        if not self.hdlc:
            return WrapperClientLink(client, server, int(self.patience * 1000))
        address = Address(server, self.subject.physical, self.subject.address_size)
        milliseconds = int(self.patience * 1000)
        return HdlcClientLink(
            HdlcClientSettings(address, client, _HDLC, response=max(milliseconds // 2, 1), tries=1, answer=milliseconds)
        )

    def forget(self) -> None:
        """Have said nothing yet."""
        self.line = None

    def make_line(self, client: int | None = None, server: int | None = None) -> Line:
        """A connection that is not open yet."""
        sap = self.settings().client_sap if client is None else client
        self.line = Line(
            self._wire, self._link(sap, self.subject.server if server is None else server), self.patience, self._clock
        )
        return self.line

    @contextmanager
    def connected(self, client: int | None = None, server: int | None = None) -> Iterator[Line]:
        """A connection, without an association."""
        line = self.make_line(client, server)
        line.open()
        try:
            yield line
        finally:
            line.close()

    def settings(self, kind: str = "", **changes: Any) -> ClientSettings:
        """The settings of the client `public`, `password` or `keys`; by default of the strongest.

        Raises:
            NotApplicable: the device has no such client.
        """
        subject = self.subject
        kind = kind or ("keys" if subject.keys else "password" if subject.password else "public")
        if kind == "keys" and subject.keys is not None:
            made = ClientSettings(
                client_sap=subject.keys.sap,
                mechanism=Mechanism.GMAC,
                system_title=subject.keys.title,
                keys=subject.keys.keys,
                policy=subject.keys.policy,
                counter=self.counter,
                seen=self._seen,
                entropy=os.urandom,
            )
        elif kind == "password" and subject.password is not None:
            secret = subject.password.password
            made = ClientSettings(client_sap=subject.password.sap, mechanism=Mechanism.LLS, secret=secret)
        elif kind == "public" and subject.public is not None:
            made = ClientSettings(client_sap=subject.public)
        else:
            raise NotApplicable(f"the device has no client of the kind '{kind}'")
        return replace(made, server_sap=subject.server, **changes)

    def channel(self, title: bytes, counter: Counter | None = None, keys: Keys | None = None) -> Channel:
        """Our half of the protection towards the system title of a server, for messages that no client would send.

        Raises:
            NotApplicable: the device has no client with keys.
        """
        known = self.subject.keys
        if known is None:
            raise NotApplicable("the device has no client with keys")
        return Channel(keys or known.keys, known.title, title, counter or self.counter, SeenCounter())

    @contextmanager
    def talking(self, kind: str = "", settings: ClientSettings | None = None, **changes: Any) -> Iterator[Talk]:
        """An open association of the client `kind`, or of `settings`, which is released at the end."""
        settings = self.settings(kind, **changes) if settings is None else settings
        with self.connected(settings.client_sap) as line:
            talk = Talk(line, settings)
            talk.run(talk.client.associate())
            yield talk
            if talk.client.associated:
                sent, came = line.sent, line.came
                with suppress(MeterhouseError):  # how it releases is a check of its own
                    talk.run(talk.client.release())
                line.sent, line.came = sent, came

    def refuses(self, settings: ClientSettings) -> None:
        """Demand that no association opens.

        Raises:
            Failed: it opens.
        """
        try:
            with self.talking(settings=settings) as talk:
                talk.run(talk.client.get(*_attribute(self.subject)))
        except MeterhouseError:
            return  # an error, silence, the end of the connection: nothing opens
        raise Failed("the association opens, and data are read")

    def alive(self) -> None:
        """Demand that the device still serves a client that does everything right.

        Raises:
            Failed: it does not.
        """
        sent, line = (b"", None) if self.line is None else (self.line.sent, self.line)
        try:
            with self.talking() as talk:
                talk.run(talk.client.get(*_attribute(self.subject)))
        except MeterhouseError as error:
            raise Failed(f"after it the device does not serve any more: {error.sentence()}") from error
        finally:
            if line is not None:
                line.sent, self.line = sent, line


def _attribute(subject: Subject) -> tuple[int, Any, int]:
    return subject.read.class_id, subject.read.obis, subject.read.index
