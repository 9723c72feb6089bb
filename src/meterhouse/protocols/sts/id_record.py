"""What a customer's identification card says: the IDRecord, and the same on a magnetic stripe (IEC 62055-41, -51)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from meterhouse.model import Instant, UsageError, instant_of
from meterhouse.protocols.sts.cipher import EncryptionAlgorithm
from meterhouse.protocols.sts.identity import MeterPan

__all__ = ["IdRecord"]

_PLAIN: Final = re.compile(r"(\d{18})(\d{4})(\d{2})(\d{2})(\d{6})(\d{2})(\d)", re.ASCII)
_STRIPE: Final = re.compile(r";?(\d{18})=(\d{4}|=)=(\d{2})(\d{2})(\d{6})(\d{2})(\d)\??", re.ASCII)
_NEVER: Final = "0000"
_CENTURY_TURNS: Final = 93
"""Two-digit years from here on are of the last century: no card is older than the first base date."""
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class IdRecord:
    """A meter as its card tells it to a point of sale.

    Attributes:
        pan: the meter.
        expires: the first instant at which the card is no longer good: the first day of the month on it, UTC; None for
            never. One implementation is all that the rule was found in; it is the stricter reading.
        carrier: token carrier type (TCT), two digits.
        algorithm: EA.
        supply_group: SGC, 6 digits.
        tariff_index: TI, 0 to 99.
        key_revision: KRN, 1 to 9.
    """

    pan: MeterPan
    expires: Instant | None
    carrier: int
    algorithm: EncryptionAlgorithm
    supply_group: str
    tariff_index: int
    key_revision: int

    @classmethod
    def parse(cls, text: str) -> IdRecord:
        """From 35 digits, or from a stripe as a reader gives it (`;PAN=YYMM=…?`, or `PAN===…` where it never expires).

        Raises:
            UsageError: it is neither, a check digit is wrong, or a field means nothing.
        """
        found = _PLAIN.fullmatch(text.strip()) or _STRIPE.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                "this is no identification record",
                why="It has 35 digits, or is a stripe like 600727000000000009=2709=0211123457011.",
                remedy="Swipe the card again, or type the meter's number.",
            )
        pan, month, carrier, algorithm, group, tariff_index, revision = found.groups()
        if int(algorithm) not in tuple(EncryptionAlgorithm):
            raise UsageError(f"the card of meter {pan} names encryption algorithm {algorithm}, which is not known here")
        if revision == "0":
            raise UsageError(f"the card of meter {pan} names key revision 0", why="They are 1 to 9.")
        return cls(
            MeterPan(pan),
            _expiry(month, pan),
            int(carrier),
            EncryptionAlgorithm(int(algorithm)),
            group,
            int(tariff_index),
            int(revision),
        )

    def expired(self, at: Instant) -> bool:
        """Whether the card is no longer good at an instant."""
        return self.expires is not None and at >= self.expires

    @property
    def digits(self) -> str:
        """The record as 35 digits."""
        return f"{self.pan}{self._month()}{self._rest()}"

    @property
    def stripe(self) -> str:
        """The record as it stands on a magnetic stripe, without sentinels."""
        month = "=" if self.expires is None else self._month()
        return f"{self.pan}={month}={self._rest()}"

    def _rest(self) -> str:
        return f"{self.carrier:02d}{self.algorithm:02d}{self.supply_group}{self.tariff_index:02d}{self.key_revision}"

    def _month(self) -> str:
        return _NEVER if self.expires is None else datetime.fromtimestamp(self.expires / 1000, UTC).strftime("%y%m")


def _expiry(month: str, pan: str) -> Instant | None:
    if month in (_NEVER, "="):
        return None
    year, number = int(month[:2]), int(month[2:])
    if not 1 <= number <= _MONTHS:
        raise UsageError(f"the card of meter {pan} expires in month {number}, which is none")
    century = 1900 if year >= _CENTURY_TURNS else 2000
    return instant_of(datetime(century + year, number, 1, tzinfo=UTC))
