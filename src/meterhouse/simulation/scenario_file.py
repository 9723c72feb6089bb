"""The file of a scenario: its tables, and what of them is refused by its place. `scenario` tells the language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from meterhouse.app.street import StreetPlan, plan_of_tables
from meterhouse.model import DAY, HOUR, MINUTE, Fuel, UsageError
from meterhouse.simulation.faults import Fault, fault_kinds

__all__ = ["Scenario", "Timed", "moment", "parse_scenario"]

_MOMENT: Final = re.compile(r"(?P<days>\d{1,4})d(?: (?P<hours>[01]\d|2[0-3]):(?P<minutes>[0-5]\d))?")
_ACTS: Final = {
    "pay": {"amount"},
    "key_in": {"token"},
    "press": {"fuel"},
    "tariff": {"price", "standing_charge", "cv"},
    "tariff_matrix": {"prices", "rates", "thresholds_wh", "standing_charge", "cv"},
    "limits": {"emergency", "threshold", "low"},
    "calendar": {"friendly"},
    "emergency": set(),
}
_OF_A_FUEL: Final = frozenset(_ACTS) - {"press"}
_OPTIONAL: Final = {"tariff_matrix": {"begins"}}
_PRICES: Final = 16
_THRESHOLDS: Final = 3
_SIGHTS: Final = frozenset(
    {"gas", "electricity", "balance", "debt", "volume_l", "cutoff_l", "countdown", "link", "hub_countdown", "hub_link"}
    | {"electricity_balance", "electricity_debt", "register_wh", "cutoff_wh", "electricity_countdown"}
)


@dataclass(frozen=True, slots=True)
class Timed:
    """An act or an expectation: when, at which home, and its other fields."""

    at: int
    home: str
    fields: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A parsed file. Instants are ms from the start."""

    story: str
    seed: int
    days: int
    street: StreetPlan
    demands: Mapping[str, tuple[int, int]]
    faults: tuple[Fault, ...]
    acts: tuple[Timed, ...]
    expectations: tuple[Timed, ...]


def parse_scenario(text: str, source: str) -> Scenario:
    """The scenario of a TOML text.

    Raises:
        UsageError: not TOML, a field unknown or missing, a moment that is none, a home that is not in the street.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not TOML: {error}") from error
    head = _known(tables.pop("scenario", {}), {"story", "seed", "days"}, f"{source} [scenario]")
    parts = {name: tables.pop(name, []) for name in ("demand", "fault", "act", "expect")}
    street = plan_of_tables(tables, source)
    homes = {home.home for home in street.homes}
    place = partial(_placed, source, homes)
    return Scenario(
        story=str(head.get("story", "")),
        seed=_whole(head, "seed", f"{source} [scenario]", 1),
        days=_whole(head, "days", f"{source} [scenario]", None),
        street=street,
        demands={
            home: (_whole(raw, "wh", where, 0), _whole(raw, "litres", where, 0))
            for raw, home, where in place("demand", parts["demand"], {"wh", "litres"})
        },
        faults=tuple(
            Fault(
                fault_kinds(str(raw.get("kind")))[0],
                home,
                moment(raw, "at", where) // MINUTE,
                moment(raw, "lasts", where) // MINUTE,
            )
            for raw, home, where in place("fault", parts["fault"], {"kind", "at", "lasts"})
        ),
        acts=tuple(_act(raw, home, where) for raw, home, where in place("act", parts["act"], None)),
        expectations=tuple(
            Timed(moment(raw, "at", where), home, _rest(raw, {"at", "home"}), where)
            for raw, home, where in place("expect", parts["expect"], _SIGHTS | {"at"})
        ),
    )


def _placed(
    source: str, homes: set[str], kind: str, raws: object, fields: set[str] | frozenset[str] | None
) -> list[tuple[Mapping[str, Any], str, str]]:
    if not isinstance(raws, list):
        raise UsageError(f"{source} {kind} is not a list of tables", remedy=f"Write [[{kind}]].")
    placed = []
    for number, raw in enumerate(raws, 1):
        where = f"{source} [[{kind}]] {number}"
        home = raw.get("home") if isinstance(raw, dict) else None
        if home not in homes:
            raise UsageError(f"{where} home is {home!r}", remedy=f"Homes of this street: {', '.join(sorted(homes))}.")
        if fields is not None:
            _known(raw, {*fields, "home"}, where)
        placed.append((raw, str(home), where))
    return placed


def _act(raw: Mapping[str, Any], home: str, where: str) -> Timed:
    do = raw.get("do")
    if do not in _ACTS:
        raise UsageError(f"{where} do is {do!r}", remedy=f"Acts: {', '.join(_ACTS)}.")
    of_a_fuel = {"fuel"} if do in _OF_A_FUEL else set()
    _known(raw, _ACTS[do] | _OPTIONAL.get(do, set()) | of_a_fuel | {"at", "do", "home"}, where)
    missing = sorted(_ACTS[do] - raw.keys())
    if missing:
        raise UsageError(f"{where} has no {missing[0]}")
    if do == "tariff_matrix":
        _matrix(raw, where)
    if raw.get("fuel", Fuel.GAS) not in tuple(Fuel):
        raise UsageError(f"{where} fuel is {raw['fuel']!r}; it is gas or electricity")
    return Timed(moment(raw, "at", where), home, _rest(raw, {"at", "home"}), where)


def _matrix(raw: Mapping[str, Any], where: str) -> None:
    """Refuse what is no matrix at all; whether it is a sensible one the hub decides."""
    for name, count in (("prices", _PRICES), ("thresholds_wh", _THRESHOLDS)):
        if not isinstance(raw[name], list) or len(raw[name]) != count:
            raise UsageError(f"{where} {name} is not a list of {count}")
    if not re.fullmatch(r"[0-3]{96}", str(raw["rates"])):
        raise UsageError(
            f"{where} rates are not 96 digits from 0 to 3", remedy="48 of a working day, 48 of a weekend day."
        )
    if "begins" in raw:
        moment(raw, "begins", where)


def moment(raw: Mapping[str, Any], name: str, where: str) -> int:
    """Ms from the start, of a field like `2d 06:30`.

    Raises:
        UsageError: it is none.
    """
    found = _MOMENT.fullmatch(str(raw.get(name)))
    if found is None:
        raise UsageError(f"{where} {name} is {raw.get(name)!r}", remedy="Write days and a time, like 2d 06:30.")
    return int(found["days"]) * DAY + int(found["hours"] or 0) * HOUR + int(found["minutes"] or 0) * MINUTE


def _whole(raw: Mapping[str, Any], name: str, where: str, default: int | None) -> int:
    value = raw.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{where} {name} is {value!r}; it is a whole number")
    return value


def _rest(raw: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in without}


def _known(raw: Any, names: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where} is not a table")
    unknown = sorted(raw.keys() - names)
    if unknown:
        raise UsageError(f"{where} has an unknown field '{unknown[0]}'", remedy=f"Known: {', '.join(sorted(names))}.")
    return raw
