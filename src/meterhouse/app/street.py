"""A street as a file says it: which homes, which fuels, how they pay, what is wrong with them.

The same TOML drives `meterhouse up` and `meterhouse world run`. Parsing is strict: an unknown word or a value out of
its range is one sentence that names the home, the field and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from meterhouse.app.desk import PaymentMode
from meterhouse.app.key_plan import KeyPlan, key_plan_of
from meterhouse.app.week import friendly_week, rate_rows
from meterhouse.model import Instant, Money, UsageError, instant_of, parse_instant
from meterhouse.premises.prepay import BALANCE_LIMIT, UNUSED_BLOCK, CreditLimits, EnergyTariff
from meterhouse.rules import BLOCKS, RATES

__all__ = ["Customer", "GasSite", "HomePlan", "StreetPlan", "parse_street", "plan_of_tables"]

_CV_RANGE: Final = (30_000, 50_000)
"""kJ/m³: the GB network allows 37.5 to 43.0 MJ/m³; outside 30 to 50 it is not natural gas."""
_PRICE_MAX: Final = 500_000
"""Money per kWh: 5.00 of the unit, ten times the dearest domestic energy seen."""
_STANDING_CHARGE_MAX: Final = 2_000_000
"""Money per day: 20.00 of the unit, which is also the most that a hub takes."""
_DEBT_MAX: Final = 4_000_000_000
"""40 000.00 of the unit; the hub's note of it says up to 42 949.67295."""
_DRIFT_MAX: Final = 200
"""Parts per million: ten times a watch crystal's."""
_HOME_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HOMES_MAX: Final = 100_000
_CREDIT_MAX: Final = 10_000_000
"""100.00 of the unit: the most that a hub takes for emergency credit and for its limits."""
_KWH_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class GasSite:
    """Gas at one home. Money in 10⁻⁵ of the unit; `price` is that of the first rate and block."""

    mode: PaymentMode
    price: int
    standing_charge: int
    cv: int
    opening_balance: int = 0
    no_comms_half_hours: int = 144
    loss_permille: int = 0
    """Of every hundred telegrams on this home's gas link, in thousandths; both ways."""
    low_credit_l: int = 3_000
    mains: bool = False
    """The meter is fed beside its hub, and listens always (S0-27)."""
    drift_ppm: int = 0
    """How much too fast the meter's clock runs, parts per million."""
    rated: EnergyTariff | None = None
    """The tariff at the street's start, where it has rates by time or blocks by use."""
    limits: CreditLimits = field(default_factory=CreditLimits)
    friendly: tuple[int, ...] = (0,) * 7
    """Monday first: bit n is the half hour n (UTC) in which no supply closes."""

    exact_blocks: bool = False
    """A block changes over at the litre that reaches it, not at the half hour after (S0-122)."""

    @property
    def tariff(self) -> EnergyTariff:
        """At the street's start."""
        return EnergyTariff.flat(self.price, self.standing_charge, self.cv) if self.rated is None else self.rated


@dataclass(frozen=True, slots=True)
class Customer:
    """How the person of a prepay home behaves in a world; all off in a street where people pay by themselves.

    Attributes:
        pay_below: pays when the gas balance shown is below this; None: never by itself.
        pay: how much.
        keypad: types the token on the hub instead of waiting for the network.
        presses_after_min: how long after credit the person presses the meter's button, when the gas is off.
    """

    pay_below: int | None = None
    pay: int = 2_000_000
    keypad: bool = False
    presses_after_min: int = 20


@dataclass(frozen=True, slots=True)
class HomePlan:
    """One home."""

    home: str
    electricity: PaymentMode
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
    """The street of parsed tables `street`, `gas`, `home` and `keys`, which may stand in a larger file.

    Raises:
        UsageError: as `parse_street`.
    """
    _known(table, {"street", "gas", "home", "keys"}, source)
    head = _Table(table.get("street", {}), f"{source} [street]")
    head.known({"name", "start", "currency"})
    gas = table.get("gas", {})
    if not isinstance(gas, dict):
        raise UsageError(f"{source} gas is '{gas}', not a table", remedy="Write it as [gas] with lines below it.")
    homes = table.get("home", [])
    if not isinstance(homes, list) or not 1 <= len(homes) <= _HOMES_MAX:
        raise UsageError(f"{source} needs 1 to {_HOMES_MAX} [[home]] tables")
    currency = head.text("currency", "GBP")
    plans = tuple(
        _home(_Table(home, f"{source} [[home]] {number}"), gas, currency) for number, home in enumerate(homes, 1)
    )
    names = [plan.home for plan in plans]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise UsageError(f"{source} has home id {twice[0]} twice", remedy="Give each home an id of its own.")
    keys = key_plan_of(table.get("keys"), source)
    return StreetPlan(head.text("name", "Street"), head.instant("start"), currency, plans, keys)


def _home(table: _Table, gas_defaults: dict[str, Any], currency: str) -> HomePlan:
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
        site = _gas(_Table({**gas_defaults, **gas}, f"{table.place} gas"), currency)
    customer = _customer(_Table(table.raw.get("customer", {}), f"{table.place} customer"), currency)
    return HomePlan(
        home=home,
        electricity=PaymentMode.CREDIT if table.text("electricity", "credit") == "credit" else _no_electricity(table),
        gas=site,
        debt=table.money("debt", currency, "0.00", most=_DEBT_MAX),
        share_permille=table.number("share_percent", 0, 100, 20) * 10,
        kwh_a_year=table.number("kwh_a_year", 0, 100_000, 2_900),
        m3_a_year=table.number("m3_a_year", 0, 20_000, 1_100),
        customer=customer,
        note=table.text("note", ""),
    )


def _no_electricity(table: _Table) -> PaymentMode:
    raise UsageError(
        f"{table.place} electricity is '{table.raw['electricity']}'; this version knows electricity on credit only",
        remedy='Write electricity = "credit".',
    )


def _gas(table: _Table, currency: str) -> GasSite:
    table.known(
        {"mode", "price", "standing_charge", "cv", "opening_balance", "no_comms_half_hours", "loss_permille"}
        | {"low_credit_l", "mains", "drift_ppm", "emergency_credit", "emergency_below", "low_credit", "friendly"}
        | {"prices", "rates", "blocks_kwh", "exact_blocks"}
    )
    mode = table.text("mode", "credit")
    if mode not in tuple(PaymentMode):
        raise UsageError(f"{table.place} mode is '{mode}'; it is credit or prepay")
    tariff = _tariff(table, currency)
    return GasSite(
        mode=PaymentMode(mode),
        price=tariff.price,
        standing_charge=tariff.standing_charge,
        cv=tariff.cv,
        opening_balance=table.money("opening_balance", currency, "0.00", least=-BALANCE_LIMIT, most=BALANCE_LIMIT),
        no_comms_half_hours=table.number("no_comms_half_hours", 48, 672, 144),
        loss_permille=table.number("loss_permille", 0, 1_000, 0),
        low_credit_l=table.number("low_credit_l", 0, 1_000_000, 3_000),
        mains=table.flag("mains"),
        drift_ppm=table.number("drift_ppm", -_DRIFT_MAX, _DRIFT_MAX, 0),
        rated=tariff if "prices" in table.raw else None,
        limits=CreditLimits(
            emergency=table.money("emergency_credit", currency, "0.00", most=_CREDIT_MAX),
            emergency_threshold=table.money("emergency_below", currency, "0.00", most=_CREDIT_MAX),
            low=table.money("low_credit", currency, "2.00", most=_CREDIT_MAX),
        ),
        exact_blocks=table.flag("exact_blocks"),
        friendly=friendly_week(table.texts("friendly"), f"{table.place} friendly"),
    )


def _tariff(table: _Table, currency: str) -> EnergyTariff:
    """Flat by `price`; or by `prices`, a row a rate and in it a price a block, which stand in place of it."""
    standing_charge = table.money("standing_charge", currency, "0.00", most=_STANDING_CHARGE_MAX)
    cv = table.number("cv", *_CV_RANGE)
    if "prices" not in table.raw:
        for name in ("rates", "blocks_kwh"):
            if name in table.raw:
                raise UsageError(f"{table.place} has {name} without prices", remedy="Write prices, a row a rate.")
        return EnergyTariff.flat(table.money("price", currency, most=_PRICE_MAX), standing_charge, cv)
    blocks = _blocks(table)
    rows = table.raw["prices"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= RATES or not all(isinstance(row, list) for row in rows):
        raise UsageError(f"{table.place} prices is not 1 to {RATES} rows", remedy='Write it like [["0.07", "0.06"]].')
    if any(len(row) != len(blocks) + 1 for row in rows):
        raise UsageError(f"{table.place} prices and blocks_kwh don't fit", remedy="Give each row a price a block.")
    prices = [_price(table, currency, price) for row in rows for price in (row + [row[-1]] * BLOCKS)[:BLOCKS]]
    rates = rate_rows(table.texts("rates"), f"{table.place} rates")
    if max(rates) >= len(rows):
        raise UsageError(f"{table.place} rates name rate {max(rates)}, and prices has {len(rows)} rows, from 0")
    prices += prices[-BLOCKS:] * (RATES - len(rows))
    thresholds = [kwh * 1_000 for kwh in blocks] + [UNUSED_BLOCK] * (BLOCKS - 1 - len(blocks))
    return EnergyTariff(tuple(prices), rates, tuple(thresholds), standing_charge, cv)


def _blocks(table: _Table) -> list[int]:
    """Where each further block begins, kWh since the tariff came into force."""
    blocks = table.raw.get("blocks_kwh", [])
    if not isinstance(blocks, list) or not all(type(kwh) is int and 0 < kwh <= _KWH_MAX for kwh in blocks):
        raise UsageError(f"{table.place} blocks_kwh is {blocks!r}; it is whole numbers from 1 to {_KWH_MAX}")
    if len(blocks) >= BLOCKS or sorted(set(blocks)) != blocks:
        raise UsageError(f"{table.place} blocks_kwh is {blocks!r}", remedy=f"Write up to {BLOCKS - 1}, rising.")
    return blocks


def _price(table: _Table, currency: str, price: object) -> int:
    return _Table({"price": price}, f"{table.place} prices").money("price", currency, most=_PRICE_MAX)


def _customer(table: _Table, currency: str) -> Customer:
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


def _known(raw: dict[str, Any], names: set[str], place: str) -> None:
    unknown = sorted(set(raw) - names)
    if unknown:
        raise UsageError(f"{place} has an unknown field '{unknown[0]}'", remedy=f"Known: {', '.join(sorted(names))}.")


@dataclass(frozen=True, slots=True)
class _Table:
    """One TOML table and where it stands, for sentences that name the place."""

    raw: dict[str, Any]
    place: str

    def known(self, names: set[str]) -> None:
        if not isinstance(self.raw, dict):
            raise UsageError(f"{self.place} is '{self.raw}', not a table")
        _known(self.raw, names, self.place)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.raw.get(name, default)
        if not isinstance(value, str) or len(value) > 200:
            raise UsageError(f"{self.place} {name} is {value!r}", remedy="Write it as text in quotes.")
        return value

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int:
        value = self.raw.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise UsageError(f"{self.place} {name} is {value!r}; it is a whole number from {least} to {most}")
        return value

    def texts(self, name: str) -> list[str]:
        value = self.raw.get(name, [])
        if not isinstance(value, list) or len(value) > 100 or not all(isinstance(line, str) for line in value):
            raise UsageError(f"{self.place} {name} is {value!r}; it is a list of texts in quotes")
        return value

    def flag(self, name: str) -> bool:
        value = self.raw.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self.place} {name} is {value!r}; it is true or false")
        return value

    def money(
        self, name: str, currency: str, default: str | None = None, least: int = 0, most: int | None = None
    ) -> int:
        amount = Money.parse(self.text(name, default), currency).amount
        if amount < least or (most is not None and amount > most):
            beyond = "" if most is None else f" to {Money(most, currency).decimal()}"
            raise UsageError(
                f"{self.place} {name} is {self.raw.get(name, default)}; it is from "
                f"{Money(least, currency).decimal()}{beyond}"
            )
        return amount

    def instant(self, name: str) -> Instant:
        value = self.raw.get(name)
        if isinstance(value, str):
            return parse_instant(value)
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise UsageError(f"{self.place} {name} is {value!r}", remedy="Write it like 2026-01-05T00:00:00Z.")
        return instant_of(value)
