"""The encryption service port: value in, token digits out.

Several services stand side by side, one per scheme (IEC 62055-41 first; S3-60). A service never writes: the counter
keeps the token identifiers, and whatever the service makes is lost with the transaction it was made in.
"""

from __future__ import annotations

from typing import Protocol

from meterhouse.model import Instant, Money
from meterhouse.supplier.vending.records import MeterRecord

__all__ = ["EncryptionService", "EncryptionServices"]


class EncryptionServices(Protocol):
    """The services at hand. A single service is also this: itself, for every meter."""

    def of(self, meter: MeterRecord) -> EncryptionService:
        """The service that makes this meter's tokens.

        Raises:
            ConfigurationError: none of its scheme is set up.
        """


class EncryptionService(EncryptionServices, Protocol):
    """Makes tokens of one scheme."""

    def ready(self, meter: MeterRecord) -> None:
        """Let a meter pass for which tokens could be made now; no token is made, and nothing is counted (S3-01).

        Raises:
            ConfigurationError: no key at hand for this meter.
            KeyStoreAwayError: the key store does not answer.
            UsageError: the meter's record does not fit the scheme.
        """

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:
        """The identifier of the next token: never at or below `meter.last_tid`, whatever the clock says.

        Raises:
            KeyExpiredError: the meter's key makes no tokens at `now`.
        """

    def carried(self, amount: Money) -> Money:
        """What a token for `amount` really carries: never less, and more where the amount field is coarse.

        Raises:
            TokenLimitError: no token of this scheme can carry that much.
        """

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:
        """The token's digits for a credit of `amount`, which `carried` gave.

        Args:
            meter: what the token is bound to.
            amount: more than zero, or zero for a commissioning token (S3 Annex B).
            tid: as `next_tid` gave it.
            rnd: 0 to 15.

        Raises:
            ConfigurationError: no key at hand for this meter.
            KeyCapError: the key's cap is reached.
            KeyStoreAwayError: the key store does not answer; the same call may be tried again.
            UsageError: the meter's record or the amount does not fit the scheme.
        """
