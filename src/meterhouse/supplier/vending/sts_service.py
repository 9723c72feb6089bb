"""IEC 62055-41 as an encryption service: currency credit tokens under unique keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from meterhouse.model import Fuel, Instant, Money, UsageError, isoformat
from meterhouse.protocols.sts import (
    IEC_SAMPLE_TABLES,
    LARGEST_TID,
    BaseDate,
    CreditSubclass,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    MeterPan,
    StaTables,
    decode_currency,
    derive_dkga02_inside,
    derive_dkga04_inside,
    encode_currency,
    encode_currency_credit,
    encode_key_change,
    instant_of_tid,
    next_tid,
)
from meterhouse.supplier.vending.key_refusals import KeyExpiredError
from meterhouse.supplier.vending.key_store import KeyName, KeyStore
from meterhouse.supplier.vending.records import MeterRecord

__all__ = ["EA07_DKGA02", "EA07_DKGA04", "EA11_DKGA04", "StsFamily", "StsService"]

_KEPT_KEYS: Final = 4096
"""How many decoder keys are kept derived; the oldest goes first. A key schedule is what makes a token dear."""

_SUBCLASS: Final = {
    Fuel.ELECTRICITY: CreditSubclass.ELECTRICITY_CURRENCY,
    Fuel.GAS: CreditSubclass.GAS_CURRENCY,
}

_Binding = tuple[str, str, int, int, int, KeyType, int]


@dataclass(frozen=True, slots=True)
class StsFamily:
    """What the meters of a family reckon with.

    Attributes:
        algorithm: EA07 or EA11.
        older: by DKGA02 (64-bit vending keys, EA07 only) instead of DKGA04.
        tables: EA07's; from the operator's licensed file for meters in the field.

    Raises:
        UsageError: DKGA02 with EA11.
    """

    algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA11
    older: bool = False
    tables: StaTables = field(default=IEC_SAMPLE_TABLES, repr=False)

    def __post_init__(self) -> None:
        """Refuse a pair that the standard does not have."""
        if self.older and self.algorithm is not EncryptionAlgorithm.EA07:
            raise UsageError("DKGA02 gives keys for EA07 only", why="IEC 62055-41 §6.5.3.4: its keys have 64 bits.")


EA11_DKGA04: Final = StsFamily()
"""The open default: MISTY1 and HMAC-SHA-256."""


def EA07_DKGA04(tables: StaTables) -> StsFamily:  # noqa: N802 - the standard's own names
    """Meters with STA under 160-bit vending keys."""
    return StsFamily(EncryptionAlgorithm.EA07, tables=tables)


def EA07_DKGA02(tables: StaTables) -> StsFamily:  # noqa: N802 - the standard's own names
    """The oldest meters: STA under 64-bit vending keys."""
    return StsFamily(EncryptionAlgorithm.EA07, older=True, tables=tables)


class StsService:
    """Makes STS currency tokens. Its vending keys stay in the key store; derived keys stay in this object.

    A currency token has no place for a random number (its bits are sign and exponent), so `rnd` is not used. A meter
    whose key is kept derived vends on while the key store is away; `kept_keys=0` asks the store each time.

    Args:
        keys: where the vending keys are.
        family: what the meters reckon with.
        kept_keys: how many derived keys stay in memory.
    """

    __slots__ = ("_decoder_keys", "_family", "_kept", "_keys")

    def __init__(self, keys: KeyStore, family: StsFamily = EA11_DKGA04, *, kept_keys: int = _KEPT_KEYS) -> None:
        self._keys = keys
        self._family = family
        self._kept = kept_keys
        self._decoder_keys: dict[_Binding, DecoderKey] = {}

    def of(self, meter: MeterRecord) -> StsService:  # noqa: ARG002 - one service for every meter
        """Itself."""
        return self

    def ready(self, meter: MeterRecord) -> None:
        """Let a meter pass whose decoder key can be derived."""
        self.decoder_key(meter)

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:
        """The minute of `now` or the next after the newest token's, never the reserved 00:01 (§6.3.5).

        Raises:
            KeyExpiredError: before the key's base date, past its last minute or past its expiry: change the key.
            ConfigurationError: its vending key is not at hand.
        """
        base = _base_date(meter)
        ken = self._keys.expiry(_name(meter))
        last = min(LARGEST_TID, ken << 16 | 0xFFFF)
        if now < base.instant:
            raise KeyExpiredError(
                f"the key of meter {meter.pan} is not yet valid",
                why=f"Its base date is {isoformat(base.instant)}.",
                remedy="Check the clock of this server, then the meter's record.",
            )
        if now < instant_of_tid(last + 1, base):
            tid = next_tid(now, base, None if meter.last_tid is None else min(meter.last_tid, LARGEST_TID - 2))
            if (meter.last_tid is None or tid > meter.last_tid) and tid <= last:
                return tid
        raise KeyExpiredError(
            f"the key of meter {meter.pan} has expired",
            why=f"Its last minute was {isoformat(instant_of_tid(last, base))} (base date {base.value}, KEN {ken}).",
            remedy="Send the meter key change tokens first, then sell the credit under its new key.",
        )

    def carried(self, amount: Money) -> Money:
        """`amount` rounded up to what the 14-bit mantissa can tell (§6.3.6): 16.00 is carried as 16.00024."""
        return Money(decode_currency(*encode_currency(amount.amount)), amount.currency)

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:  # noqa: ARG002 - see the class
        """Twenty digits that credit `amount` at this meter and no other, once.

        Raises:
            ConfigurationError: no vending key of this supply group and revision is at hand.
            KeyCapError: its cap is reached.
            KeyStoreAwayError: the key store does not answer; try again.
            UsageError: the meter's record or the amount does not fit the standard.
        """
        key = self.decoder_key(meter)
        token = encode_currency_credit(key, _SUBCLASS[meter.fuel], tid=tid, amount_money5=amount.amount)
        self._keys.spend(_name(meter), amount.amount, amount.currency)
        return token.digits

    def change_key(self, old: MeterRecord, new: MeterRecord, *, from_type: KeyType = KeyType.DUTK) -> tuple[str, ...]:
        """The key change tokens from what a meter holds to what it shall hold (§6.2.7 to §6.2.10): two, three or four.

        A change of base date carries the roll-over bit; an EA07 change of supply group a third token (3KCT).

        Args:
            old: the meter's record as it is.
            new: its record as it shall be: another revision, tariff index, supply group or the next base date.
            from_type: DDTK where the meter still holds its default key.

        Raises:
            UsageError: the records are of two meters, nothing changes, or the base date does not go to the next.
            ConfigurationError, KeyCapError, KeyStoreAwayError: as `issue`.
        """
        before, after = _base_date(old), _base_date(new)
        if old.pan != new.pan:
            raise UsageError(f"a key change cannot move meter {old.pan} to {new.pan}")
        if after not in (before, before.following):
            raise UsageError(f"a key change cannot go from base date {before.value} to {after.value}")
        tokens = encode_key_change(
            self.decoder_key(old, from_type),
            self.decoder_key(new),
            rollover=after is not before,
            carry_supply_group=old.supply_group != new.supply_group
            and self._family.algorithm is EncryptionAlgorithm.EA07,
        )
        self._keys.spend(_name(new), 0)
        return tuple(token.digits for token in tokens)

    def decoder_key(self, meter: MeterRecord, key_type: KeyType = KeyType.DUTK) -> DecoderKey:
        """The key that this meter holds, derived from its vending key. Secret: for commissioning and for `issue`."""
        ken = self._keys.expiry(_name(meter))
        binding = (
            meter.pan, meter.supply_group, meter.tariff_index, meter.key_revision, meter.base_date, key_type, ken,
        )  # fmt: skip
        key = self._decoder_keys.get(binding)
        if key is None:
            key = self._derive(meter, key_type, ken)
            if len(self._decoder_keys) >= self._kept > 0:
                del self._decoder_keys[next(iter(self._decoder_keys))]
            if self._kept:
                self._decoder_keys[binding] = key
        return key

    def _derive(self, meter: MeterRecord, key_type: KeyType, ken: int) -> DecoderKey:
        name, family = _name(meter), self._family
        if family.older:
            return derive_dkga02_inside(
                partial(self._keys.dkga02, name),
                pan=MeterPan(meter.pan),
                supply_group=meter.supply_group,
                base_date=_base_date(meter),
                tariff_index=meter.tariff_index,
                key_type=key_type,
                key_revision=meter.key_revision,
                ken=ken,
                tables=family.tables,
            )
        return derive_dkga04_inside(
            partial(self._keys.mac, name),
            pan=MeterPan(meter.pan),
            supply_group=meter.supply_group,
            base_date=_base_date(meter),
            algorithm=family.algorithm,
            tariff_index=meter.tariff_index,
            key_type=key_type,
            key_revision=meter.key_revision,
            ken=ken,
            tables=family.tables,
        )


def _name(meter: MeterRecord) -> KeyName:
    return KeyName(meter.supply_group, meter.key_revision)


def _base_date(meter: MeterRecord) -> BaseDate:
    try:
        return BaseDate(meter.base_date)
    except ValueError as error:
        raise UsageError(
            f"meter {meter.pan} has base date {meter.base_date}", why="STS knows 1993, 2014 and 2035."
        ) from error
