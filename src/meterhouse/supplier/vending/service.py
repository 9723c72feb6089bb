"""The encryption service port: value in, token digits out; and the key store behind it.

Several services can stand side by side, one per scheme (IEC 62055-41 first; S3-60). A service never writes: the counter
keeps the token identifiers, and whatever the service makes is lost with the transaction it was made in.
"""

from __future__ import annotations

from typing import Protocol

from meterhouse.model import Instant, Money
from meterhouse.supplier.vending.records import MeterRecord

__all__ = ["EncryptionService", "KeyStore"]


class EncryptionService(Protocol):
    """Makes tokens of one scheme."""

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:
        """The identifier of the next token: never at or below `meter.last_tid`, whatever the clock says."""

    def carried(self, amount: Money) -> Money:
        """What a token for `amount` really carries: never less, and more where the amount field is coarse."""

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:
        """The token's digits for a credit of `amount`, which `carried` gave.

        Args:
            meter: what the token is bound to.
            amount: more than zero.
            tid: as `next_tid` gave it.
            rnd: 0 to 15.

        Raises:
            ConfigurationError: no key at hand for this meter.
            UsageError: the meter's record or the amount does not fit the scheme.
        """


class KeyStore(Protocol):
    """Where vending keys live. They never reach SQL or a log."""

    def vending_key(self, supply_group: str, key_revision: int) -> bytes:
        """The 20-byte vending key of a supply group and revision.

        Raises:
            ConfigurationError: it is not here.
        """
