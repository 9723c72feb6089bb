"""The GB 20-digit code as an encryption service: value in pence or pounds, authenticated, not hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.utrn import LARGEST_COUNTER, LARGEST_MONEY5, UtrnKey, UtrnValue, make_utrn
from meterhouse.model import Eui64, Instant, Money, UsageError
from meterhouse.supplier.vending.key_refusals import KeyExpiredError, TokenLimitError
from meterhouse.supplier.vending.key_store import KeyName, KeyStore
from meterhouse.supplier.vending.records import MeterRecord

__all__ = ["UtrnService"]

_KEPT_KEYS: Final = 4096

_Binding = tuple[KeyName, Eui64, bytes]


class UtrnService:
    """Makes UTRNs. The supplier's prepayment key stays in the key store; the secrets agreed with devices stay here.

    The counter of a meter's codes starts at 1 and rises by one: the device sees only its last 10 bits, so a code that
    waits in a drawer stays good while fewer than 512 newer ones were made, and fewer than 100 taken.

    Args:
        keys: holds the key agreement key by (supply group, revision) of the meter's record.
        originator: the supplier's identity, which devices know its key by.
        device_public: the public point (64 octets) of a device's key agreement certificate.
        kept_keys: how many agreed secrets stay in memory; 0 asks the key store each time.
    """

    __slots__ = ("_agreed", "_device_public", "_kept", "_keys", "_originator")

    def __init__(
        self,
        keys: KeyStore,
        originator: Eui64,
        device_public: Callable[[Eui64], bytes],
        *,
        kept_keys: int = _KEPT_KEYS,
    ) -> None:
        self._keys = keys
        self._originator = originator
        self._device_public = device_public
        self._kept = kept_keys
        self._agreed: dict[_Binding, UtrnKey] = {}

    def of(self, meter: MeterRecord) -> UtrnService:  # noqa: ARG002 - one service for every meter
        """Itself."""
        return self

    def ready(self, meter: MeterRecord) -> None:
        """Let a meter pass with whom a secret is, or can be, agreed."""
        self._key(KeyName(meter.supply_group, meter.key_revision), meter.meter)

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:  # noqa: ARG002 - a counter, not a time
        """The counter after the newest code's; 1 for the first. A clock set back changes nothing.

        Raises:
            KeyExpiredError: all 2³² counters are used.
        """
        counter = 1 if meter.last_tid is None else meter.last_tid + 1
        if counter > LARGEST_COUNTER:
            raise KeyExpiredError(
                f"meter {meter.meter} has used all its code counters", remedy="Give it a new key agreement certificate."
            )
        return counter

    def carried(self, amount: Money) -> Money:
        """`amount` rounded up: to the penny up to 81.91, above it to the pound.

        Raises:
            TokenLimitError: above 8 191.00.
            UsageError: negative.
        """
        if amount.amount > LARGEST_MONEY5:
            most = Money(LARGEST_MONEY5, amount.currency)
            raise TokenLimitError(
                f"no code can carry {amount}", why=f"The most in one UTRN is {most}.", remedy="Pay in parts."
            )
        return Money(UtrnValue.of(amount.amount).money5, amount.currency)

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:  # noqa: ARG002 - no random part
        """Twenty digits that credit `amount` at this meter and no other, once.

        Raises:
            ConfigurationError: no prepayment key of this name, or no certificate of this meter, is at hand.
            KeyCapError: the key's cap is reached.
            KeyStoreAwayError: the key store does not answer; try again.
            UsageError: `amount` is not one that `carried` gives.
        """
        value = UtrnValue.of(amount.amount)
        if value.money5 != amount.amount:
            raise UsageError(f"no code carries exactly {amount}", remedy="Ask `carried` for the amount first.")
        name = KeyName(meter.supply_group, meter.key_revision)
        code = make_utrn(self._key(name, meter.meter), tid, value)
        self._keys.spend(name, amount.amount, amount.currency)
        return code.digits

    def _key(self, name: KeyName, device: Eui64) -> UtrnKey:
        public = self._device_public(device)
        binding = (name, device, public)
        key = self._agreed.get(binding)
        if key is None:
            key = UtrnKey(self._keys.agree(name, public), self._originator, device)
            if len(self._agreed) >= self._kept > 0:
                del self._agreed[next(iter(self._agreed))]
            if self._kept:
                self._agreed[binding] = key
        return key
