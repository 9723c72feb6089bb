"""How much there is to a device, counted from what it really answers: fewer commands, fewer ways in (S0-77)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from meterhouse.companion.gas import Order
from meterhouse.protocols.dlms import ServerObject

__all__ = ["Complexity", "gas_meter_complexity", "object_complexity"]


@dataclass(frozen=True, slots=True)
class Complexity:
    """One device's counts.

    Attributes:
        commands: what it can be told to do or to say: orders of the gas link, or methods of COSEM objects.
        attributes: values that it can be asked for; 0 for a gas meter, which answers orders only.
        settable: those of them that can be written.
    """

    commands: int
    attributes: int
    settable: int


def gas_meter_complexity() -> Complexity:
    """A gas meter's: its orders are those of the gas link, and there is nothing else to it."""
    return Complexity(len(get_args(Order)), 0, 0)


def object_complexity(parts: Iterable[ServerObject]) -> Complexity:
    """That of a DLMS device with these objects; logical names, which all have, are not counted."""
    parts = tuple(parts)
    return Complexity(
        sum(len(part.invoke) for part in parts),
        sum(len(part.read) for part in parts),
        sum(len(part.write) for part in parts),
    )
