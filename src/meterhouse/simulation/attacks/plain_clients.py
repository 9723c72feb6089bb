"""Clients of the plain DLMS associations at a meter's wire, and contents that set what an order may set."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any, Final, TypeVar

from meterhouse.companion import objects
from meterhouse.model import Instant, LinkError
from meterhouse.protocols import dlms
from meterhouse.protocols.dlms.requests import Access, SetRequest, Target, encode_request
from meterhouse.simulation.attacks.fleet import Fleet, Mark

__all__ = ["PlainClient", "clock_content", "limit_content"]

T = TypeVar("T")
_COUNTERS: Final = 100_000
"""So far above the last one's begins each client's counter."""


class PlainClient:
    """A client that has proved itself at one meter, on a connection of its own.

    Args:
        mark: whose meter.
        sap: as which client: head end, hub, open reader, public.
        begins: counts clients; a later one has higher counters.
        now: when it associates.

    Raises:
        dlms.AccessRefusedError, LinkError: it was not let in.
    """

    def __init__(self, mark: Mark, sap: int, begins: int, now: Instant) -> None:
        self._mark, self._sap, self._now = mark, sap, now
        self._port = f"m_bus/{sap}-{begins}"
        self._decoder = dlms.wrapper.Decoder()
        told = _proof(mark.fleet, mark, sap)
        counter = dlms.Counter(_COUNTERS * begins)
        self.client = dlms.Client(
            dlms.ClientSettings(client_sap=sap, server_sap=objects.MANAGEMENT_DEVICE, counter=counter, **told)
        )
        self.run(self.client.associate(), now)

    def run(self, procedure: Generator[bytes, bytes, T], now: Instant) -> T:
        """One procedure to its end."""
        self._now = now
        return dlms.converse(procedure, self.exchange)

    def exchange(self, apdu: bytes) -> bytes | None:
        """One APDU there, and its answer.

        Raises:
            LinkError: there is none.
        """
        meter = self._mark.meter
        meter.receive(self._port, dlms.wrapper.encode(self._sap, objects.MANAGEMENT_DEVICE, apdu), self._now)
        for port, data in meter.outgoing():
            if port == self._port and data:
                return self._decoder.feed(data)[0].apdu
        raise LinkError("the meter does not answer")


def _proof(fleet: Fleet, mark: Mark, sap: int) -> dict[str, Any]:
    if sap not in {objects.HEAD_END_SAP, objects.HUB_SAP}:
        return {"mechanism": dlms.Mechanism.NONE, "policy": dlms.Policy.NONE}
    whose = "head end" if sap == objects.HEAD_END_SAP else "hub"
    return {
        "mechanism": dlms.Mechanism.GMAC,
        "policy": dlms.Policy.BOTH,
        "keys": fleet.keys.association(whose, mark.device),
        "system_title": b"\x02ANY\0\0\0" + bytes((sap,)),
        "server_title": mark.device.octets,
        "entropy": _numbered(count(1)),
    }


def _numbered(numbers: count[int]) -> Any:
    """Challenges that are never the same twice, which is all that is asked of them here."""
    return lambda size: next(numbers).to_bytes(size, "big")


def _setting(class_id: int, obis: dlms.Obis, index: int, value: dlms.CosemData) -> bytes:
    return encode_request(SetRequest(0xC1, Access(Target(class_id, obis, index)), value))


def clock_content(shown: Instant) -> bytes:
    """The content of an order that sets a meter's clock."""
    return _setting(8, objects.CLOCK, 2, dlms.octet_string(dlms.encode_date_time(shown)))


def limit_content(watts: int) -> bytes:
    """The content of an order that sets a meter's load limit."""
    return _setting(71, dlms.Obis.parse("0-0:17.0.0.255"), 4, dlms.double_long_unsigned(watts))
