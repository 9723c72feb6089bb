"""What a meter says of a token (IEC 62055-41 §7.3), each with its reason in plain words."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import MalformedError

__all__ = ["ResultCode", "TokenError"]


class ResultCode(IntEnum):
    """The answer to an entered token; numbers are this house's, names the standard's."""

    ACCEPT = 0
    CRC_ERROR = 1
    USED_ERROR = 2
    OLD_ERROR = 3
    KEY_EXPIRED_ERROR = 4
    DDTK_ERROR = 5
    MFR_CODE_ERROR = 6
    OVERFLOW_ERROR = 7
    KEY_TYPE_ERROR = 8
    FORMAT_ERROR = 9
    RANGE_ERROR = 10
    FUNCTION_ERROR = 11
    FIRST_KCT = 12
    """A key change section was taken; others are still to come."""
    SECOND_KCT = 13
    THIRD_KCT = 14
    FOURTH_KCT = 15

    @property
    def ok(self) -> bool:
        """Whether the token was taken."""
        return self is ResultCode.ACCEPT or self >= ResultCode.FIRST_KCT

    @property
    def meaning(self) -> str:
        """Why, and what to do next, in one or two sentences for the person at the keypad."""
        return _MEANINGS[self]


_MEANINGS: Final[dict[ResultCode, str]] = {
    ResultCode.ACCEPT: "The token is accepted.",
    ResultCode.CRC_ERROR: (
        "The token is not for this meter, or a digit is wrong. Check each digit and the meter number on the receipt."
    ),
    ResultCode.USED_ERROR: "This token has been used already; it counts once. Nothing has changed.",
    ResultCode.OLD_ERROR: (
        "This token is older than the last ones this meter remembers, so it cannot tell if it was used. "
        "Ask your supplier for a new one."
    ),
    ResultCode.KEY_EXPIRED_ERROR: (
        "The key this token was made with has expired. Ask your supplier for key change tokens and a new token."
    ),
    ResultCode.DDTK_ERROR: (
        "The meter still holds its default key and takes no credit. Enter your supplier's key change tokens first."
    ),
    ResultCode.MFR_CODE_ERROR: "This test token is for another maker's meter.",
    ResultCode.OVERFLOW_ERROR: (
        "The meter cannot hold that much credit. Use some first, then enter the same token again; it stays good."
    ),
    ResultCode.KEY_TYPE_ERROR: "The key in this key change is of a kind the meter may not take. Ask your supplier.",
    ResultCode.FORMAT_ERROR: "That is not a token: it needs 20 digits. Type all digits from the receipt.",
    ResultCode.RANGE_ERROR: "The token carries a value outside what this meter allows. Ask your supplier.",
    ResultCode.FUNCTION_ERROR: "The token asks for something this meter does not do, such as credit for another fuel.",
    ResultCode.FIRST_KCT: "The first key change token is taken. Enter the others now.",
    ResultCode.SECOND_KCT: "The second key change token is taken. Enter the others now.",
    ResultCode.THIRD_KCT: "The third key change token is taken. Enter the others now.",
    ResultCode.FOURTH_KCT: "The fourth key change token is taken. Enter the others now.",
}


class TokenError(MalformedError):
    """A token that does not decode under the key at hand; `code` says why. Raised by `decode`, never by `Decoder`."""

    def __init__(self, code: ResultCode) -> None:
        super().__init__(f"token refused: {code.name}", why=code.meaning)
        self.code = code
