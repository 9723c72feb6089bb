"""What a token slot needs of a scheme: digits in, a verdict and money out, each token once. STS and UTRN do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from meterhouse.companion.token_status import TokenVerdict
from meterhouse.companion.utrn import UtrnKey, UtrnLimits, UtrnReader, UtrnRefusal, in_utrn_range
from meterhouse.model import Instant
from meterhouse.protocols import sts

__all__ = ["EitherTaker", "StsTaker", "Taken", "TokenTaker", "UtrnTaker"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a scheme says of a token.

    Attributes:
        money5: to be credited, 10⁻⁵ of the unit; 0 where refused, and for a commissioning token.
        proven: whether it was made for this account, taken or not.
    """

    verdict: TokenVerdict
    money5: int = 0
    proven: bool = False


class TokenTaker(Protocol):
    """One scheme's memory of used tokens. A refused token changes nothing; an accepted one is never accepted again."""

    def take(self, token: str, now: Instant, room_money5: int) -> Taken:
        """Take a token of 20 digits, or say why not. `room_money5`: how much more the account can hold."""

    def take_only(self, key: sts.DecoderKey, utrn: UtrnKey) -> None:
        """Another supplier's tokens from now on, and nobody else's; what was used stays used."""

    def used(self) -> dict[str, Any]:
        """What it knows of used tokens, without keys."""

    def take_used(self, used: dict[str, Any]) -> None:
        """Know the tokens that another knew to be used."""

    def state(self) -> dict[str, Any]:
        """All it must not forget, fit for JSON. May hold keys."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""


_OF_STS: Final = {
    sts.ResultCode.CRC_ERROR: TokenVerdict.WRONG,
    sts.ResultCode.USED_ERROR: TokenVerdict.USED,
    sts.ResultCode.OLD_ERROR: TokenVerdict.OLD,
    sts.ResultCode.KEY_EXPIRED_ERROR: TokenVerdict.EXPIRED,
    sts.ResultCode.FORMAT_ERROR: TokenVerdict.FORMAT,
    sts.ResultCode.OVERFLOW_ERROR: TokenVerdict.OVER_LIMIT,
}


class StsTaker:
    """IEC 62055-41."""

    __slots__ = ("_decoder",)

    def __init__(self, decoder: sts.Decoder) -> None:
        self._decoder = decoder

    def take(self, token: str, now: Instant, room_money5: int) -> Taken:
        """Credit in money only; everything else that decodes is no credit here."""
        result = self._decoder.enter(token, now, room_money5=room_money5)
        amount = result.amount_money5
        if result.ok and amount is not None and amount >= 0:
            return Taken(TokenVerdict.ACCEPTED, amount, proven=True)
        verdict = _OF_STS.get(result.code, TokenVerdict.NOT_CREDIT)
        return Taken(verdict, proven=verdict not in (TokenVerdict.WRONG, TokenVerdict.FORMAT))

    def take_only(self, key: sts.DecoderKey, utrn: UtrnKey) -> None:
        """By the decoder key."""
        del utrn
        self._decoder.change_key(key)

    def used(self) -> dict[str, Any]:
        """The decoder's memory of identifiers."""
        return {"tids": self._decoder.state()["tids"]}

    def take_used(self, used: dict[str, Any]) -> None:
        """See `TokenTaker`; of one that knew both schemes, what it knew of this."""
        self._decoder.restore(self._decoder.state() | {"tids": used.get("sts", used)["tids"]})

    def state(self) -> dict[str, Any]:
        """The decoder's; holds its key."""
        return self._decoder.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self._decoder.restore(state)


_OF_UTRN: Final = {
    UtrnRefusal.INCOMPLETE: TokenVerdict.FORMAT,
    UtrnRefusal.MISTYPED: TokenVerdict.WRONG,
    UtrnRefusal.NOT_FOR_THIS_DEVICE: TokenVerdict.WRONG,
    UtrnRefusal.NOT_AUTHENTIC: TokenVerdict.WRONG,
    UtrnRefusal.DUPLICATE: TokenVerdict.USED,
    UtrnRefusal.TOO_OLD: TokenVerdict.OLD,
    UtrnRefusal.OVER_CREDIT: TokenVerdict.OVER_LIMIT,
    UtrnRefusal.OVER_BALANCE: TokenVerdict.OVER_LIMIT,
    UtrnRefusal.ENTRY_SUSPENDED: TokenVerdict.LOCKED,
    UtrnRefusal.LOCKED_OUT: TokenVerdict.LOCKED,
}


class UtrnTaker:
    """The GB code."""

    __slots__ = ("_limits", "_reader")

    def __init__(self, key: UtrnKey, limits: UtrnLimits | None = None) -> None:
        self._limits = limits
        self._reader = UtrnReader(key, limits)

    def take(self, token: str, now: Instant, room_money5: int) -> Taken:  # noqa: ARG002 - a code knows no time
        """Take a code, or say why not."""
        proven = self._reader.proves(token)  # a used counter is told before the MAC is looked at
        result = self._reader.enter(token, room_money5=room_money5)
        verdict = TokenVerdict.ACCEPTED if result.refusal is None else _OF_UTRN[result.refusal]
        return Taken(verdict, result.money5, proven=proven)

    def take_only(self, key: sts.DecoderKey, utrn: UtrnKey) -> None:
        """By what the two agree on; the old supplier's counters count for nothing."""
        del key
        self._reader = UtrnReader(utrn, self._limits)

    def used(self) -> dict[str, Any]:
        """The reader's memory of counters."""
        return self._reader.state()

    def take_used(self, used: dict[str, Any]) -> None:
        """See `TokenTaker`."""
        self._reader.restore(used)

    def state(self) -> dict[str, Any]:
        """The reader's; holds no key."""
        return self._reader.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self._reader.restore(state)


class EitherTaker:
    """Both schemes at one keypad: their numbers never overlap, so the digits themselves say which is meant."""

    __slots__ = ("_sts", "_utrn")

    def __init__(self, of_sts: StsTaker, of_utrn: UtrnTaker) -> None:
        self._sts = of_sts
        self._utrn = of_utrn

    def take(self, token: str, now: Instant, room_money5: int) -> Taken:
        """Take a token of either scheme."""
        taker = self._utrn if in_utrn_range(token) else self._sts
        return taker.take(token, now, room_money5)

    def take_only(self, key: sts.DecoderKey, utrn: UtrnKey) -> None:
        """Both."""
        self._sts.take_only(key, utrn)
        self._utrn.take_only(key, utrn)

    def used(self) -> dict[str, Any]:
        """Both."""
        return {"sts": self._sts.used(), "utrn": self._utrn.used()}

    def take_used(self, used: dict[str, Any]) -> None:
        """Both, or STS alone from a hub that knew no other."""
        self._sts.take_used(used.get("sts", used))
        if "utrn" in used:
            self._utrn.take_used(used["utrn"])

    def state(self) -> dict[str, Any]:
        """Both; holds the STS key."""
        return {"sts": self._sts.state(), "utrn": self._utrn.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`, or from that of STS alone: then no code has been used yet."""
        if "sts" not in state:
            self._sts.restore(state)
            return
        self._sts.restore(state["sts"])
        self._utrn.restore(state["utrn"])
