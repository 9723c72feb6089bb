"""OpenPAYGO Token as an encryption service, by its own library: the third scheme, which the port was not made for.

Needs the extra `openpaygo`. For solar-home devices that are paid by time: a payment becomes a number of units (days, as
a rule) at a price. Its tokens have 12 digits and about 30 bits of proof; STS and UTRN are stronger.
"""

from __future__ import annotations

from typing import Any, Final

from meterhouse.model import ConfigurationError, Instant, Money, UsageError
from meterhouse.supplier.vending import KeyName, KeyStore, MeterRecord, TokenLimitError

__all__ = ["OpenPaygoService", "device_key"]

_MOST_UNITS: Final = 999_999
"""Of an extended token."""
_KEY_LENGTH: Final = 16


def device_key(keys: KeyStore, meter: MeterRecord) -> bytes:
    """The 16-octet key of a device, out of the vending key of its group: what it is to be commissioned with."""
    name = KeyName(meter.supply_group, meter.key_revision)
    return keys.mac(name, b"OpenPAYGO device key" + meter.pan.encode())[:_KEY_LENGTH]


class OpenPaygoService:
    """Makes OpenPAYGO tokens that add time. `last_tid` of a meter's record is its token count.

    Args:
        keys: holds a 20-octet key by (supply group, revision); each device has its own key out of it, see `device_key`.
        unit_price: what one unit of time costs; a payment buys whole units, rounded up.

    Raises:
        ConfigurationError: the extra is not installed.
        UsageError: the price is not above nothing.
    """

    __slots__ = ("_encoder", "_keys", "_price")

    def __init__(self, keys: KeyStore, unit_price: Money) -> None:
        if unit_price.amount <= 0:
            raise UsageError(f"a unit of time cannot cost {unit_price}")
        self._encoder = _encoder()
        self._keys = keys
        self._price = unit_price

    def of(self, meter: MeterRecord) -> OpenPaygoService:  # noqa: ARG002 - one service for every meter
        """Itself."""
        return self

    def ready(self, meter: MeterRecord) -> None:
        """Let a device pass whose key can be derived."""
        device_key(self._keys, meter)

    def next_tid(self, meter: MeterRecord, now: Instant) -> int:  # noqa: ARG002 - a count, not a time
        """The next even count: tokens that add time have even ones."""
        last = 0 if meter.last_tid is None else meter.last_tid
        return last + 2 - last % 2

    def carried(self, amount: Money) -> Money:
        """`amount` rounded up to whole units.

        Raises:
            TokenLimitError: more than 999 999 units.
        """
        units = self._units(amount)
        return Money(units * self._price.amount, self._price.currency)

    def issue(self, meter: MeterRecord, amount: Money, tid: int, rnd: int) -> str:  # noqa: ARG002 - no random part
        """Twelve digits that add the units of `amount` at this device, once.

        Raises:
            ConfigurationError, KeyCapError, KeyStoreAwayError: of the key store.
            UsageError: `tid` is not one that `next_tid` gives.
        """
        key = device_key(self._keys, meter).hex()
        count, token = self._encoder.generate_token(key, tid - 1, value=self._units(amount), extended_token=True)
        if count != tid:
            raise UsageError(f"token count {tid} is none that adds time", why="Those are even.")
        self._keys.spend(KeyName(meter.supply_group, meter.key_revision), amount.amount, amount.currency)
        return str(token)

    def _units(self, amount: Money) -> int:
        if amount.currency != self._price.currency:
            raise UsageError(f"time is sold in {self._price.currency}, not in {amount.currency}")
        units = -(-amount.amount // self._price.amount)
        if units > _MOST_UNITS:
            raise TokenLimitError(
                f"{amount} is more time than one token can add", why=f"It adds {_MOST_UNITS} units at the most."
            )
        return units


def _encoder() -> Any:
    try:
        from openpaygo import OpenPAYGOTokenEncoder  # noqa: PLC0415 - an extra, looked for at first use
    except ImportError as error:
        raise ConfigurationError(
            "OpenPAYGO tokens need the extra 'openpaygo'", remedy="Say: pip install 'meterhouse[openpaygo]'."
        ) from error
    return OpenPAYGOTokenEncoder
