"""A street as a file says it: which homes, which fuels, how they pay, what is wrong with them.

The same TOML drives `meterhouse up` and `meterhouse world run`. Parsing is strict: an unknown word or a value out of
its range is one sentence that names the home, the field and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import Any, Final

from meterhouse.app.desk import AccountPlace, PaymentMode
from meterhouse.app.fuel_sites import ElectricitySite, GasSite, electricity_site, gas_site
from meterhouse.app.key_plan import KeyPlan, key_plan_of
from meterhouse.app.street_table import Table, known
from meterhouse.model import Instant, UsageError
from meterhouse.premises.prepay import BALANCE_LIMIT

__all__ = [
    "AccountPlace",
    "Customer",
    "ElectricitySite",
    "GasSite",
    "HomePlan",
    "StreetPlan",
    "parse_street",
    "plan_of_tables",
]

_DEBT_MAX: Final = 4_000_000_000
"""40 000.00 of the unit; the hub's note of it says up to 42 949.67295."""
_HOME_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HOMES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Customer:
    """How the person of a prepay home behaves in a world; all off in a street where people pay by themselves.

    Attributes:
        pay_below: pays for a fuel when its balance shown is below this; None: never by itself.
        pay: how much.
        keypad: types the token where the account stands, in hub or meter, instead of waiting for the network.
        presses_after_min: how long after credit the person presses the meter's button, when the supply is off.
    """

    pay_below: int | None = None
    pay: int = 2_000_000
    keypad: bool = False
    presses_after_min: int = 20


@dataclass(frozen=True, slots=True)
class HomePlan:
    """One home."""

    home: str
    electricity: ElectricitySite
    gas: GasSite | None
    debt: int = 0
    share_permille: int = 200
    kwh_a_year: int = 2_900
    m3_a_year: int = 1_100
    customer: Customer = field(default_factory=Customer)
    note: str = ""


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """The whole street.

    Attributes:
        start: the street's first instant where it isn't resumed.
        keys: where its vending keys are.
    """

    name: str
    start: Instant
    currency: str
    homes: tuple[HomePlan, ...]
    keys: KeyPlan = field(default_factory=KeyPlan)


def parse_street(text: str, source: str = "street file") -> StreetPlan:
    """The street of a TOML text.

    Raises:
        UsageError: not TOML, an unknown field, a missing one, or a value out of range; the sentence names the place.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is not TOML: {error}", remedy="Compare it with examples/street.toml.") from error
    return plan_of_tables(table, source)


def plan_of_tables(table: dict[str, Any], source: str) -> StreetPlan:
    """The street of parsed tables `street`, `electricity`, `gas`, `home` and `keys`, which may stand in a larger file.

    Raises:
        UsageError: as `parse_street`.
    """
    known(table, {"street", "electricity", "gas", "home", "keys"}, source)
    head = Table(table.get("street", {}), f"{source} [street]")
    head.known({"name", "start", "currency"})
    fuels = {name: _defaults(table, name, source) for name in ("electricity", "gas")}
    homes = table.get("home", [])
    if not isinstance(homes, list) or not 1 <= len(homes) <= _HOMES_MAX:
        raise UsageError(f"{source} needs 1 to {_HOMES_MAX} [[home]] tables")
    currency = head.text("currency", "GBP")
    plans = tuple(
        _home(Table(home, f"{source} [[home]] {number}"), fuels, currency) for number, home in enumerate(homes, 1)
    )
    names = [plan.home for plan in plans]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise UsageError(f"{source} has home id {twice[0]} twice", remedy="Give each home an id of its own.")
    keys = key_plan_of(table.get("keys"), source)
    return StreetPlan(head.text("name", "Street"), head.instant("start"), currency, plans, keys)


def _home(table: Table, fuels: dict[str, dict[str, Any]], currency: str) -> HomePlan:
    table.known({f.name for f in fields(HomePlan)} - {"home", "share_permille"} | {"id", "share_percent"})
    home = table.text("id")
    if not _HOME_ID.fullmatch(home):
        raise UsageError(
            f"{table.place} id is {home!r}", remedy="Use up to 40 letters, digits, '.', '_' and '-', without spaces."
        )
    gas = table.raw.get("gas")
    site = None
    if gas is not None:
        if not isinstance(gas, dict):
            raise UsageError(f"{table.place} gas is '{gas}'; write it as a table, like gas = {{ mode = \"prepay\" }}")
        site = gas_site(Table({**fuels["gas"], **gas}, f"{table.place} gas"), currency)
    customer = _customer(Table(table.raw.get("customer", {}), f"{table.place} customer"), currency)
    return HomePlan(
        home=home,
        electricity=_electricity(table, fuels["electricity"], currency),
        gas=site,
        debt=table.money("debt", currency, "0.00", most=_DEBT_MAX),
        share_permille=table.number("share_percent", 0, 100, 20) * 10,
        kwh_a_year=table.number("kwh_a_year", 0, 100_000, 2_900),
        m3_a_year=table.number("m3_a_year", 0, 20_000, 1_100),
        customer=customer,
        note=table.text("note", ""),
    )


def _electricity(table: Table, defaults: dict[str, Any], currency: str) -> ElectricitySite:
    """`"credit"`, or a table over the street's own; where nothing is said, as the street says."""
    raw = table.raw.get("electricity", {})
    if raw == PaymentMode.CREDIT:
        return ElectricitySite()
    if not isinstance(raw, dict):
        raise UsageError(
            f"{table.place} electricity is {raw!r}; it is credit or a table",
            remedy='Write electricity = "credit", or electricity = { mode = "prepay", price = "0.2834" }.',
        )
    site = electricity_site(Table({**defaults, **raw}, f"{table.place} electricity"), currency)
    if "account" in raw and site.prepaid_in is None:
        raise UsageError(
            f"{table.place} electricity has an account, and is paid by bill", remedy='Write mode = "prepay" with it.'
        )
    return site


def _defaults(table: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    raw = table.get(name, {})
    if not isinstance(raw, dict):
        raise UsageError(
            f"{source} {name} is '{raw}', not a table", remedy=f"Write it as [{name}] with lines below it."
        )
    return raw


def _customer(table: Table, currency: str) -> Customer:
    table.known({f.name for f in fields(Customer)})
    below = (
        table.money("pay_below", currency, least=-BALANCE_LIMIT, most=BALANCE_LIMIT)
        if "pay_below" in table.raw
        else None
    )
    return Customer(
        pay_below=below,
        pay=table.money("pay", currency, "20.00", least=1),
        keypad=table.flag("keypad"),
        presses_after_min=table.number("presses_after_min", 0, 100_000, 20),
    )
