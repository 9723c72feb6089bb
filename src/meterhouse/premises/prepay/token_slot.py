"""Where tokens enter the home, by network or by keypad: each counts once, whichever way it came (S0-140)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.companion.token_status import TokenVerdict
from meterhouse.companion.utrn import UtrnKey
from meterhouse.model import Fuel, Instant
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.entry_lock import EntryLock
from meterhouse.premises.prepay.token_taker import Taken, TokenTaker
from meterhouse.protocols import sts

__all__ = ["BALANCE_LIMIT", "Entry", "TokenSlot"]

BALANCE_LIMIT: Final = 50_000_000
"""500.00: a balance above this is refused, whatever the token says (S0-71: sensible values)."""

_COUNTED: Final = (TokenVerdict.WRONG, TokenVerdict.FORMAT)


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a token.

    Attributes:
        amount: credited, 10⁻⁵ of the unit; 0 where refused.
        fuel: of the account whose token it is, taken or not; None where that cannot be told.
    """

    verdict: TokenVerdict
    amount: int = 0
    fuel: Fuel | None = None


class TokenSlot:
    """Takes tokens for one account. Decoder memory and balance change together or not at all.

    Attributes:
        lock: of the keypad on which its tokens are typed.
        last, last_token, last_at: of the tokens that came by the network, for whoever sent one and asks what became of
            it; what is typed at the same time is another's.
    """

    def __init__(self, taker: TokenTaker, account: PrepayAccount, tell: Callable[..., None]) -> None:
        self._taker = taker
        self._account = account
        self._tell = tell
        self._taken_over = ""
        self.lock = EntryLock()
        self.last = Entry(TokenVerdict.NONE_YET)
        self.last_token = b""
        self.last_at: Instant | None = None

    def enter(self, token: str, now: Instant, *, by_hand: bool) -> Entry:
        """Take a token; never raises. `by_hand`: typed on the keypad rather than delivered."""
        if by_hand and self.lock.holds(now):
            return self._keep(Entry(TokenVerdict.LOCKED), token, now, by_hand=by_hand)
        taken = self._taker.take(token, now, self._room)
        fuel = self._account.fuel if taken.proven else None
        if taken.verdict is TokenVerdict.ACCEPTED:
            self.lock.right()
            if taken.money5:  # a commissioning token is worth nothing, and proves the way
                self._account.credit(taken.money5)
            return self._keep(Entry(TokenVerdict.ACCEPTED, taken.money5, fuel), token, now, by_hand=by_hand)
        if by_hand and taken.verdict in _COUNTED:
            self.lock.wrong(now)
        return self._keep(Entry(taken.verdict, fuel=fuel), token, now, by_hand=by_hand)

    def judge(self, token: str, now: Instant) -> Taken:
        """What `enter` would say of a token if the keypad were open; changes nothing."""
        kept = self._taker.state()
        taken = self._taker.take(token, now, self._room)
        self._taker.restore(kept)
        return taken

    def refuse(self, verdict: TokenVerdict, token: str, now: Instant) -> Entry:
        """Refuse what was typed for a reason that this slot cannot know."""
        return self._keep(Entry(verdict), token, now, by_hand=True)

    @property
    def _room(self) -> int:
        return BALANCE_LIMIT - self._account.balance

    def _keep(self, entry: Entry, token: str, now: Instant, *, by_hand: bool) -> Entry:
        if not by_hand:
            self.last, self.last_at = entry, now
            self.last_token = token.encode("ascii", "replace")[:20]
        way = "keypad" if by_hand else "network"
        if entry.verdict is TokenVerdict.ACCEPTED:
            self._tell(now, "token.accepted", way=way, amount_money5=entry.amount, balance_money5=self._account.balance)
        else:
            self._tell(now, "token.refused", way=way, why=entry.verdict.sentence)
        return entry

    def take_only(self, key: sts.DecoderKey, utrn: UtrnKey, order: str) -> bool:
        """Another supplier's tokens from now on, and nobody else's; once for the order that said so: True."""
        if order == self._taken_over:
            return False
        self._taker.take_only(key, utrn)
        self._taken_over = order
        return True

    def used(self) -> dict[str, Any]:
        """What it knows of used tokens, without keys."""
        return self._taker.used()

    def take_used(self, used: dict[str, Any]) -> None:
        """Know the tokens that another hub knew to be used."""
        self._taker.take_used(used)

    def take_quietly(self, token: str) -> int:
        """Credit a token that was accepted by the hub before this one, unless it is known to be used; how much.

        It was told of when it was accepted, so nothing is told now.
        """
        taken = self._taker.take(token, Instant(0), BALANCE_LIMIT)
        if taken.verdict is TokenVerdict.ACCEPTED and taken.money5:
            self._account.credit(taken.money5)
        return taken.money5

    def state(self) -> dict[str, Any]:
        """For a snapshot; holds the decoder's key."""
        over = {"taken_over": self._taken_over} if self._taken_over else {}
        return over | {"decoder": self._taker.state()} | self.lock.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's state."""
        self._taker.restore(state["decoder"])
        self.lock.restore(state)
        self._taken_over = state.get("taken_over", "")
