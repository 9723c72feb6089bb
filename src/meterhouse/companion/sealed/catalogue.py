"""The catalogue of use cases, read from the text of `catalogue.toml`; what a device does not find in it, it refuses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from meterhouse.companion.limits import Limits
from meterhouse.companion.sealed.counters import CounterClass
from meterhouse.companion.sealed.parties import Role
from meterhouse.companion.sealed.use_case import ComponentRule, ContentKind, FieldLimit, StepRule, UseCase
from meterhouse.model import ConfigurationError, UsageError
from meterhouse.protocols.dlms import Obis
from meterhouse.protocols.dlms.accessing import AccessKind
from meterhouse.protocols.dlms.requests import Target

__all__ = ["EFFECTS", "Catalogue", "parse_catalogue"]

EFFECTS: Final = frozenset(
    {
        "nothing",
        "token",
        "supply",
        "credit",
        "debt",
        "price",
        "mode",
        "calorific-value",
        "clock",
        "load",
        "registers",
        "calendar",
        "cut-off",
        "firmware",
        "credentials",
        "order",
    }
)
"""What an order can touch; `order`: only whether another order is done.

Without a signature only `nothing` and `token`: a token carries a MAC of its own.
"""

Catalogue = Mapping[int, UseCase]
"""Message code to use case."""

_T = TypeVar("_T", bound=StrEnum)
_FIELDS: Final = {"code", "name", "roles", "class", "critical", "effect", "content", "components", "steps"}
_COMPONENT: Final = {"cluster", "command", "general", "to_client", "limits"}
_STEP: Final = {"kind", "class_id", "obis", "index", "limits"}
_LIMIT: Final = {"name", "offset", "size", "least", "most", "limit"}
_KINDS: Final = {"get": AccessKind.GET, "set": AccessKind.SET, "action": AccessKind.ACTION}


def parse_catalogue(text: str, limits: Limits | None = None) -> Catalogue:
    """Every use case in the text of a catalogue file.

    Args:
        text: of the file.
        limits: the ranges that it names; None where it names none.

    Raises:
        ConfigurationError: not TOML; an unknown, missing or wrong field; a code twice; or a use case that changes
            something without being critical.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError("the catalogue is not TOML", why=f"{error}.") from error
    _only(table, {"use_case"}, "the catalogue")
    catalogue: dict[int, UseCase] = {}
    for row in _rows(table, "use_case", "the catalogue"):
        use_case = _use_case(row, limits or Limits({}))
        if use_case.code in catalogue:
            raise ConfigurationError(f"code {use_case.code:#06x} is in the catalogue twice")
        catalogue[use_case.code] = use_case
    return MappingProxyType(catalogue)


def _use_case(row: dict[str, Any], known: Limits) -> UseCase:
    code = _number(row, "code", 0xFFFF, "a use case")
    where = f"use case {code:#06x}"
    _only(row, _FIELDS, where)
    name, effect, critical, roles = row.get("name"), row.get("effect"), row.get("critical"), row.get("roles")
    if not (isinstance(name, str) and name) or effect not in EFFECTS or not isinstance(critical, bool):
        raise ConfigurationError(f"{where} has no name, no effect of {sorted(EFFECTS)}, or is not said to be critical")
    if not critical and effect not in {"nothing", "token"}:
        raise ConfigurationError(f"{where} changes {effect} and is not critical", why="Only a signature may change it.")
    if not isinstance(roles, list) or not roles:
        raise ConfigurationError(f"{where} names nobody who may send it")
    counter_class = _word(CounterClass, row.get("class"), where)
    if critical == (counter_class in {CounterClass.READ, CounterClass.VEND}):
        raise ConfigurationError(f"{where} has class {counter_class} and critical = {critical}")
    content = _word(ContentKind, row.get("content"), where)
    components = tuple(_component(each, where, known) for each in _rows(row, "components", where))
    steps = tuple(_step(each, where, known) for each in _rows(row, "steps", where))
    if (content is ContentKind.GBZ) != bool(components) or (content is ContentKind.COSEM) != bool(steps):
        raise ConfigurationError(f"{where} holds rules that do not fit its content {content}, or none")
    if effect == "nothing" and any(step.kind is not AccessKind.GET for step in steps):
        raise ConfigurationError(f"{where} says that it changes nothing, and sets or acts")
    allowed = frozenset(_word(Role, role, where) for role in roles)
    return UseCase(code, name, allowed, counter_class, critical, effect, content, components, steps)


def _component(row: dict[str, Any], where: str, known: Limits) -> ComponentRule:
    _only(row, _COMPONENT, where)
    general, to_client = row.get("general", False), row.get("to_client", False)
    if not isinstance(general, bool) or not isinstance(to_client, bool):
        raise ConfigurationError(f"{where}: general and to_client are true or false")
    cluster, command = _number(row, "cluster", 0xFFFF, where), _number(row, "command", 0xFF, where)
    return ComponentRule(cluster, command, not general, to_client, _limits(row, where, known, sized=True))


def _step(row: dict[str, Any], where: str, known: Limits) -> StepRule:
    _only(row, _STEP, where)
    kind = _KINDS.get(str(row.get("kind")))
    if kind is None:
        raise ConfigurationError(f"{where}: a step's kind is one of {sorted(_KINDS)}")
    try:
        obis = Obis.parse(str(row.get("obis")))
    except UsageError as error:
        raise ConfigurationError(f"{where}: {error.what}") from error
    target = Target(_number(row, "class_id", 0xFFFF, where), obis, _number(row, "index", 0xFF, where))
    return StepRule(kind, target, _limits(row, where, known, sized=False))


def _limits(row: dict[str, Any], where: str, known: Limits, *, sized: bool) -> tuple[FieldLimit, ...]:
    limits = []
    for each in _rows(row, "limits", where):
        _only(each, _LIMIT, where)
        offset = _number(each, "offset", 255, where) if sized else 0
        size = _number(each, "size", 8, where) if sized else 0
        if "limit" in each:
            found = known.of(str(each["limit"]))
            least, most = found.least, found.most
        else:
            least, most = _number(each, "least", 1 << 63, where), _number(each, "most", 1 << 63, where)
        if (size == 0) == sized or least > most or not isinstance(each.get("name"), str):
            raise ConfigurationError(f"{where}: a limit has no name, no size, or least above most")
        limits.append(FieldLimit(each["name"], offset, size, least, most))
    return tuple(limits)


def _only(row: dict[str, Any], fields: set[str], where: str) -> None:
    if unknown := set(row) - fields:
        raise ConfigurationError(f"{where} has unknown fields: {', '.join(sorted(unknown))}")


def _rows(row: dict[str, Any], field: str, where: str) -> list[dict[str, Any]]:
    rows = row.get(field, [])
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise ConfigurationError(f"{where}: {field} is no list of tables")
    return rows


def _number(row: dict[str, Any], field: str, most: int, where: str) -> int:
    value = row.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ConfigurationError(f"{where}: {field} is not a number from 0 to {most}")
    return value


def _word(words: type[_T], value: object, where: str) -> _T:
    try:
        return words(str(value))
    except ValueError as error:
        raise ConfigurationError(f"{where}: '{value}' is not one of {', '.join(words)}") from error
