"""What a person can see and do: the views of a running street, and the desk that offers them.

The console and the REST API know a street only through `Desk`; so a page can be tested against a fake, and holds no
keys and computes nothing (design D10). Every instant is UTC and belongs to the street's own clock, which may run faster
than the wall's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from meterhouse.app.debt_history import DebtHistory
from meterhouse.model import Event, Fuel, Instant, Money

__all__ = [
    "AccountPlace",
    "ButtonPress",
    "Desk",
    "DisplayView",
    "HandAnswer",
    "HomeDetail",
    "HomeView",
    "KeyIn",
    "LinkWeek",
    "MeterView",
    "PaymentMode",
    "PrepayTerms",
    "Receipt",
    "Stage",
    "StageName",
    "Supply",
]


class Supply(StrEnum):
    """State of one fuel's supply at a home."""

    ON = "on"
    ARMED = "armed"
    """A hand on the spot may restore it now."""
    OFF = "off"
    UNKNOWN = "unknown"


class PaymentMode(StrEnum):
    """How a fuel is paid."""

    CREDIT = "credit"
    PREPAY = "prepay"


class AccountPlace(StrEnum):
    """Which device holds a prepay account, and takes its tokens: the balance is on the premises, always (C-01)."""

    METER = "meter"
    HUB = "hub"


class StageName(StrEnum):
    """The life line of a vend; a vend ends as accepted or refused."""

    MADE = "made"
    CARRIED = "carried"
    HUB = "hub"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PrepayTerms:
    """On what terms a prepaid home has a fuel now. Money as in the home's own account.

    Attributes:
        price: a kWh in this half hour, by its rate and the block reached.
        cv: calorific value, kJ/m³; 0 for electricity.
        rates, blocks: how many prices the tariff tells apart by time, and by use; 1 and 1 where it is flat.
        emergency: `none`, `offered` or `in use`.
        emergency_limit: how much there may be; 0 where there is none.
        emergency_left: how much of it is left while it is in use, else all of it.
        emergency_below, low_below: the balances below which it is offered, and the warning is on.
        friendly_now: whether no supply closes in this half hour.
        friendly_half_hours: of the week in which none does.
    """

    price: Money
    standing_charge: Money
    cv: int
    rates: int
    blocks: int
    emergency: str
    emergency_limit: Money
    emergency_left: Money
    emergency_below: Money
    low_below: Money
    friendly_now: bool
    friendly_half_hours: int


@dataclass(frozen=True, slots=True)
class LinkWeek:
    """How a gas link has been, as the head end knows it.

    Attributes:
        availability_permille: half hours heard of those in the week before `read_at`, in thousandths.
        misses: half hours not heard in it.
        down_half_hours: for how many it has been down, by the hub's countdown; 0 while it works.
        ticket: whether the supplier should look at it.
    """

    read_at: Instant
    availability_permille: int
    misses: int
    down_half_hours: int
    ticket: bool


@dataclass(frozen=True, slots=True)
class MeterView:
    """One fuel at a home, as the home's own displays would show it.

    Attributes:
        register: Wh for electricity, litres for gas; None for whoever may not see it.
        balance: prepay only.
        cutoff_l: gas prepay only; None where there is no limit.
        cutoff_wh: the same of prepaid electricity.
        countdown: half hours without its hub that are still allowed: of gas, and of electricity whose account is there.
        link_ok: whether the last contact between hub and meter succeeded.
        last_contact: of hub and meter.
        debt: what the customer still owes, as last told to the home; display only.
        valve: gas only: whether there is one; a credit home's meter may have none.
        mains: gas only: the meter has no battery, and listens always.
        terms: prepay only.
        link_week: gas only; None until the head end has asked the hub.
        account: its prepay account at the counter; empty where it is paid by bill.
        account_in: the device that holds the account and takes its tokens; None where there is none.
    """

    fuel: Fuel
    serial: str
    mode: PaymentMode
    supply: Supply
    register: int | None
    link_ok: bool
    last_contact: Instant | None
    balance: Money | None = None
    debt: Money | None = None
    cutoff_l: int | None = None
    countdown: int | None = None
    low_credit: bool = False
    why: str = ""
    """Why the supply is off or armed, and what to do; empty while on."""
    valve: bool = True
    mains: bool = False
    terms: PrepayTerms | None = None
    link_week: LinkWeek | None = None
    account: str = ""
    account_in: AccountPlace | None = None
    cutoff_wh: int | None = None


@dataclass(frozen=True, slots=True)
class HomeView:
    """One line of the street.

    Attributes:
        home: its short id, such as `07`.
        account: the id of its prepay account at the counter, of gas where that is prepaid; empty for a credit home.
            Each prepaid meter has its own.
        last_collected: the newest half hour that the head end has stored for it.
        note: what is special about this home, such as `weak gas link`.
    """

    home: str
    account: str
    meters: tuple[MeterView, ...]
    hub_online: bool
    last_collected: Instant | None
    note: str = ""

    @property
    def accounts(self) -> tuple[str, ...]:
        """Of its prepaid fuels: the one that the home is known by first."""
        own = (self.account, *(meter.account for meter in self.meters))
        return tuple(dict.fromkeys(account for account in own if account))

    @property
    def currency(self) -> str:
        """What the home pays in, as far as its balances tell."""
        return next((meter.balance.currency for meter in self.meters if meter.balance is not None), "GBP")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a vend's life line. `why` is filled where it was refused."""

    name: StageName
    at: Instant
    why: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment and what became of it: paid = to_debt + in_token.

    Attributes:
        request: the caller's idempotency key.
        fuel: what the account pays for.
        token: 20 digits; empty where all went to debt.
        debt_left: after this payment.
    """

    request: str
    account: str
    fuel: Fuel
    home: str
    paid: Money
    to_debt: Money
    in_token: Money
    debt_left: Money
    token: str
    made_at: Instant
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class HomeDetail:
    """All that the page of one home shows.

    Attributes:
        view: the same line as on the street.
        half_hours: per fuel, (end, Wh or litres) of the newest days that the head end has stored, oldest first; None
            marks a gap.
        receipts: newest first.
        events: of the home's devices, newest first.
    """

    view: HomeView
    half_hours: dict[Fuel, tuple[tuple[Instant, int | None], ...]]
    receipts: tuple[Receipt, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class KeyIn:
    """What a keypad said. `why` and `remedy` are filled where it refused; `fuel`: whose token it was."""

    accepted: bool
    amount: Money | None
    balance: Money | None
    why: str = ""
    remedy: str = ""
    fuel: Fuel | None = None


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """What a press of a meter's restore button did."""

    supply: Supply
    said: str


@dataclass(frozen=True, slots=True)
class DisplayView:
    """What stands on one display in the home: lines of (name, value, whether it calls for attention)."""

    title: str
    lines: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class HandAnswer:
    """What hub or gas meter said to what was carried to it by hand. `code`: of ten digits, where one was asked for."""

    accepted: bool
    said: str
    code: str = ""


class Desk(Protocol):
    """The acts and views of a running street.

    Every method raises only `MeterhouseError`s: `NotFoundError` for an unknown home, account or request, `PolicyError`
    where a rule says no, `UsageError` for values that can't be.
    """

    def now(self) -> Instant:
        """The street's own time."""

    def speed(self) -> int:
        """How many street seconds pass in a second of the wall, as asked for."""

    async def homes(self) -> tuple[HomeView, ...]:
        """The street, in order."""

    async def home(self, home: str) -> HomeDetail:
        """One home."""

    async def half_hours(
        self, home: str, fuel: Fuel, since: Instant | None = None, until: Instant | None = None
    ) -> tuple[tuple[Instant, int | None], ...]:
        """All stored half hours of a fuel that end after `since` and not after `until`, as in `HomeDetail`.

        None leaves that side open. A home without that fuel has none.
        """

    async def pay(self, account: str, amount: Money, request: str, network: str) -> Receipt:
        """Sell credit. The same request again gives the same receipt; with other contents it is refused."""

    async def receipt(self, request: str) -> Receipt:
        """A payment's receipt with its life line up to now."""

    async def receipts(self, limit: int = 50) -> tuple[Receipt, ...]:
        """The newest payments, newest first."""

    async def debt_history(self, account: str) -> DebtHistory:
        """What an account owes, what was agreed about it, and what payments took."""

    async def key_in(self, home: str, token: str, place: AccountPlace = AccountPlace.HUB) -> KeyIn:
        """Type a token on a keypad, as a person in the home: the hub's, or that of a meter that holds an account."""

    async def select_emergency(self, home: str, fuel: Fuel | None = None) -> KeyIn:
        """Select emergency credit where the account is, as a person in the home; None: of the home's first account."""

    async def displays(self, home: str) -> tuple[DisplayView, ...]:
        """What the hub shows of each fuel, and the gas meter of itself, as a person before them would read it."""

    async def read_in(self, home: str, register_l: int, check: str) -> HandAnswer:
        """Type the gas meter's reading and check digits on the hub; taken while their link is down (S0-138)."""

    async def reopen_code(self, home: str) -> HandAnswer:
        """Ask the hub for the code that opens the gas meter at the reading that was typed (S0-139)."""

    async def key_in_meter(self, home: str, code: str) -> HandAnswer:
        """Type that code on the gas meter."""

    async def press_button(self, home: str, fuel: Fuel) -> ButtonPress:
        """Press the restore button of a meter, as a person in the home."""
