"""The credit of an electricity meter that holds its own account, as the hub shows it; the meter's word is the one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.model import Fuel
from meterhouse.protocols import dlms

__all__ = ["CreditMirror", "MirroredCredit"]

_AT: Final = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
_ASKED: Final = (
    (dlms.CREDIT, _AT.credit, 2),
    (dlms.CREDIT, _AT.emergency_credit, 2),
    (dlms.CREDIT, _AT.emergency_credit, 8),
)


@dataclass(frozen=True, slots=True)
class MirroredCredit:
    """As last read; money in 10⁻⁵ of the unit.

    Attributes:
        balance: may be negative.
        emergency_left: of emergency credit.
        emergency_state: 0 enabled, 1 selectable, 2 selected, 3 in use, 4 exhausted (class 112, attribute 8).
    """

    balance: int
    emergency_left: int
    emergency_state: int


class CreditMirror:
    """What is asked with every reading, until a meter has once refused it.

    Attributes:
        shown: None before the first answer, and where the meter holds no account.
    """

    def __init__(self) -> None:
        self.shown: MirroredCredit | None = None
        self._refused = False

    @property
    def attributes(self) -> Sequence[tuple[dlms.InterfaceClass, dlms.Obis, int]]:
        """To be read."""
        return () if self._refused else _ASKED

    def take(self, values: Sequence[dlms.CosemData | dlms.AccessRefusedError]) -> None:
        """Their values, in the same order; none where nothing was asked."""
        told = [value for value in values if not isinstance(value, dlms.AccessRefusedError)]
        if len(told) == len(_ASKED):
            self.shown = MirroredCredit(*(value.whole() for value in told))
        elif values:
            self.shown, self._refused = None, True
