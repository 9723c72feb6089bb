"""The credit of an electricity meter that holds its own account, as the hub shows it; the meter's word is the one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_SHOWN
from meterhouse.model import Fuel, MalformedError
from meterhouse.protocols import dlms

__all__ = ["CreditMirror", "MirroredCredit", "MirroredTerms"]

_AT: Final = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
_ASKED: Final = (
    (dlms.CREDIT, _AT.credit, 2),
    (dlms.CREDIT, _AT.emergency_credit, 2),
    (dlms.CREDIT, _AT.emergency_credit, 8),
    (dlms.DATA, ELECTRICITY_SHOWN, 2),
)
_CREDIT: Final = 3
"""The first of them are the credit; a meter of another maker may have no more."""


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


@dataclass(frozen=True, slots=True)
class MirroredTerms:
    """As last read; money in 10⁻⁵ of the unit.

    Attributes:
        price: per kWh, of the half hour in which it was read.
        standing_charge: per UTC day.
        debt_note: what the supplier says is still owed; None where it has said nothing.
        low_credit: whether the warning is on.
        friendly: whether that half hour is one of friendly credit.
        cutoff_wh: the register at which the supply ends.
        open_for_credit: the switch stands open for want of credit and for no other reason.
    """

    price: int
    standing_charge: int
    debt_note: int | None
    low_credit: bool
    friendly: bool
    cutoff_wh: int
    open_for_credit: bool

    @classmethod
    def of(cls, value: dlms.CosemData) -> MirroredTerms:
        """From the object that says it.

        Raises:
            MalformedError: another structure.
        """
        price, standing, note, low, friendly, cutoff, off = value.items(7)
        debt = None if note == dlms.null else note.whole()
        answers = bool(low.value), bool(friendly.value)
        return cls(price.whole(), standing.whole(), debt, *answers, cutoff.whole(), bool(off.value))


class CreditMirror:
    """What is asked with every reading, until a meter has once refused it.

    Attributes:
        shown: None before the first answer, and where the meter holds no account.
        terms: None as well where the meter says no more than its credit.
    """

    def __init__(self) -> None:
        self.shown: MirroredCredit | None = None
        self.terms: MirroredTerms | None = None
        self._refused = False

    @property
    def attributes(self) -> Sequence[tuple[dlms.InterfaceClass, dlms.Obis, int]]:
        """To be read."""
        return () if self._refused else _ASKED

    def take(self, values: Sequence[dlms.CosemData | dlms.AccessRefusedError]) -> None:
        """Their values, in the same order; none where nothing was asked."""
        if not values:
            return
        told = [value for value in values[:_CREDIT] if not isinstance(value, dlms.AccessRefusedError)]
        try:
            self.shown = MirroredCredit(*(value.whole() for value in told)) if len(told) == _CREDIT else None
        except MalformedError:  # what is there is no credit
            self.shown = None
        self._refused = self.shown is None
        self.terms = None if self._refused else _terms(values[_CREDIT])


def _terms(value: dlms.CosemData | dlms.AccessRefusedError) -> MirroredTerms | None:
    if isinstance(value, dlms.AccessRefusedError):
        return None
    try:
        return MirroredTerms.of(value)
    except MalformedError:  # another maker's meter has something else there
        return None
