"""Set a home's gas tariff, limits and calendar: a write to the hub, and to the gas meter but a cut-off (S0-33)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from meterhouse.companion import objects
from meterhouse.model import Instant, RefusedError
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.jobs import HUB, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry, OrderBook

__all__ = [
    "SetGasBasis",
    "SetGasCalendar",
    "SetGasCv",
    "SetGasDelay",
    "SetGasLimits",
    "SetGasTariff",
    "SetGasTariffMatrix",
]


class _Setting(ABC):
    """A job that writes data objects of a hub; one that the hub finds senseless is refused, and that is its end."""

    __slots__ = ()

    order: str
    book: OrderBook

    @abstractmethod
    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """What goes where."""

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Every write in one association."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        try:
            for obis, value in self.writes():
                yield from via(HUB, client.set(dlms.DATA, obis, 2, value))
        except RefusedError as error:
            self.book.stage(self.order, "refused", now, (yield from via(HUB, _why(client, error))))
        else:
            self.book.stage(self.order, "accepted", now)
        yield from via(HUB, client.release())


def _why(client: dlms.Client, error: RefusedError) -> dlms.Procedure[str]:
    """The hub's own words, where it has some: the code of a refusal does not say what was wrong."""
    try:
        words = (yield from client.get(dlms.DATA, objects.HUB_LAST_REFUSAL, 2)).octets().decode("utf-8", "replace")
    except RefusedError:
        words = ""
    return f"the hub says: {words}" if words else error.sentence()


@dataclass(frozen=True, slots=True)
class SetGasTariff(_Setting):
    """Price a kWh and standing charge a day in 10⁻⁵ of the unit, calorific value in kJ/m³; from the next half hour."""

    order: str
    price: int
    standing_charge: int
    cv: int
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set gas tariff"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """The flat form."""
        parts = (self.price, self.standing_charge, self.cv)
        yield objects.GAS_TARIFF, dlms.structure(*map(dlms.double_long_unsigned, parts))


@dataclass(frozen=True, slots=True)
class SetGasTariffMatrix(_Setting):
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

    @property
    def label(self) -> str:
        """In words."""
        return "set gas tariff of rates and blocks"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """The full form."""
        yield (
            objects.GAS_TARIFF_MATRIX,
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
class SetGasLimits(_Setting):
    """Emergency credit, the balance below which it is offered, and that of the warning; 10⁻⁵ of the unit."""

    order: str
    emergency: int
    emergency_threshold: int
    low: int
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set gas credit limits"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One structure."""
        parts = (self.emergency, self.emergency_threshold, self.low)
        yield objects.GAS_CREDIT_LIMITS, dlms.structure(*map(dlms.double_long_unsigned, parts))


@dataclass(frozen=True, slots=True)
class SetGasCalendar(_Setting):
    """Seven whole numbers, Monday first: bit n is the half hour n (UTC) of that day in which no supply closes."""

    order: str
    friendly: tuple[int, ...]
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set friendly credit calendar"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One array."""
        yield objects.GAS_CALENDAR, dlms.array([dlms.long64_unsigned(day) for day in self.friendly])


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
class SetGasBasis(_Setting):
    """Charge gas from this reading on, once it was found why the register fell; litres. Else the hub refuses it."""

    order: str
    register_l: int
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "charge gas from a new reading"

    def writes(self) -> Iterator[tuple[dlms.Obis, dlms.CosemData]]:
        """One number."""
        yield objects.GAS_READING_BASIS, dlms.double_long_unsigned(self.register_l)


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
