"""Where tokens enter the home, by network or by keypad: each counts once, whichever way it came (S0-140)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.companion.token_status import TokenVerdict
from meterhouse.companion.utrn import UtrnKey
from meterhouse.model import MINUTE, Instant
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.token_taker import TokenTaker
from meterhouse.protocols import sts

__all__ = ["BALANCE_LIMIT", "Entry", "TokenSlot"]

BALANCE_LIMIT: Final = 50_000_000
"""500.00: a balance above this is refused, whatever the token says (S0-71: sensible values)."""

_WRONG_BEFORE_LOCK: Final = 5
_LOCKED_FOR: Final = 5 * MINUTE
"""Five wrong tokens in a row lock the keypad, as prepayment meters in use do; the network is never locked out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a token.

    Attributes:
        amount: credited, 10⁻⁵ of the unit; 0 where refused.
    """

    verdict: TokenVerdict
    amount: int = 0


class TokenSlot:
    """Takes tokens for one account. Decoder memory and balance change together or not at all.

    Attributes:
        last, last_token, last_at: of the tokens that came by the network, for whoever sent one and asks what became of
            it; what is typed at the same time is another's.
    """

    def __init__(self, taker: TokenTaker, account: PrepayAccount, tell: Callable[..., None]) -> None:
        self._taker = taker
        self._account = account
        self._tell = tell
        self._wrong = 0
        self._locked_until = Instant(0)
        self._taken_over = ""
        self.last = Entry(TokenVerdict.NONE_YET)
        self.last_token = b""
        self.last_at: Instant | None = None

    def enter(self, token: str, now: Instant, *, by_hand: bool) -> Entry:
        """Take a token; never raises. `by_hand`: typed on the keypad rather than delivered."""
        if by_hand and now < self._locked_until:
            return self._keep(Entry(TokenVerdict.LOCKED), token, now, by_hand=by_hand)
        room = BALANCE_LIMIT - self._account.balance
        taken = self._taker.take(token, now, room)
        if taken.verdict is TokenVerdict.ACCEPTED:
            self._wrong = 0
            if taken.money5:  # a commissioning token is worth nothing, and proves the way
                self._account.credit(taken.money5)
            return self._keep(Entry(TokenVerdict.ACCEPTED, taken.money5), token, now, by_hand=by_hand)
        verdict = taken.verdict
        if by_hand and verdict in (TokenVerdict.WRONG, TokenVerdict.FORMAT):
            self._wrong += 1
            if self._wrong >= _WRONG_BEFORE_LOCK:
                self._wrong, self._locked_until = 0, Instant(now + _LOCKED_FOR)
        return self._keep(Entry(verdict), token, now, by_hand=by_hand)

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
        return over | {"decoder": self._taker.state(), "wrong": self._wrong, "locked_until": self._locked_until}

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's state."""
        self._taker.restore(state["decoder"])
        self._wrong, self._locked_until = state["wrong"], Instant(state["locked_until"])
        self._taken_over = state.get("taken_over", "")
