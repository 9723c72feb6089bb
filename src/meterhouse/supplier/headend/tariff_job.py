"""Set tariff, limits and calendar of an account: a write where that stands; a gas meter gets but a cut-off (S0-33)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from meterhouse.companion import objects
from meterhouse.model import Fuel, Instant, RefusedError
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import GAS_ACCOUNT, AccountAddress, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry, OrderBook

__all__ = [
    "SetCalendar",
    "SetCreditLimits",
    "SetGasCv",
    "SetGasDelay",
    "SetReadingBasis",
    "SetTariff",
    "SetTariffMatrix",
]


class _Setting(ABC):
    """A job that writes data objects of an account; one that it finds senseless is refused, and that is its end."""

    __slots__ = ()

    order: str
    book: OrderBook
    account: AccountAddress = GAS_ACCOUNT

    @abstractmethod
    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """What goes where."""

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Every write in one association."""
        client, route = clients.client(self.account.device(hub)), self.account.route
        yield from via(route, client.associate())
        try:
            for obis, value in self.writes():
                yield from via(route, client.set(dlms.DATA, obis, 2, value))
        except RefusedError as error:
            self.book.stage(
                self.order, "refused", now, (yield from via(route, _why(client, error, self.account.holder)))
            )
        else:
            self.book.stage(self.order, "accepted", now)
        yield from via(route, client.release())


def _why(client: dlms.Client, error: RefusedError, who: str) -> dlms.Procedure[str]:
    """The device's own words, where it has some: the code of a refusal does not say what was wrong."""
    try:
        words = (yield from client.get(dlms.DATA, objects.HUB_LAST_REFUSAL, 2)).octets().decode("utf-8", "replace")
    except RefusedError:
        words = ""
    return f"{who} says: {words}" if words else error.sentence()


@dataclass(frozen=True, slots=True)
class SetTariff(_Setting):
    """Price a kWh and standing charge a day in 10⁻⁵ of the unit, from the next half hour.

    Attributes:
        cv: calorific value in kJ/m³; 0 for electricity.
    """

    order: str
    price: int
    standing_charge: int
    cv: int
    book: OrderBook
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return f"set {self.account.fuel} tariff"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """The flat form."""
        parts = (self.price, self.standing_charge, self.cv)
        yield self.account.at.tariff, dlms.structure(*map(dlms.double_long_unsigned, parts))


@dataclass(frozen=True, slots=True)
class SetTariffMatrix(_Setting):
    """Up to four rates by time and four blocks by use.

    Attributes:
        prices: sixteen, 10⁻⁵ of the unit per kWh: rate × 4 + block.
        rates: ninety-six, 0 to 3: each half hour (UTC) of a working day, then of a weekend day.
        thresholds_wh: three: the use since activation at which each further block begins.
        begins: a half-hour boundary of the year to come; None for the next.
    """

    order: str
    prices: tuple[int, ...]
    rates: tuple[int, ...]
    thresholds_wh: tuple[int, ...]
    standing_charge: int
    cv: int
    book: OrderBook
    begins: Instant | None = None
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return f"set {self.account.fuel} tariff of rates and blocks"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """The full form."""
        yield (
            self.account.at.tariff_matrix,
            dlms.structure(
                dlms.null if self.begins is None else dlms.octet_string(dlms.encode_date_time(self.begins)),
                dlms.array([dlms.double_long_unsigned(price) for price in self.prices]),
                dlms.octet_string(bytes(self.rates)),
                dlms.array([dlms.long64_unsigned(threshold) for threshold in self.thresholds_wh]),
                dlms.double_long_unsigned(self.standing_charge),
                dlms.double_long_unsigned(self.cv),
            ),
        )


@dataclass(frozen=True, slots=True)
class SetCreditLimits(_Setting):
    """Emergency credit, the balance below which it is offered, and that of the warning; 10⁻⁵ of the unit."""

    order: str
    emergency: int
    emergency_threshold: int
    low: int
    book: OrderBook
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return f"set {self.account.fuel} credit limits"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One structure."""
        parts = (self.emergency, self.emergency_threshold, self.low)
        yield self.account.at.credit_limits, dlms.structure(*map(dlms.double_long_unsigned, parts))


@dataclass(frozen=True, slots=True)
class SetCalendar(_Setting):
    """Seven whole numbers, Monday first: bit n is the half hour n (UTC) of that day in which no supply closes."""

    order: str
    friendly: tuple[int, ...]
    book: OrderBook
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return "set friendly credit calendar"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One array."""
        yield self.account.at.calendar, dlms.array([dlms.long64_unsigned(day) for day in self.friendly])


@dataclass(frozen=True, slots=True)
class SetGasDelay(_Setting):
    """How many half hours without communication are allowed, 48 to 672: the supplier's level of service (S0-113)."""

    order: str
    half_hours: int
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set no-communication delay"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One number."""
        yield objects.GAS_DELAY, dlms.double_long_unsigned(self.half_hours)


@dataclass(frozen=True, slots=True)
class SetReadingBasis(_Setting):
    """Charge from this reading on, litres or Wh, once it was found why the register fell. Else it is refused."""

    order: str
    reading: int
    book: OrderBook
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return f"charge {self.account.fuel} from a new reading"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One number."""
        wide = dlms.double_long_unsigned if self.account.fuel is Fuel.GAS else dlms.long64_unsigned
        yield self.account.at.reading_basis, wide(self.reading)


@dataclass(frozen=True, slots=True)
class SetGasCv(_Setting):
    """A calorific value, kJ/m³, from an instant on: each month's from its first half hour, as the bill has it (S3-113).

    Attributes:
        begins: a half-hour boundary of the year to come; None for the next.
    """

    order: str
    cv: int
    book: OrderBook
    begins: Instant | None = None
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set calorific value"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One structure."""
        begins = dlms.null if self.begins is None else dlms.octet_string(dlms.encode_date_time(self.begins))
        yield objects.GAS_CV, dlms.structure(begins, dlms.double_long_unsigned(self.cv))
