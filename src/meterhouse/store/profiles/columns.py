"""Which column is what: rules by name, each overridable, and a refusal where they leave a doubt.

- time: `time`, `timestamp`, `datetime`, `date`, `ts`, or a name that begins with `ts_`. A name ending in `utc` or `gmt`
  says its zone; so does a value with an offset. Anything else needs `zone`.
- home: `home`, `home_id`, `household`, `lclid`, `nmi`, `mpan`, `meter_id`; without one the file is a single home.
- electricity: a name ending in `kwh` (kWh) or `wh` (Wh) that does not speak of gas, export or generation. Several
  are summed only if all say import (`imp_normal_kwh`, `imp_low_kwh`); else one must be named.
- gas: a name that says gas, or is `m3`, ending in `m3` (m³), `_l` or `litres` (litres), or `kwh` (needs a
  calorific value). m³ is preferred to kWh.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from meterhouse.model import Fuel, UsageError
from meterhouse.store.profiles.options import ProfileOptions

__all__ = ["Column", "Roles", "recognise"]

_TIME: Final = re.compile(r"time|timestamp|date_?time|date|tstp|ts(_.*)?", re.IGNORECASE)
_TIME_UTC: Final = re.compile(r".*_?(utc|gmt)", re.IGNORECASE)
_HOME: Final = re.compile(r"home|home_id|household(_id)?|lclid|nmi|mpan|meter_id", re.IGNORECASE)
_NOT_USE: Final = re.compile(r"(^|_)(exp|export|pv|solar|generation|heat_?pump|ev)(_|$)", re.IGNORECASE)
_IMPORT: Final = re.compile(r"(^|_)imp(ort)?(_|$)", re.IGNORECASE)
_GAS: Final = re.compile(r"(^|_)gas(_|$)|^m3$", re.IGNORECASE)

_VOLUME_CORRECTION: Final = Fraction(102264, 100000)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of amounts.

    Attributes:
        name: in the file.
        fuel: what it measures.
        scale: kWh or m³ in one of its unit.
    """

    name: str
    fuel: Fuel
    scale: Fraction


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns of a table by their use; `home` is empty for a file of one home."""

    time: str
    utc: bool
    home: str
    amounts: tuple[Column, ...]
    assumptions: tuple[str, ...]


def recognise(names: Sequence[str], options: ProfileOptions) -> Roles:
    """The use of each column, by the rules above or as told.

    Raises:
        UsageError: a named column is not there, none or several fit, or gas in kWh has no calorific value.
    """
    for name in (options.time, options.home, *options.electricity, *options.gas):
        if name and name not in names:
            raise UsageError(f"the file has no column '{name}'", why=_listing(names), remedy="Name one that it has.")
    time = options.time or _one("time", [name for name in names if _TIME.fullmatch(name)], names, "--time")
    homes = [name for name in names if _HOME.fullmatch(name)]
    home = options.home or (homes[0] if homes else "")
    electricity = options.electricity or _electricity(names)
    gas = options.gas or _gas(names)
    if not electricity and not gas:
        raise UsageError(
            "no column is recognised as electricity in kWh or gas in m³",
            why=_listing(names),
            remedy="Name them with --kwh COLUMN or --m3 COLUMN.",
        )
    columns = [Column(name, Fuel.ELECTRICITY, _electricity_scale(name)) for name in electricity]
    columns += [Column(name, Fuel.GAS, _gas_scale(name, options)) for name in gas]
    assumptions = [f"column {column.name} is {column.fuel}" for column in columns]
    if home:
        assumptions.append(f"column {home} tells the homes apart")
    return Roles(time, _TIME_UTC.fullmatch(time) is not None, home, tuple(columns), tuple(assumptions))


def _listing(names: Sequence[str]) -> str:
    return f"Its columns are {', '.join(names)}."


def _one(what: str, found: Sequence[str], names: Sequence[str], option: str) -> str:
    if len(found) != 1:
        doubt = f"several could be ({', '.join(found)})" if found else "none is recognised"
        raise UsageError(
            f"no column is surely the {what}: {doubt}", why=_listing(names), remedy=f"Name it with {option} COLUMN."
        )
    return found[0]


def _electricity(names: Sequence[str]) -> tuple[str, ...]:
    found = [name for name in names if name.lower().endswith("wh") and not (_NOT_USE.search(name) or _GAS.search(name))]
    if len(found) > 1 and not all(_IMPORT.search(name) for name in found):
        found = [_one("electricity used", found, names, "--kwh")]
    return tuple(found)


def _gas(names: Sequence[str]) -> tuple[str, ...]:
    found = [name for name in names if _GAS.search(name)]
    volumes = [name for name in found if not name.lower().endswith("kwh")]
    chosen = volumes or found
    return (_one("gas used", chosen, names, "--m3"),) if chosen else ()


def _electricity_scale(name: str) -> Fraction:
    lower = name.lower()
    return Fraction(1, 1000) if lower.endswith("wh") and not lower.endswith("kwh") else Fraction(1)


def _gas_scale(name: str, options: ProfileOptions) -> Fraction:
    lower = name.lower()
    if lower.endswith(("_l", "litres")):
        return Fraction(1, 1000)
    if not lower.endswith("kwh"):
        return Fraction(1)
    if options.gas_cv is None or options.gas_cv <= 0:
        raise UsageError(
            f"column '{name}' tells gas in kWh, but a gas meter counts m³",
            why="m³ = kWh × 3.6 / (CV × 1.02264), and the calorific value is not in the file.",
            remedy="Give it in MJ/m³ with --gas-cv, for instance 39.5, or name an m³ column with --m3.",
        )
    return Fraction(18, 5) / (Fraction(options.gas_cv) * _VOLUME_CORRECTION)
