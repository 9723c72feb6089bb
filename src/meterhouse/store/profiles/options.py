"""What a person may say about a measured file, where its own names don't."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

__all__ = ["ABSURD_LITRES", "ABSURD_WH", "Label", "ProfileOptions", "SeriesKind"]

ABSURD_WH: Final = 100_000
"""More than this in half an hour is not a home: 200 kW."""

ABSURD_LITRES: Final = 50_000
"""More than this in half an hour is not a domestic gas meter: 100 m³/h."""


class Label(StrEnum):
    """Which end of its interval a time names."""

    START = "start"
    END = "end"


class SeriesKind(StrEnum):
    """Whether a number is the use of an interval or a meter's register; AUTO looks at the numbers and says so."""

    AUTO = "auto"
    INTERVAL = "interval"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """Overrides; every empty one is settled by the rules in `columns` or refused.

    Attributes:
        time: name of the time column.
        home: name of the column that tells homes apart.
        electricity: columns that are summed to the electricity used; kWh unless the name ends in `wh` alone.
        gas: columns that are summed to the gas used; m³ unless the name ends in `_l`, `litres` or `kwh`.
        zone: of times that carry none: an IANA name, `UTC`, or a fixed offset such as `+10:00`.
        label: which end of its interval a time names; a register's time is always the end.
        kind: interval or register.
        gas_cv: calorific value in MJ/m³ for a gas column in kWh: m³ = kWh × 3.6 / (CV × 1.02264).
        homes: take only these; empty for all.
        absurd_wh: the largest believable half hour, Wh.
        absurd_litres: the largest believable half hour, litres.
    """

    time: str = ""
    home: str = ""
    electricity: tuple[str, ...] = ()
    gas: tuple[str, ...] = ()
    zone: str = ""
    label: Label = Label.END
    kind: SeriesKind = SeriesKind.AUTO
    gas_cv: Decimal | None = None
    homes: tuple[str, ...] = ()
    absurd_wh: int = ABSURD_WH
    absurd_litres: int = ABSURD_LITRES
