"""General block transfer and ACCESS, where the device agrees to them."""

from __future__ import annotations

from typing import Final

from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.protocols.dlms import AccessKind, AccessRefusedError, AccessStep, Obis
from meterhouse.protocols.dlms.initiate import Conformance
from meterhouse.protocols.dlms.requests import Access, Target

__all__ = ["CHECKS"]

_TRANSFER: Final = "IEC 62056-5-3 §9.3.13"
_ACCESS: Final = "IEC 62056-5-3 §9.3.9"
_SMALL: Final = 128
_NOT_THERE: Final = Obis.parse("0-0:127.127.127.255")
_BLOCKS: Final = (
    Conformance.BLOCK_TRANSFER_WITH_GET | Conformance.BLOCK_TRANSFER_WITH_SET | Conformance.BLOCK_TRANSFER_WITH_ACTION
)


@check("transfer.get", _TRANSFER, "a long value that comes in general blocks is the one read whole")
def _get(bench: Bench) -> None:
    with bench.talking() as talk:
        whole = talk.run(talk.client.get_encoded(15, talk.settings.quirks.association, 2))
    conformance = int(bench.settings().conformance) & ~int(_BLOCKS)
    with bench.talking(max_pdu=_SMALL, conformance=conformance) as talk:
        if not talk.client.conformance & Conformance.GENERAL_BLOCK_TRANSFER:
            raise NotApplicable("general block transfer was not agreed on")
        parts = talk.run(talk.client.get_encoded(15, talk.settings.quirks.association, 2))
    if parts != whole:
        raise Failed(f"{len(parts)} bytes in blocks, {len(whole)} whole, and they differ")


@check("access.steps", _ACCESS, "ACCESS does each step in its order, and says which one was refused")
def _access(bench: Bench) -> None:
    read = bench.subject.read
    steps = [
        AccessStep(AccessKind.GET, Access(read)),
        AccessStep(AccessKind.GET, Access(Target(read.class_id, _NOT_THERE, 2))),
        AccessStep(AccessKind.GET, Access(read)),
    ]
    with bench.talking() as talk:
        if not talk.client.conformance & Conformance.ACCESS:
            raise NotApplicable("ACCESS was not agreed on")
        value = talk.run(talk.client.get(read.class_id, read.obis, read.index))
        first, second, third = talk.run(talk.client.access(steps))
    if (first, third) != (value, value) or not isinstance(second, AccessRefusedError):
        raise Failed(f"{first}, {second}, {third}")


CHECKS: Final[tuple[Check, ...]] = (_get, _access)
