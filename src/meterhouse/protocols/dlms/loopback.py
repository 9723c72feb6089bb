"""Drive a client's procedure against anything that answers APDUs, in memory and at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from meterhouse.model import Instant, LinkError
from meterhouse.protocols.dlms.conversation import Procedure
from meterhouse.protocols.dlms.server import ServerConnection
from meterhouse.protocols.dlms.settings import ClientSettings

__all__ = ["converse", "loopback"]

T = TypeVar("T")


def converse(procedure: Procedure[T], exchange: Callable[[bytes], bytes | None]) -> T:
    """Run `procedure` to its end.

    Args:
        procedure: what a `Client` method gave.
        exchange: sends an APDU and gives the answering one, or None for silence.

    Raises:
        LinkError: there was silence.
    """
    try:
        request = next(procedure)
        while True:
            answer = exchange(request)
            if answer is None:
                procedure.close()
                raise LinkError("no answer came")
            request = procedure.send(answer)
    except StopIteration as stop:
        outcome: T = stop.value
        return outcome


def loopback(connection: ServerConnection, settings: ClientSettings, now: Instant) -> Callable[[bytes], bytes | None]:
    """The exchange with a server in the same process, at a standing time."""
    return lambda apdu: connection.receive(settings.client_sap, settings.server_sap, apdu, now)
