"""What each fuel of a home is like, as a street file says it: how it is paid, what it costs, where the account is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from meterhouse.app.desk import AccountPlace, PaymentMode
from meterhouse.app.street_table import Table
from meterhouse.app.week import friendly_week, rate_rows
from meterhouse.model import UsageError
from meterhouse.premises.prepay import BALANCE_LIMIT, UNUSED_BLOCK, CreditLimits, EnergyTariff
from meterhouse.rules import BLOCKS, RATES

__all__ = ["ElectricitySite", "GasSite", "electricity_site", "gas_site"]

_CV_RANGE: Final = (30_000, 50_000)
"""kJ/m³: the GB network allows 37.5 to 43.0 MJ/m³; outside 30 to 50 it is not natural gas."""
_PRICE_MAX: Final = 500_000
"""Money per kWh: 5.00 of the unit, ten times the dearest domestic energy seen."""
_STANDING_CHARGE_MAX: Final = 2_000_000
"""Money per day: 20.00 of the unit, which is also the most that an account takes."""
_DRIFT_MAX: Final = 200
"""Parts per million: ten times a watch crystal's."""
_CREDIT_MAX: Final = 10_000_000
"""100.00 of the unit: the most that an account takes for emergency credit and for its limits."""
_KWH_MAX: Final = 1_000_000
_NO_COMMS: Final = (48, 672)
"""Half hours: a day to a fortnight."""
_OF_ACCOUNT: Final = {
    "mode",
    "price",
    "standing_charge",
    "opening_balance",
    "no_comms_half_hours",
    "emergency_credit",
} | {"emergency_below", "low_credit", "friendly", "prices", "rates", "blocks_kwh", "exact_blocks"}
_OF_GAS: Final = _OF_ACCOUNT | {"cv", "loss_permille", "low_credit_l", "mains", "drift_ppm"}
_OF_ELECTRICITY: Final = _OF_ACCOUNT | {"account"}


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
class ElectricitySite:
    """Electricity at one home. Money in 10⁻⁵ of the unit; `price` is that of the first rate and block.

    Attributes:
        account: where a prepaid account stands. In the hub, the meter is told where its supply ends, and no more.
        no_comms_half_hours: how long a meter goes on without a hub that holds its account.
        rated, limits, friendly, exact_blocks: as of gas.
    """

    mode: PaymentMode = PaymentMode.CREDIT
    account: AccountPlace = AccountPlace.METER
    price: int = 0
    standing_charge: int = 0
    opening_balance: int = 0
    no_comms_half_hours: int = 144
    rated: EnergyTariff | None = None
    limits: CreditLimits = field(default_factory=CreditLimits)
    friendly: tuple[int, ...] = (0,) * 7
    exact_blocks: bool = False

    @property
    def tariff(self) -> EnergyTariff:
        """At the street's start."""
        return EnergyTariff.flat(self.price, self.standing_charge) if self.rated is None else self.rated

    @property
    def prepaid_in(self) -> AccountPlace | None:
        """Where its prepaid account stands; None where it is paid by bill."""
        return self.account if self.mode is PaymentMode.PREPAY else None


def gas_site(table: Table, currency: str) -> GasSite:
    """The gas of one home, the street's own words for it merged in.

    Raises:
        UsageError: a field is unknown, missing or out of its range.
    """
    table.known(_OF_GAS)
    tariff = _tariff(table, currency, table.number("cv", *_CV_RANGE))
    return GasSite(
        mode=_mode(table),
        price=tariff.price,
        standing_charge=tariff.standing_charge,
        cv=tariff.cv,
        loss_permille=table.number("loss_permille", 0, 1_000, 0),
        low_credit_l=table.number("low_credit_l", 0, 1_000_000, 3_000),
        mains=table.flag("mains"),
        drift_ppm=table.number("drift_ppm", -_DRIFT_MAX, _DRIFT_MAX, 0),
        **_account(table, currency, tariff),
    )


def electricity_site(table: Table, currency: str) -> ElectricitySite:
    """The electricity of one home, the street's own words for it merged in; of credit, nothing else counts.

    Raises:
        UsageError: a field is unknown, missing or out of its range.
    """
    table.known(_OF_ELECTRICITY)
    if _mode(table) is PaymentMode.CREDIT:
        return ElectricitySite()
    place = table.text("account", AccountPlace.METER)
    if place not in tuple(AccountPlace):
        raise UsageError(f"{table.place} account is '{place}'; it is meter or hub", remedy='Write account = "meter".')
    tariff = _tariff(table, currency, cv=0)
    return ElectricitySite(
        mode=PaymentMode.PREPAY,
        account=AccountPlace(place),
        price=tariff.price,
        standing_charge=tariff.standing_charge,
        **_account(table, currency, tariff),
    )


def _mode(table: Table) -> PaymentMode:
    mode = table.text("mode", PaymentMode.CREDIT)
    if mode not in tuple(PaymentMode):
        raise UsageError(f"{table.place} mode is '{mode}'; it is credit or prepay", remedy='Write mode = "prepay".')
    return PaymentMode(mode)


def _account(table: Table, currency: str, tariff: EnergyTariff) -> dict[str, Any]:
    """What is said of an account in the same words, whatever the fuel."""
    return {
        "opening_balance": table.money("opening_balance", currency, "0.00", least=-BALANCE_LIMIT, most=BALANCE_LIMIT),
        "no_comms_half_hours": table.number("no_comms_half_hours", *_NO_COMMS, 144),
        "rated": tariff if "prices" in table.raw else None,
        "limits": CreditLimits(
            emergency=table.money("emergency_credit", currency, "0.00", most=_CREDIT_MAX),
            emergency_threshold=table.money("emergency_below", currency, "0.00", most=_CREDIT_MAX),
            low=table.money("low_credit", currency, "2.00", most=_CREDIT_MAX),
        ),
        "exact_blocks": table.flag("exact_blocks"),
        "friendly": friendly_week(table.texts("friendly"), f"{table.place} friendly"),
    }


def _tariff(table: Table, currency: str, cv: int) -> EnergyTariff:
    """Flat by `price`; or by `prices`, a row a rate and in it a price a block, which stand in place of it."""
    standing_charge = table.money("standing_charge", currency, "0.00", most=_STANDING_CHARGE_MAX)
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


def _blocks(table: Table) -> list[int]:
    """Where each further block begins, kWh since the tariff came into force."""
    blocks = table.raw.get("blocks_kwh", [])
    if not isinstance(blocks, list) or not all(type(kwh) is int and 0 < kwh <= _KWH_MAX for kwh in blocks):
        raise UsageError(f"{table.place} blocks_kwh is {blocks!r}; it is whole numbers from 1 to {_KWH_MAX}")
    if len(blocks) >= BLOCKS or sorted(set(blocks)) != blocks:
        raise UsageError(f"{table.place} blocks_kwh is {blocks!r}", remedy=f"Write up to {BLOCKS - 1}, rising.")
    return blocks


def _price(table: Table, currency: str, price: object) -> int:
    return Table({"price": price}, f"{table.place} prices").money("price", currency, most=_PRICE_MAX)
