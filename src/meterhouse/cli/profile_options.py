"""The options that say how a measured file is to be read, shared by every verb that reads one."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from meterhouse.model import UsageError

if TYPE_CHECKING:
    from meterhouse.store.profiles import ProfileOptions

__all__ = ["M3", "GasCv", "Kwh", "LabelChoice", "LabelOption", "OnlyHome", "TimeColumn", "Zone", "profile_options"]


class LabelChoice(StrEnum):
    """The words of `store.profiles.Label`: that room is slow to import, and `--help` is not to wait for it."""

    START = "start"
    END = "end"


TimeColumn = Annotated[str, typer.Option("--time", help="Profile: name of the time column.")]
Kwh = Annotated[list[str] | None, typer.Option("--kwh", help="Profile: column of electricity in kWh; may be repeated.")]
M3 = Annotated[list[str] | None, typer.Option("--m3", help="Profile: column of gas in m³; may be repeated.")]
Zone = Annotated[str, typer.Option("--zone", help="Profile: zone of times without one, such as Europe/London.")]
GasCv = Annotated[str, typer.Option("--gas-cv", help="Profile: MJ/m³, where gas is given in kWh.")]
LabelOption = Annotated[LabelChoice, typer.Option("--label", help="Profile: which end of its interval a time names.")]
OnlyHome = Annotated[list[str] | None, typer.Option("--home", help="Profile: only this home of the file.")]


def profile_options(
    time: str,
    kwh: list[str] | None,
    m3: list[str] | None,
    zone: str,
    gas_cv: str,
    label: LabelChoice,
    homes: list[str] | None,
) -> ProfileOptions:
    """The options as the reader takes them.

    Raises:
        UsageError: the calorific value is not a number.
    """
    from meterhouse.store.profiles import Label, ProfileOptions  # noqa: PLC0415 -- slow to import: only where it is used

    try:
        value = Decimal(gas_cv) if gas_cv else None
    except InvalidOperation:
        raise UsageError(f"--gas-cv '{gas_cv}' is not a number", remedy="Write it like 39.5.") from None
    return ProfileOptions(
        time=time,
        electricity=tuple(kwh or ()),
        gas=tuple(m3 or ()),
        zone=zone,
        gas_cv=value,
        label=Label(label.value),
        homes=tuple(homes or ()),
    )
