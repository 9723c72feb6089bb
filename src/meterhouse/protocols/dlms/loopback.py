"""Drive a client's procedure against anything that answers APDUs, in memory and at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from meterhouse.model import Instant, LinkError
from meterhouse.protocols.dlms.client_transfers import Streamed, Turn
from meterhouse.protocols.dlms.conversation import Procedure
from meterhouse.protocols.dlms.server import ServerConnection
from meterhouse.protocols.dlms.settings import ClientSettings

__all__ = ["converse", "loopback"]

T = TypeVar("T")


def converse(procedure: Procedure[T], exchange: Callable[[bytes], bytes | None]) -> T:
    """Run `procedure` to its end.

    Args:
        procedure: what a `Client` method gave.
        exchange: sends an APDU and gives the answering one, or None for silence; of nothing to send, the next APDU
            that comes by itself. It is not asked for an answer to a `Streamed` APDU.

    Raises:
        LinkError: there was silence.
    """
    try:
        request = next(procedure)
        while True:
            answer = exchange(request)
            if answer is None or isinstance(request, Streamed):
                if not isinstance(request, Streamed | Turn):
                    procedure.close()
                    raise LinkError("no answer came")
                answer = b""
            request = procedure.send(answer)
    except StopIteration as stop:
        outcome: T = stop.value
        return outcome


def loopback(connection: ServerConnection, settings: ClientSettings, now: Instant) -> Callable[[bytes], bytes | None]:
    """The exchange with a server in the same process, at a standing time."""

    def exchange(apdu: bytes) -> bytes | None:
        if not apdu:
            return connection.streamed()
        return connection.receive(settings.client_sap, settings.server_sap, apdu, now)

    return exchange
