"""What a unit of energy costs in a given half hour: up to four rates by time, up to four blocks by use.

Rates follow the UTC half hour and whether it is a working day; blocks follow what was used since the block period began
(S0-120, S0-121). A flat tariff is one rate and one block. Prices stand in one row of sixteen: `rate × 4 + block`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

__all__ = ["BLOCKS", "RATES", "SLOTS", "TariffRecord", "block_in_force", "price_in_force", "rate_in_force"]

RATES: Final = 4
BLOCKS: Final = 4
SLOTS: Final = 48
"""Half hours in a day; `rates` has two days of them: working day, then weekend."""


class TariffRecord(Protocol):
    """The fields that these rules read; all integers.

    Attributes:
        prices: sixteen, money per kWh.
        rates: ninety-six, 0 to 3: the rate in force in each half hour of a working day, then of a weekend day.
        thresholds_wh: three, rising: the use at which each further block begins; a block that is not used is huge.
        used_wh: since the block period began.
    """

    prices: Sequence[int]
    rates: Sequence[int]
    thresholds_wh: Sequence[int]
    used_wh: int


def rate_in_force(tariff: TariffRecord, slot: int, weekend: int) -> int:
    """The rate of a half hour: `slot` 0 to 47 from UTC midnight, `weekend` 0 or 1."""
    return tariff.rates[weekend * SLOTS + slot]


def block_in_force(tariff: TariffRecord) -> int:
    """The block that the use so far has reached, 0 to 3."""
    used = tariff.used_wh
    thresholds = tariff.thresholds_wh
    if used < thresholds[0]:
        return 0
    if used < thresholds[1]:
        return 1
    if used < thresholds[2]:
        return 2
    return 3


def price_in_force(tariff: TariffRecord, slot: int, weekend: int) -> int:
    """Money per kWh in a half hour, by its rate and the block reached when it began."""
    return tariff.prices[rate_in_force(tariff, slot, weekend) * BLOCKS + block_in_force(tariff)]
