"""What became of the last token: the token gateway's attribute 6 in our companion (IEC 62056-6-2, class 115).

The standard gives the structure {status_code enum, data_value bit-string} and leaves the bits to the companion. Ours
are eight bits, most significant first: the verdict below.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import MalformedError
from meterhouse.protocols import dlms

__all__ = ["TokenVerdict", "decode_status", "encode_status"]

_EXECUTED: Final = 3
_FORMAT_FAILED: Final = 4
_AUTHENTICATION_FAILED: Final = 5
_VALIDATION_FAILED: Final = 6


class TokenVerdict(IntEnum):
    """Why a token was accepted or refused, whatever its scheme."""

    ACCEPTED = 0
    WRONG = 1
    USED = 2
    OLD = 3
    EXPIRED = 4
    FORMAT = 5
    NOT_CREDIT = 6
    OVER_LIMIT = 7
    LOCKED = 8
    NO_ACCOUNT = 9
    NONE_YET = 10

    @property
    def sentence(self) -> str:
        """What to tell a person: what happened and what to do."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    TokenVerdict.ACCEPTED: "The token was accepted.",
    TokenVerdict.WRONG: "This token is not for this meter, or a digit is wrong. Check the 20 digits and type it again.",
    TokenVerdict.USED: "This token was already used: its value was credited before.",
    TokenVerdict.OLD: "This token is older than those already used here. Ask the shop for its history.",
    TokenVerdict.EXPIRED: "This token's key has expired. Ask the supplier for a key change.",
    TokenVerdict.FORMAT: "A token has 20 digits. Check how many were typed.",
    TokenVerdict.NOT_CREDIT: "This token carries no credit for this meter.",
    TokenVerdict.OVER_LIMIT: "The balance would be above its limit. Use some credit first, then type the token again.",
    TokenVerdict.LOCKED: "Too many wrong tokens: the keypad is locked for a while. Try again later.",
    TokenVerdict.NO_ACCOUNT: "This home does not pay in advance, so it takes no tokens.",
    TokenVerdict.NONE_YET: "No token has been entered yet.",
}

_CODES: Final = {
    TokenVerdict.ACCEPTED: _EXECUTED,
    TokenVerdict.WRONG: _AUTHENTICATION_FAILED,
    TokenVerdict.FORMAT: _FORMAT_FAILED,
}


def encode_status(verdict: TokenVerdict) -> dlms.CosemData:
    """The value of attribute 6."""
    return dlms.structure(dlms.enum(_CODES.get(verdict, _VALIDATION_FAILED)), dlms.bit_string(f"{verdict:08b}"))


def decode_status(data: dlms.CosemData) -> TokenVerdict:
    """The verdict of an attribute 6.

    Raises:
        MalformedError: not a structure of two, or bits that are not ours.
    """
    _, bits = data.items(2)
    text = bits.value if isinstance(bits.value, str) else ""
    if len(text) != 8 or int(text, 2) not in tuple(TokenVerdict):
        raise MalformedError(f"token status bits '{text}' are not a verdict of this companion")
    return TokenVerdict(int(text, 2))
