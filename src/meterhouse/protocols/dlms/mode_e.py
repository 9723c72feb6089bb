r"""Protocol mode E: from the sign-on of IEC 62056-21 to HDLC on the same line (IEC 62056-21 annex B, IEC 62056-46 §A).

The line begins with 7 data bits and even parity. The side that asks sends `/?!`, the meter identifies itself with
its fastest rate and `\2` for HDLC, the asker acknowledges with `2 Z 2`; both go to rate Z; there the meter repeats the
acknowledgement, and then both go to 8 data bits without parity. The machines say when the line is to be changed by
happenings, because only their user can change it: send what `outgoing` gave before, let it leave, then change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from meterhouse.model import SECOND, Duration, Instant, UsageError

__all__ = [
    "RATES",
    "HandedOver",
    "Identified",
    "ModeEClient",
    "ModeEHappening",
    "ModeEServer",
    "SignOnFailed",
    "with_even_parity",
]

RATES: Final = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19_200}
"""Baud by the character Z of protocol modes C and E (IEC 62056-21 §6.3.14)."""
REACTION: Final = 1500
"""The longest time before an answer begins, ms (t_r, IEC 62056-21 §6.3.14)."""

_MOST: Final = 64
"""Characters that may wait for the end of a line; sign-on lines have at most 37."""
_ACKNOWLEDGE: Final = 0x06
_IDENTIFICATION: Final = re.compile(r"/([A-Za-z]{3})([0-9A-Ia-i])((?:\\.)*)([\x20-\x7e]*?)\r\n")
_REQUEST: Final = re.compile(r"/\?([0-9A-Za-z]{0,32})!\r\n")
_OPTION: Final = re.compile(r"\x06([0-9])([0-9])([0-9])\r\n")
_HDLC: Final = "\\2"


def with_even_parity(octets: bytes) -> bytes:
    """7-bit characters with the parity bit that a port of 8 bits does not add by itself."""
    return bytes(octet & 0x7F | (octet & 0x7F).bit_count() % 2 << 7 for octet in octets)


@dataclass(frozen=True, slots=True)
class Identified:
    """The other side of the sign-on is known; the line now goes to `baud`, still with 7 bits and even parity.

    Attributes:
        manufacturer: three letters; empty on the meter's side.
        identification: the meter's free text; empty on the meter's side.
        baud: the rate that both go to.
    """

    manufacturer: str
    identification: str
    baud: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The line now goes to 8 bits without parity and belongs to HDLC.

    Attributes:
        baud: its rate.
        rest: bytes that came behind the hand-over and are HDLC's already.
    """

    baud: int
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class SignOnFailed:
    """The meter is silent, or does not do mode E.

    Attributes:
        why: one sentence.
    """

    why: str


ModeEHappening = Identified | HandedOver | SignOnFailed


class _State(Enum):
    IDLE = auto()
    ASKED = auto()
    CHOSEN = auto()
    DONE = auto()


@dataclass(slots=True)
class _Text:
    """Characters that came, without their parity bit, never more than `_MOST`."""

    octets: bytearray = field(default_factory=bytearray)

    def take(self, pattern: re.Pattern[str], data: bytes) -> tuple[re.Match[str] | None, bytes]:
        """What `pattern` found with `data` added, and the bytes of `data` behind it."""
        for place, octet in enumerate(data, 1):
            self.octets.append(octet & 0x7F)
            if octet & 0x7F == 0x0A:
                found = pattern.search(self.octets.decode("ascii"))
                self.octets.clear()
                if found:
                    return found, data[place:]
            del self.octets[:-_MOST]
        return None, b""


class ModeEClient:
    """Signs on to a meter and asks for HDLC.

    Args:
        device: the meter's address on a shared line, up to 32 letters and digits; empty for any.
        fastest: the highest baud that we can do.
        software_parity: True where the port has 8 bits and we must make the parity bit ourselves.
        tries: how often a silent meter is asked.
        patience: how long each answer may take, ms; the identification comes at 300 baud.
    """

    __slots__ = (
        "_baud",
        "_due",
        "_fastest",
        "_happened",
        "_out",
        "_parity",
        "_patience",
        "_request",
        "_state",
        "_text",
        "_tries",
    )

    def __init__(
        self,
        device: str = "",
        *,
        fastest: int = 19_200,
        software_parity: bool = False,
        tries: int = 3,
        patience: Duration = REACTION + SECOND,
    ) -> None:
        self._request = f"/?{device}!\r\n"
        if not _REQUEST.fullmatch(self._request):
            raise UsageError(f"device address '{device}' is not up to 32 letters and digits")
        if tries < 1 or patience < 1 or fastest < RATES["0"]:
            raise UsageError("tries and patience are at least 1, and the fastest rate at least 300 baud")
        self._fastest = fastest
        self._parity = software_parity
        self._tries = tries
        self._patience = patience
        self._state = _State.IDLE
        self._text = _Text()
        self._out = b""
        self._happened: list[ModeEHappening] = []
        self._due: Instant | None = None
        self._baud = RATES["0"]

    def start(self, now: Instant) -> None:
        """Send the sign-on."""
        self._state = _State.ASKED
        self._ask(now)

    def receive(self, data: bytes, now: Instant) -> list[ModeEHappening]:
        """Take bytes from the line; noise is passed over."""
        if self._state is _State.ASKED:
            found, rest = self._text.take(_IDENTIFICATION, data)
            if found:
                self._identified(found, now)
                data = rest
        if self._state is _State.CHOSEN:
            # Some meters speak HDLC at once and never confirm: a flag cannot be part of a confirmation.
            found, rest = self._text.take(_OPTION, data)
            if found:
                self._done(rest)
        return self._told()

    def outgoing(self) -> bytes:
        """Hand out, and forget, what is to leave."""
        octets, self._out = self._out, b""
        return with_even_parity(octets) if self._parity else octets

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        return self._due

    def elapse(self, now: Instant) -> list[ModeEHappening]:
        """Ask a silent meter again; take one that does not confirm as ready, as not all do."""
        if self._due is not None and now >= self._due:
            self._due = None
            if self._state is _State.CHOSEN:
                self._done(b"")
            elif self._tries > 1:
                self._tries -= 1
                self._ask(now)
            else:
                self._fail("The meter does not answer the sign-on.")
        return self._told()

    def _told(self) -> list[ModeEHappening]:
        happened, self._happened = self._happened, []
        return happened

    def _ask(self, now: Instant) -> None:
        self._out += self._request.encode("ascii")
        self._due = Instant(now + self._patience)

    def _identified(self, found: re.Match[str], now: Instant) -> None:
        manufacturer, rate, escapes, identification = found.groups()
        if _HDLC not in escapes:
            self._fail(f"The meter {manufacturer} '{identification}' does not offer HDLC (mode E).")
            return
        offered = RATES.get(rate, RATES["0"])
        self._baud = max(baud for baud in RATES.values() if baud <= min(offered, self._fastest))
        sign = next(sign for sign, baud in RATES.items() if baud == self._baud)
        self._out += bytes((_ACKNOWLEDGE,)) + f"2{sign}2\r\n".encode("ascii")
        self._state = _State.CHOSEN
        self._due = Instant(now + self._patience)
        self._happened.append(Identified(manufacturer, identification, self._baud))

    def _done(self, rest: bytes) -> None:
        self._state = _State.DONE
        self._due = None
        self._happened.append(HandedOver(self._baud, rest))

    def _fail(self, why: str) -> None:
        self._state = _State.DONE
        self._due = None
        self._happened.append(SignOnFailed(why))


class ModeEServer:
    """A meter that waits for a sign-on and hands the line over to HDLC. It goes on for ever; `reset` after HDLC's end.

    `Identified` and `HandedOver` come together: go to the rate, send `outgoing`, let it leave, then go to 8 bits.

    Args:
        manufacturer: three letters.
        identification: up to 16 printable characters.
        fastest: the highest baud that it does.
        device: its address on a shared line; a sign-on for another is passed over.
        patience: how long the acknowledgement may take, ms.
    """

    __slots__ = ("_baud", "_device", "_due", "_happened", "_identity", "_out", "_patience", "_state", "_text")

    def __init__(
        self,
        manufacturer: str,
        identification: str,
        *,
        fastest: int = 9600,
        device: str = "",
        patience: Duration = REACTION + SECOND,
    ) -> None:
        signs = [sign for sign, baud in RATES.items() if baud <= fastest]
        self._identity = f"/{manufacturer}{signs[-1] if signs else '0'}{_HDLC}{identification}\r\n"
        if not _IDENTIFICATION.fullmatch(self._identity) or len(identification) > 16 or "\\" in identification:
            raise UsageError("a meter identifies itself with three letters and up to 16 printable characters")
        self._device = device
        self._patience = patience
        self._text = _Text()
        self._out = b""
        self._happened: list[ModeEHappening] = []
        self.reset()

    def reset(self) -> None:
        """Wait for a sign-on; the line is to have 300 baud, 7 bits and even parity."""
        self._state = _State.IDLE
        self._due: Instant | None = None
        self._baud = RATES["0"]

    def receive(self, data: bytes, now: Instant) -> list[ModeEHappening]:
        """Take bytes from the line; noise, and sign-ons for others, are passed over."""
        while data and self._state is not _State.DONE:
            if self._state is _State.IDLE:
                found, data = self._text.take(_REQUEST, data)
                if found and found[1] in {"", self._device}:
                    self._out += self._identity.encode("ascii")
                    self._state = _State.ASKED
                    self._due = Instant(now + self._patience)
            else:
                found, data = self._text.take(_OPTION, data)
                if found:
                    self._choose(found, data, now)
        return self._told()

    def outgoing(self) -> bytes:
        """Hand out, and forget, what is to leave."""
        octets, self._out = self._out, b""
        return octets

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        return self._due

    def elapse(self, now: Instant) -> list[ModeEHappening]:
        """Go back to waiting where no acknowledgement came."""
        if self._due is not None and now >= self._due:
            self.reset()
        return self._told()

    def _told(self) -> list[ModeEHappening]:
        happened, self._happened = self._happened, []
        return happened

    def _choose(self, found: re.Match[str], rest: bytes, now: Instant) -> None:  # noqa: ARG002  the shape of its siblings
        protocol, rate, mode = found.groups()
        offered = RATES[self._identity[4]]
        if (protocol, mode) != ("2", "2") or RATES.get(rate, offered + 1) > offered:
            self._happened.append(SignOnFailed(f"Mode {protocol} {rate} {mode} was asked for; only HDLC is there."))
            self.reset()
            return
        self._baud = RATES[rate]
        self._state = _State.DONE
        self._due = None
        self._happened.append(Identified("", "", self._baud))
        self._out += bytes((_ACKNOWLEDGE,)) + f"2{rate}2\r\n".encode("ascii")
        self._happened.append(HandedOver(self._baud, rest))
