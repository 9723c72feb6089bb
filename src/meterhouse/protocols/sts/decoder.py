"""The meter's side: takes typed tokens, each once, and says why not (IEC 62055-41 §7.3)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from meterhouse.model import MINUTE, Instant, UsageError
from meterhouse.protocols.sts.container import Token
from meterhouse.protocols.sts.credit import Credit, CreditSubclass, CurrencyCredit, read_credit
from meterhouse.protocols.sts.decoder_state import DecoderState
from meterhouse.protocols.sts.extended import ExtendedRead, ExtendedSet, read_extended
from meterhouse.protocols.sts.identity import KeyType, MeterPan
from meterhouse.protocols.sts.key_change import KeySection, assemble_key, read_key_section, sections_needed
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.management import Management, ManagementSubclass, TestDisplay, read_management, read_test
from meterhouse.protocols.sts.results import ResultCode, TokenError
from meterhouse.protocols.sts.sealing import key_expired, unseal

__all__ = ["KEY_CHANGE_WINDOW", "TID_MEMORY", "Content", "Decoder", "TokenResult", "decode_token"]

TID_MEMORY: Final = 50
"""How many used TIDs a meter remembers."""

KEY_CHANGE_WINDOW: Final = 10 * MINUTE
"""How long the first section of a key change waits for its last; ours, the standard leaves it to the maker."""

_EXTENDED_SET: Final = 10
_ORDERS: Final = tuple(order for order in ManagementSubclass if not order.is_reserved)

Content = Credit | CurrencyCredit | Management | TestDisplay | KeySection | ExtendedSet | ExtendedRead
"""What a token says."""
_Identified = Credit | CurrencyCredit | Management | ExtendedSet


@dataclass(frozen=True, slots=True)
class TokenResult:
    """The answer to one entry.

    Attributes:
        code: taken, or why not.
        content: what the token says; None where that could not be trusted or read.
    """

    code: ResultCode
    content: Content | None = None

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.code.ok

    @property
    def meaning(self) -> str:
        """Why, in plain words."""
        return self.code.meaning

    @property
    def amount_money5(self) -> int | None:
        """Money credited, in 10⁻⁵ of the currency unit; None for every other kind of token."""
        return self.content.amount_money5 if isinstance(self.content, CurrencyCredit) else None

    @property
    def tid(self) -> int | None:
        """Its identifier; None for tests, key changes and what could not be read."""
        return self.content.tid if isinstance(self.content, _Identified) else None

    @property
    def subclass(self) -> int | None:
        """Its subclass; None for key changes and what could not be read."""
        return None if self.content is None or isinstance(self.content, KeySection) else int(self.content.subclass)


def decode_token(key: DecoderKey, token: Token) -> Content:
    """What a token says under a key; believes the CRC and checks nothing else.

    Raises:
        TokenError: CRC_ERROR, FORMAT_ERROR (reserved class) or FUNCTION_ERROR (a subclass unknown here).
    """
    block = unseal(key, token)
    content: Content | None
    if block.token_class == 0:
        content = read_credit(block)
    elif block.token_class == 1:
        content = read_test(block) or read_extended(block)
    else:
        content = read_key_section(block) or read_management(block) or read_extended(block)
    if content is None:
        raise TokenError(ResultCode.FUNCTION_ERROR)
    return content


class Decoder:
    """A meter's token decoder. A refused entry changes nothing; an accepted one can never be accepted again.

    It keeps the key, the memory of used TIDs and a key change under way. What the token grants (credit, a limit) is the
    caller's to do, at once: persist `state()` and the effect together.

    Args:
        key: what the meter was made or last changed to.
        pan: whose meter; gives the manufacturer code for test tokens.
        credits: the credit subclasses this meter takes; all others are refused as not its function.
        first_tid: the memory starts filled with it, the TID of the day of manufacture.
        orders: the management subclasses this meter obeys.
        extended: whether it takes extended tokens that set an item; what they mean is the caller's.
    """

    __slots__ = ("_credits", "_key", "_orders", "_pan", "_pending", "_pending_since", "_tids")

    def __init__(
        self,
        key: DecoderKey,
        pan: MeterPan,
        *,
        credits: Iterable[CreditSubclass],  # noqa: A002  the word of the standard; the builtin is for consoles
        first_tid: int = 0,
        orders: Iterable[ManagementSubclass] = _ORDERS,
        extended: bool = False,
    ) -> None:
        self._key = key
        self._pan = pan
        self._credits = frozenset(credits)
        self._orders: frozenset[int] = frozenset(orders) | ({_EXTENDED_SET} if extended else frozenset())
        self._tids = [first_tid] * TID_MEMORY
        self._pending: dict[int, KeySection] = {}
        self._pending_since = Instant(0)

    @property
    def key(self) -> DecoderKey:
        """The key now in force."""
        return self._key

    def enter(self, entry: str | Token, now: Instant, *, room_money5: int | None = None) -> TokenResult:
        """Take a token as typed, or say why not.

        Args:
            entry: 20 digits; spaces and dashes allowed.
            now: by the meter's clock; only times a key change under way.
            room_money5: how much more money the meter can hold, in 10⁻⁵ of the unit; None for no limit.
        """
        try:
            token = Token.parse(entry) if isinstance(entry, str) else entry
            content = decode_token(self._key, token)
        except UsageError:
            return TokenResult(ResultCode.FORMAT_ERROR)
        except TokenError as error:
            return TokenResult(error.code)
        if isinstance(content, KeySection):
            return self._take_section(content, now)
        if isinstance(content, TestDisplay):
            return TokenResult(self._judge_test(content), content)
        if isinstance(content, ExtendedRead):
            return TokenResult(ResultCode.FUNCTION_ERROR, content)
        code = self._judge(content, room_money5)
        if code is ResultCode.ACCEPT:
            self._remember(content.tid)
        return TokenResult(code, content)

    def _judge(self, content: _Identified, room_money5: int | None) -> ResultCode:
        """Everything but the CRC, in an order that tells the person the most useful reason first."""
        is_credit = isinstance(content, Credit | CurrencyCredit)
        if content.subclass not in (self._credits if is_credit else self._orders):
            return ResultCode.FUNCTION_ERROR
        if is_credit and self._key.key_type in (KeyType.DITK, KeyType.DDTK):
            return ResultCode.DDTK_ERROR
        if key_expired(self._key, content.tid):
            return ResultCode.KEY_EXPIRED_ERROR
        if self._used(content.tid):
            return ResultCode.USED_ERROR
        if content.tid < self._tids[0]:
            return ResultCode.OLD_ERROR
        if isinstance(content, CurrencyCredit) and room_money5 is not None and content.amount_money5 > room_money5:
            return ResultCode.OVERFLOW_ERROR
        return ResultCode.ACCEPT

    def _judge_test(self, content: TestDisplay) -> ResultCode:
        own = int(self._pan.manufacturer)
        return ResultCode.ACCEPT if content.manufacturer in (0, own) else ResultCode.MFR_CODE_ERROR

    def _used(self, tid: int) -> bool:
        place = bisect_left(self._tids, tid)
        return place < TID_MEMORY and self._tids[place] == tid

    def _remember(self, tid: int) -> None:
        del self._tids[0]
        insort(self._tids, tid)

    def _take_section(self, section: KeySection, now: Instant) -> TokenResult:
        pending = dict(self._pending) if now - self._pending_since <= KEY_CHANGE_WINDOW else {}
        since = self._pending_since if pending else now
        pending[section.number] = section
        if not sections_needed(self._key.algorithm, pending.get(1)) <= pending.keys():
            self._pending, self._pending_since = pending, since
            return TokenResult(ResultCode(ResultCode.FIRST_KCT + section.number - 1), section)
        try:
            key, rollover = assemble_key(self._key, pending)
        except TokenError as error:
            return TokenResult(error.code, section)
        self._key, self._pending = key, {}
        if rollover:
            self._tids = [0] * TID_MEMORY
        return TokenResult(ResultCode.ACCEPT, section)

    def change_key(self, key: DecoderKey) -> None:
        """Decode by another key from now on, given otherwise than by tokens; used TIDs stay used."""
        self._key, self._pending = key, {}

    def state(self) -> dict[str, object]:
        """All it must not forget, fit for JSON. Holds the key: keep it as secret as the key."""
        return DecoderState(self._key, self._tids, self._pending, self._pending_since).document()

    def restore(self, document: object) -> None:
        """Go on from `state()`. The EA07 tables in force stay: they are not part of the state.

        Raises:
            MalformedError: not what `state()` gives; nothing was changed.
        """
        state = DecoderState.read(document, self._key.tables, TID_MEMORY)
        self._key, self._tids = state.key, state.tids
        self._pending, self._pending_since = state.pending, state.pending_since
