"""The keypad of the hub, for both fuels (S0-141): a token goes to the account that it was made for, and to no other.

Whoever types need not say which fuel is meant: each account has a key of its own, so a token proves itself at one of
them at most. It is judged at both first, which changes nothing, and entered at that one only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import Fuel, Instant
from meterhouse.premises.prepay import Entry, PrepaidElectricity, PrepayAccount, Taken, TokenSlot

__all__ = ["Keypad"]

_TELLING: Final = (
    TokenVerdict.ACCEPTED,
    TokenVerdict.USED,
    TokenVerdict.OVER_LIMIT,
    TokenVerdict.OLD,
    TokenVerdict.EXPIRED,
    TokenVerdict.NOT_CREDIT,
)
"""What a proven token may be, the most telling first."""


class Keypad:
    """One keypad, one count of wrong tokens, at most one account of each fuel.

    Args:
        gas: account and slot, where gas is paid for in advance.
        electricity: the account, where it stands in this hub.
        tell: notes an event.
        served: told when an account has more to spend than before: its meter is to hear of it soon.
    """

    def __init__(
        self,
        gas: tuple[PrepayAccount, TokenSlot] | None,
        electricity: PrepaidElectricity | None,
        tell: Callable[..., None],
        served: Callable[[Fuel, Instant], None],
    ) -> None:
        self._gas = gas
        self._electricity = electricity
        self._tell = tell
        self._served = served

    def key_in(self, token: str, now: Instant) -> Entry:
        """A token typed: credited once, at its own account, with every network down (S0-124).

        One that is wrong at both accounts counts as one wrong token. One that both would take proves nothing about
        either, and is refused: that takes two accounts set up with one key.
        """
        slots = self._slots()
        if not slots:
            return Entry(TokenVerdict.NO_ACCOUNT)
        for slot in slots[1:]:
            slot.lock = slots[0].lock
        meant = slots[0] if slots[0].lock.holds(now) else _meant(slots, token, now)
        if meant is None:
            return slots[0].refuse(TokenVerdict.NOT_CREDIT, token, now)
        entry = meant.enter(token, now, by_hand=True)
        if entry.amount and entry.fuel is not None:
            self._served(entry.fuel, now)
        return entry

    def take_quietly(self, token: str) -> int:
        """Credit, at its own account, a token that another hub has accepted, unless it is known to be used; how much.

        See `TokenSlot.take_quietly`.
        """
        slots = self._slots()
        meant = _meant(slots, token, Instant(0)) if slots else None
        return 0 if meant is None else meant.take_quietly(token)

    def select_emergency(self, now: Instant, fuel: Fuel = Fuel.GAS) -> bool:
        """Emergency credit of a fuel selected; whether it was on offer. A hand on the spot, as a token is."""
        if fuel is Fuel.GAS:
            selected = self._select_gas(now)
        else:
            selected = self._electricity is not None and self._electricity.select_emergency(now)
        if selected:
            self._served(fuel, now)
        return selected

    def _select_gas(self, now: Instant) -> bool:
        if self._gas is None or not self._gas[0].select_emergency():
            return False
        self._tell(now, "emergency.selected", limit_money5=self._gas[0].emergency_limit)
        return True

    def _slots(self) -> list[TokenSlot]:
        slots = [] if self._gas is None else [self._gas[1]]
        return slots if self._electricity is None else [*slots, self._electricity.slot]


def _meant(slots: list[TokenSlot], token: str, now: Instant) -> TokenSlot | None:
    """The slot that a token is for, or that says best why it is for none; None where it is for two."""
    if len(slots) == 1:
        return slots[0]
    judged = [slot.judge(token, now) for slot in slots]
    if all(taken.verdict is TokenVerdict.ACCEPTED for taken in judged):
        return None
    return min(zip(map(_rank, judged), range(len(slots)), slots, strict=True))[2]


def _rank(taken: Taken) -> int:
    """A code with a used counter that nobody has proven comes after the wrong ones: else guesses would not count."""
    if taken.proven and taken.verdict in _TELLING:
        return _TELLING.index(taken.verdict)
    return len(_TELLING) + (taken.verdict is not TokenVerdict.WRONG) + (taken.verdict is TokenVerdict.FORMAT)
