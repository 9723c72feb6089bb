"""IEC 62055-41 as an encryption service: currency credit tokens under unique keys, by EA11 and DKGA04."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Fuel, Instant, Money, UsageError
from meterhouse.protocols.sts import (
    BaseDate,
    CreditSubclass,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    MeterPan,
    decode_currency,
    derive_dkga04,
    encode_currency,
    encode_currency_credit,
    next_tid,
)
from meterhouse.supplier.vending.records import MeterRecord
from meterhouse.supplier.vending.service import KeyStore

__all__ = ["StsService"]

_KEPT_KEYS: Final = 4096
"""How many decoder keys are kept derived; the oldest goes first. A key schedule is what makes a token dear."""

_SUBCLASS: Final = {
    Fuel.ELECTRICITY: CreditSubclass.ELECTRICITY_CURRENCY,
    Fuel.GAS: CreditSubclass.GAS_CURRENCY,
}

_Binding = tuple[str, str, int, int, int]


class StsService:
    """Makes STS currency tokens. Its vending keys stay in the key store; derived keys stay in this object.

    A currency token has no place for a random number (its bits are sign and exponent), so `rnd` is not used.
    """

    __slots__ = ("_decoder_keys", "_keys")

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._decoder_keys: dict[_Binding, DecoderKey] = {}

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:
        """The minute of `now` or the next after the newest token's, never the reserved 00:01 (§6.3.5).

        Raises:
            UsageError: before the key's base date, or past its last minute: the key must be changed.
        """
        return next_tid(now, _base_date(meter), meter.last_tid)

    def carried(self, amount: Money) -> Money:
        """`amount` rounded up to what the 14-bit mantissa can tell (§6.3.6): 16.00 is carried as 16.00024."""
        return Money(decode_currency(*encode_currency(amount.amount)), amount.currency)

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:  # noqa: ARG002 - see the class
        """Twenty digits that credit `amount` at this meter and no other, once.

        Raises:
            ConfigurationError: no vending key of this supply group and revision is at hand.
            UsageError: the meter's record or the amount does not fit the standard.
        """
        key = self._decoder_key(meter)
        return encode_currency_credit(key, _SUBCLASS[meter.fuel], tid=tid, amount_money5=amount.amount).digits

    def _decoder_key(self, meter: MeterRecord) -> DecoderKey:
        binding = (meter.pan, meter.supply_group, meter.tariff_index, meter.key_revision, meter.base_date)
        key = self._decoder_keys.get(binding)
        if key is None:
            key = derive_dkga04(
                self._keys.vending_key(meter.supply_group, meter.key_revision),
                pan=MeterPan(meter.pan),
                supply_group=meter.supply_group,
                base_date=_base_date(meter),
                algorithm=EncryptionAlgorithm.EA11,
                tariff_index=meter.tariff_index,
                key_type=KeyType.DUTK,
                key_revision=meter.key_revision,
            )
            if len(self._decoder_keys) >= _KEPT_KEYS:
                del self._decoder_keys[next(iter(self._decoder_keys))]
            self._decoder_keys[binding] = key
        return key


def _base_date(meter: MeterRecord) -> BaseDate:
    try:
        return BaseDate(meter.base_date)
    except ValueError as error:
        raise UsageError(
            f"meter {meter.pan} has base date {meter.base_date}", why="STS knows 1993, 2014 and 2035."
        ) from error
