"""Why a code is refused: GBCS's own reasons, with the event each is recorded as."""

from __future__ import annotations

from enum import Enum

from meterhouse.model import MalformedError

__all__ = ["UtrnError", "UtrnRefusal"]


class UtrnRefusal(Enum):
    """A reason: its event code (None where GBCS records none: a mistyped code), and what to tell the person.

    Which event goes with a wrong range, a wrong class or a counter below the cache is our reading: the published pages
    name the events and not each of their causes.
    """

    INCOMPLETE = (None, "A code has 20 digits. Type all of them from the receipt.")
    MISTYPED = (None, "A digit is wrong. Check each digit and type the code again.")
    NOT_FOR_THIS_DEVICE = (0x8F64, "This code is not for this meter. Check the meter number on the receipt.")
    NOT_AUTHENTIC = (0x8F63, "This code was not made for this meter by its supplier, or a digit is wrong.")
    DUPLICATE = (0x8F51, "This code has been used already; it counts once. Nothing has changed.")
    TOO_OLD = (0x8F51, "This code is older than the last hundred used here. Ask your supplier for a new one.")
    OVER_CREDIT = (0x8F5B, "This code is worth more than this meter takes at once. Ask your supplier.")
    OVER_BALANCE = (0x8F47, "The balance would be above its limit. Use some credit first, then type the code again.")
    ENTRY_SUSPENDED = (0x81C4, "Codes cannot be typed here at present. Ask your supplier to send it by the network.")
    LOCKED_OUT = (0x81C5, "Too many wrong codes: typing is locked for a while. Try again later.")

    def __init__(self, event: int | None, meaning: str) -> None:
        self.event = event
        self.meaning = meaning


class UtrnError(MalformedError):
    """A code that cannot be one of this scheme, whatever the key; `refusal` says why."""

    def __init__(self, refusal: UtrnRefusal) -> None:
        super().__init__(f"code refused: {refusal.name}", why=refusal.meaning)
        self.refusal = refusal
