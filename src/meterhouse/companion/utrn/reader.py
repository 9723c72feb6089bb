"""The device's side: takes typed codes, each once, and says why not (GBCS §14.3)."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Final

from meterhouse.companion.utrn.key import UtrnKey
from meterhouse.companion.utrn.refusal import UtrnError, UtrnRefusal
from meterhouse.companion.utrn.token import LARGEST_COUNTER, Utrn
from meterhouse.companion.utrn.value import LARGEST_MONEY5
from meterhouse.model import MalformedError, UsageError

__all__ = ["COUNTER_CACHE", "UtrnLimits", "UtrnReader", "UtrnResult"]

COUNTER_CACHE: Final = 100
"""How many counters of accepted codes a device remembers (§14.1)."""

_SPAN: Final = 1 << 10


@dataclass(frozen=True, slots=True)
class UtrnLimits:
    """What a device takes.

    Attributes:
        credit_money5: the most in one code (SMETS's Maximum Credit Threshold), in 10⁻⁵ of the currency unit.
    """

    credit_money5: int = LARGEST_MONEY5


@dataclass(frozen=True, slots=True)
class UtrnResult:
    """The answer to one entry.

    Attributes:
        refusal: why not; None where it was taken.
        money5: what is to be credited, in 10⁻⁵ of the currency unit; 0 where refused.
        counter: the code's whole counter; None where it could not be told.
    """

    refusal: UtrnRefusal | None
    money5: int = 0
    counter: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.refusal is None


class UtrnReader:
    """A device's reader of codes. A refused code changes nothing; an accepted one can never be accepted again.

    Crediting is the caller's to do, at once: persist `state()` and the balance together.

    A code tells only 10 bits of its counter. The rest is taken from the highest counter accepted so far: the nearest
    number with those bits, upward when two are as near. So a supplier may leave up to 511 codes unused in a row.

    Args:
        key: shared with the supplier.
        limits: what one code may be worth.
        first_counter: the counter that codes start after: 0, or the supplier's last at a change of supplier.
    """

    __slots__ = ("_counters", "_first", "_key", "_limits")

    def __init__(self, key: UtrnKey, limits: UtrnLimits | None = None, *, first_counter: int = 0) -> None:
        if not 0 <= first_counter <= LARGEST_COUNTER:
            raise UsageError(f"code counter {first_counter} is not 0 to {LARGEST_COUNTER}")
        self._key = key
        self._limits = limits or UtrnLimits()
        self._first = first_counter
        self._counters: list[int] = []

    def enter(self, entry: str, *, room_money5: int | None = None) -> UtrnResult:
        """Take a code as typed, or say why not.

        The order is: digits, check digit, range, value class, counter, MAC, the most in one code, the balance.

        Args:
            entry: 20 digits; spaces and dashes allowed.
            room_money5: how much more money the device can hold, in 10⁻⁵ of the unit; None for no limit.
        """
        try:
            code = Utrn.parse(entry)
        except UtrnError as error:
            return UtrnResult(error.refusal)
        counter = self.whole_counter(code.truncated)
        refusal = self._judge(code, counter, room_money5)
        if refusal is not None:
            return UtrnResult(refusal, counter=counter)
        insort(self._counters, counter)
        del self._counters[:-COUNTER_CACHE]
        return UtrnResult(None, code.value.money5, counter)

    def proves(self, entry: str) -> bool:
        """Whether a code was made for this device by its supplier, used already or not; changes nothing."""
        try:
            code = Utrn.parse(entry)
        except UtrnError:
            return False
        return self._key.verifies(self.whole_counter(code.truncated), code.upper, code.mac)

    def whole_counter(self, truncated: int) -> int:
        """The whole counter that 10 bits stand for here."""
        highest = self._counters[-1] if self._counters else self._first
        near = highest - highest % _SPAN + truncated
        candidates = [near + step for step in (-_SPAN, 0, _SPAN) if 0 <= near + step <= LARGEST_COUNTER]
        return min(candidates, key=lambda counter: (abs(counter - highest), -counter))

    def _judge(self, code: Utrn, counter: int, room_money5: int | None) -> UtrnRefusal | None:
        place = bisect_left(self._counters, counter)
        if place < len(self._counters) and self._counters[place] == counter:
            return UtrnRefusal.DUPLICATE
        if place == 0 and len(self._counters) == COUNTER_CACHE:
            return UtrnRefusal.TOO_OLD
        if not self._key.verifies(counter, code.upper, code.mac):
            return UtrnRefusal.NOT_AUTHENTIC
        if code.value.money5 > self._limits.credit_money5:
            return UtrnRefusal.OVER_CREDIT
        if room_money5 is not None and code.value.money5 > room_money5:
            return UtrnRefusal.OVER_BALANCE
        return None

    def state(self) -> dict[str, object]:
        """All it must not forget, fit for JSON. Holds no key."""
        return {"first": self._first, "counters": list(self._counters)}

    def restore(self, document: object) -> None:
        """Go on from `state()`.

        Raises:
            MalformedError: not what `state()` gives; nothing was changed.
        """
        first, counters = _read(document)
        self._first, self._counters = first, counters


def _read(document: object) -> tuple[int, list[int]]:
    kept = document if isinstance(document, dict) else {}
    first, counters = kept.get("first"), kept.get("counters")
    if isinstance(counters, list) and len(counters) <= COUNTER_CACHE and all(map(_is_counter, [first, *counters])):
        numbers: list[int] = list(counters)
        if numbers == sorted(set(numbers)) and isinstance(first, int):
            return first, numbers
    raise MalformedError(
        "this is not the state of a reader of codes", remedy="Restore it from a backup, or commission the meter again."
    )


def _is_counter(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_COUNTER
