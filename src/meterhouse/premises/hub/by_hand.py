"""A reading keyed into the hub, and the code that it then shows: how a home gets on while the gas link is down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from meterhouse.companion.gas import MOST_GRANTED_M3, GasAddress, check_digits, reopen_code
from meterhouse.model import HALF_HOUR, MINUTE, REGISTER_LIMIT_LITRES, Instant
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.prepay import PrepayAccount

__all__ = ["ByHand", "HandVerdict"]

_WRONG_BEFORE_LOCK: Final = 5
_LOCKED_FOR: Final = 15 * MINUTE
_MOST_L: Final = 20_000
"""In a half hour, more than any meter in a home passes."""
_CUBIC_METRE: Final = 1_000


class HandVerdict(Enum):
    """What the hub says to a reading, or to the wish for a code; the value is for the person."""

    ACCEPTED = "The reading was taken."
    LINK_WORKS = "The hub hears the gas meter: nothing needs to be typed."
    WRONG = "The check digits don't belong to this reading. Look at the gas meter and type both again."
    IMPOSSIBLE = "The reading is below the last one, or above what can have been used since."
    LOCKED = "Too many wrong readings: try again in a quarter of an hour."
    NO_ACCOUNT = "This home does not pay in advance, so its gas has no code."
    NO_READING = "Type the gas meter's reading and check digits first."
    NO_CREDIT = "There is not enough credit for a cubic metre of gas. Buy credit first."


class ByHand:
    """The keypad's part of one gas link.

    Args:
        master_key: of the link.
        meter: whose.
        mirror: says whether the link works.
        account: None in a credit home.
        tell: notes an event.

    Attributes:
        shown: told when a code is shown: the meter may open by it, unheard.
    """

    def __init__(
        self,
        master_key: bytes,
        meter: GasAddress,
        mirror: GasMirror,
        account: PrepayAccount | None,
        tell: Callable[..., None],
    ) -> None:
        self._key = master_key
        self._meter = meter
        self._mirror = mirror
        self._account = account
        self._tell = tell
        self.shown: Callable[[], None] = lambda: None
        self._wrong = 0
        self._locked_until = Instant(0)
        self._reading: tuple[Instant, int] | None = None

    @property
    def reading_l(self) -> int | None:
        """The last reading that was proved, unless the meter itself has been heard since; litres."""
        heard_at = self._mirror.heard_at
        if self._reading is None or (heard_at is not None and heard_at >= self._reading[0]):
            return None
        return self._reading[1]

    def read_in(self, register_l: int, check: str, now: Instant) -> HandVerdict:
        """A reading with its check digits, typed while the link is down; charged for now, and told as manual."""
        if not self._mirror.link_failed:
            return HandVerdict.LINK_WORKS
        if now < self._locked_until:
            return HandVerdict.LOCKED
        if not 0 <= register_l < REGISTER_LIMIT_LITRES or check_digits(self._key, self._meter, register_l) != check:
            self._wrong += 1
            if self._wrong >= _WRONG_BEFORE_LOCK:
                self._wrong, self._locked_until = 0, Instant(now + _LOCKED_FOR)
            return HandVerdict.WRONG
        self._wrong = 0
        if not self._possible(register_l, now):
            return HandVerdict.IMPOSSIBLE
        self._reading = now, register_l
        balance = None
        if self._account is not None and self._account.charged is not None:
            balance = self._account.provide(register_l, now)
        self._tell(now, "gas.manual_reading", register_l=register_l, balance_money5=balance)
        return HandVerdict.ACCEPTED

    def _possible(self, register_l: int, now: Instant) -> bool:
        """Not below what is known: a reading that was true once can be shown again by whoever wrote it down."""
        newest = self._mirror.log.newest
        if newest is None:
            return True
        known = self.reading_l
        last = newest.register if known is None else known
        risen = (register_l - last) % REGISTER_LIMIT_LITRES
        return risen <= min(((now - newest.end) // HALF_HOUR + 1) * _MOST_L, REGISTER_LIMIT_LITRES // 2)

    def code(self, now: Instant) -> tuple[HandVerdict, str]:
        """The code that opens the valve at the reading that was typed, for what the account can buy beyond it.

        Asked again for the same reading it is the same code: no credit is granted twice.
        """
        account = self._account
        if account is None:
            return HandVerdict.NO_ACCOUNT, ""
        if not self._mirror.link_failed:
            return HandVerdict.LINK_WORKS, ""
        reading_l = self.reading_l
        if reading_l is None:
            return HandVerdict.NO_READING, ""
        bought_l = account.bought() - reading_l if account.spendable > 0 else 0
        granted_m3 = min(bought_l // _CUBIC_METRE, MOST_GRANTED_M3)
        if granted_m3 == 0:
            return HandVerdict.NO_CREDIT, ""
        self.shown()
        self._tell(now, "gas.reopen_code", granted_m3=granted_m3)
        return HandVerdict.ACCEPTED, reopen_code(self._key, self._meter, reading_l, granted_m3)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"wrong": self._wrong, "locked_until": self._locked_until, "reading": self._reading}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._wrong, self._locked_until = state["wrong"], Instant(state["locked_until"])
        reading = state["reading"]
        self._reading = None if reading is None else (Instant(reading[0]), reading[1])
