"""What a hub asked of its electricity meter, word for word: the octets on the wire, opened with the hub's keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from home_bench import HUB_ID, HUB_KEYS, HomeBench
from meterhouse.companion import objects
from meterhouse.protocols import dlms

__all__ = ["Request", "requests", "strangers", "written"]

_KEYS = dlms.ExplainKeys(HUB_KEYS.encryption, HUB_KEYS.authentication, HUB_ID.octets)
_PROVING = "0-0:40.0.0.255"


@dataclass(frozen=True, slots=True)
class Request:
    """One APDU: its kind in the standard's words, the objects that it names, and its plain octets."""

    kind: str
    names: tuple[str, ...]
    octets: bytes

    @property
    def value(self) -> dlms.CosemData:
        """What a plain set-request-normal writes."""
        assert self.octets[:2] == b"\xc1\x01"
        assert self.octets[12] == 0, "access selection"
        return dlms.decode_data(self.octets[13:])


def _below(node: dlms.Node) -> Iterator[dlms.Node]:
    yield node
    for child in node.children:
        yield from _below(child)


def requests(bench: HomeBench) -> list[Request]:
    """Everything of the hub's own so far, without its association's opening and proof."""
    found = []
    decoder = dlms.wrapper.Decoder()
    for data in bench.wire.to_meter:
        for frame in decoder.feed(data):
            if frame.source != objects.HUB_SAP:
                continue  # the head end's, passed through under keys that no hub has
            inner = [node for node in _below(dlms.explain_apdu(frame.apdu, _KEYS)) if node.name.endswith("-request")]
            if not inner or inner[-1].name == "initiate-request":
                assert frame.apdu[0] == 0x60, "an association's opening, or an APDU that cannot be opened"
                continue
            names = tuple(node.value for node in _below(inner[-1]) if node.name == "instance-id")
            if names != (_PROVING,):
                found.append(Request(inner[-1].name, names, inner[-1].octets))
    return found


def strangers(bench: HomeBench) -> list[bytes]:
    """What of all that reached the meter was not the hub's own."""
    decoder = dlms.wrapper.Decoder()
    frames = [frame for data in bench.wire.to_meter for frame in decoder.feed(data)]
    return [frame.apdu for frame in frames if frame.source != objects.HUB_SAP]


def written(bench: HomeBench) -> list[dlms.CosemData]:
    """The values of all sets."""
    return [request.value for request in requests(bench) if request.kind == "set-request"]
