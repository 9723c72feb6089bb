"""The JSON documents of the API.

Money is decimal text with its currency, never a JSON number: `{"amount": "16.00", "currency": "GBP"}`. Instants are
ISO 8601 in UTC. Energy is integer Wh, volume integer litres. A field that doesn't apply, or that the caller's key
doesn't show (`seen`), is null.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from meterhouse.app.desk import (
    AccountPlace,
    ButtonPress,
    HomeDetail,
    HomeView,
    KeyIn,
    LinkWeek,
    MeterView,
    PrepayTerms,
    Receipt,
)
from meterhouse.console.views import said_of
from meterhouse.model import Event, Fuel, Instant, Money, isoformat

__all__ = [
    "ButtonDocument",
    "ButtonOrder",
    "ClockDocument",
    "EventDocument",
    "HalfHourDocument",
    "HealthDocument",
    "HomeDetailDocument",
    "HomeDocument",
    "KeyInDocument",
    "KeyInOrder",
    "LinkWeekDocument",
    "MeterDocument",
    "MoneyDocument",
    "PaymentDocument",
    "PaymentOrder",
    "PrepayTermsDocument",
    "ProblemDocument",
    "StageDocument",
]

_SHORT = 64


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class MoneyDocument(_Document):
    """An amount of one currency, exact."""

    amount: str = Field(description="decimal text, two to five decimals")
    currency: str = Field(description="ISO 4217 letters")

    @classmethod
    def of(cls, money: Money) -> MoneyDocument:
        """The document of `money`."""
        return cls(amount=money.decimal(), currency=money.currency)


class PrepayTermsDocument(_Document):
    """On what terms a prepaid home has a fuel now."""

    price: MoneyDocument = Field(description="a kWh in this half hour, by its rate and the block reached")
    standing_charge: MoneyDocument = Field(description="a UTC day")
    calorific_value_kj_m3: int | None = Field(description="gas only")
    rates: int = Field(description="prices told apart by time")
    blocks: int = Field(description="prices told apart by use")
    emergency: str = Field(description="none, offered or in use")
    emergency_limit: MoneyDocument
    emergency_left: MoneyDocument
    emergency_below: MoneyDocument = Field(description="offered while the balance is below this")
    low_below: MoneyDocument = Field(description="the warning is on while what can be spent is below this")
    friendly_now: bool = Field(description="no supply closes in this half hour")
    friendly_half_hours: int = Field(description="of the week in which no supply closes")

    @classmethod
    def of(cls, terms: PrepayTerms) -> PrepayTermsDocument:
        """The document of these terms."""
        return cls(
            price=MoneyDocument.of(terms.price),
            standing_charge=MoneyDocument.of(terms.standing_charge),
            calorific_value_kj_m3=terms.cv or None,
            rates=terms.rates,
            blocks=terms.blocks,
            emergency=terms.emergency,
            emergency_limit=MoneyDocument.of(terms.emergency_limit),
            emergency_left=MoneyDocument.of(terms.emergency_left),
            emergency_below=MoneyDocument.of(terms.emergency_below),
            low_below=MoneyDocument.of(terms.low_below),
            friendly_now=terms.friendly_now,
            friendly_half_hours=terms.friendly_half_hours,
        )


class LinkWeekDocument(_Document):
    """How a gas link has been in the week before the head end last asked the hub."""

    read_at: str
    availability_permille: int = Field(description="half hours heard, in thousandths")
    misses: int
    down_half_hours: int = Field(description="by the hub's countdown; 0 while the link works")
    ticket: bool = Field(description="missed too often: somebody should look at it")

    @classmethod
    def of(cls, week: LinkWeek) -> LinkWeekDocument:
        """The document of this week."""
        return cls(
            read_at=isoformat(week.read_at),
            availability_permille=week.availability_permille,
            misses=week.misses,
            down_half_hours=week.down_half_hours,
            ticket=week.ticket,
        )


class MeterDocument(_Document):
    """One fuel at a home, as of its last contact with the hub."""

    fuel: Fuel
    serial: str
    mode: str = Field(description="credit or prepay")
    supply: str | None = Field(description="on, armed, off or unknown; armed: a hand on the spot may restore it")
    register_total: int | None = Field(description="Wh for electricity, litres for gas")
    unit: str = Field(description="Wh or litres")
    link_ok: bool | None
    last_contact: str | None
    balance: MoneyDocument | None = Field(description="prepay only")
    debt: MoneyDocument | None = Field(description="as last told to the home")
    cutoff_litres: int | None = Field(description="gas prepay only; null where there is no limit now")
    countdown_half_hours: int | None = Field(
        description="half hours without a link that are still allowed: gas, and electricity whose account is in the hub"
    )
    low_credit: bool | None
    why: str | None = Field(description="why the supply is off or armed, and what to do")
    valve: bool = Field(default=True, description="gas: whether the meter has one")
    mains: bool = Field(default=False, description="gas: fed by the hub beside it; listens always")
    terms: PrepayTermsDocument | None = Field(default=None, description="prepay only")
    link_week: LinkWeekDocument | None = Field(default=None, description="gas only; null until the hub was asked")
    account: str | None = Field(default=None, description="its prepay account at the counter; null where paid by bill")
    account_in: str | None = Field(default=None, description="hub or meter: what holds the account, and takes tokens")
    cutoff_wh: int | None = Field(default=None, description="electricity prepay only; null where there is no limit now")

    @classmethod
    def of(cls, meter: MeterView) -> MeterDocument:
        """The document of one meter's view."""
        return cls(
            fuel=meter.fuel,
            serial=meter.serial,
            mode=meter.mode.value,
            supply=meter.supply.value,
            register_total=meter.register,
            unit="Wh" if meter.fuel is Fuel.ELECTRICITY else "litres",
            link_ok=meter.link_ok,
            last_contact=_iso(meter.last_contact),
            balance=_money(meter.balance),
            debt=_money(meter.debt),
            cutoff_litres=meter.cutoff_l,
            countdown_half_hours=meter.countdown,
            low_credit=meter.low_credit,
            why=meter.why,
            valve=meter.valve,
            mains=meter.mains,
            terms=None if meter.terms is None else PrepayTermsDocument.of(meter.terms),
            link_week=None if meter.link_week is None else LinkWeekDocument.of(meter.link_week),
            account=meter.account or None,
            account_in=None if meter.account_in is None else meter.account_in.value,
            cutoff_wh=meter.cutoff_wh,
        )


class HomeDocument(_Document):
    """One home of the street."""

    home: str
    account: str | None = Field(
        description="its prepay account at the counter, the first where both fuels are prepaid; null for a credit home"
    )
    hub_online: bool | None
    last_collected: str | None = Field(description="end of the newest half hour stored by the head end")
    note: str | None
    meters: list[MeterDocument]

    @classmethod
    def of(cls, view: HomeView) -> HomeDocument:
        """The document of one line of the street."""
        return cls(
            home=view.home,
            account=view.account or None,
            hub_online=view.hub_online,
            last_collected=_iso(view.last_collected),
            note=view.note,
            meters=[MeterDocument.of(meter) for meter in view.meters],
        )


class HalfHourDocument(_Document):
    """One half hour by its end."""

    end: str
    value: int | None = Field(description="Wh or litres; null where it hasn't been collected")


class StageDocument(_Document):
    """One step of a token's life line."""

    name: str = Field(description="made, carried, hub, accepted or refused")
    at: str
    why: str


class PaymentDocument(_Document):
    """A payment and what became of it: paid = to_debt + in_token."""

    request: str = Field(description="the Idempotency-Key it came with")
    account: str
    fuel: Fuel = Field(description="what the account pays for")
    home: str
    paid: MoneyDocument
    to_debt: MoneyDocument | None
    in_token: MoneyDocument | None
    debt_left: MoneyDocument | None
    token: str | None = Field(description="20 digits; null where all went to debt")
    made_at: str
    stages: list[StageDocument]

    @classmethod
    def of(cls, receipt: Receipt) -> PaymentDocument:
        """The document of a receipt, with its life line up to now."""
        return cls(
            request=receipt.request,
            account=receipt.account,
            fuel=receipt.fuel,
            home=receipt.home,
            paid=MoneyDocument.of(receipt.paid),
            to_debt=MoneyDocument.of(receipt.to_debt),
            in_token=MoneyDocument.of(receipt.in_token),
            debt_left=MoneyDocument.of(receipt.debt_left),
            token=receipt.token or None,
            made_at=isoformat(receipt.made_at),
            stages=[
                StageDocument(name=step.name.value, at=isoformat(step.at), why=step.why) for step in receipt.stages
            ],
        )


class EventDocument(_Document):
    """Something that happened at a home's devices."""

    at: str
    kind: str = Field(description="a dotted word for programs, such as token.accepted")
    said: str = Field(description="a sentence for people; empty where the event is for engineers")

    @classmethod
    def of(cls, event: Event, currency: str) -> EventDocument:
        """The document of one event."""
        return cls(at=isoformat(event.at), kind=event.kind, said=said_of(event, currency))


class HomeDetailDocument(HomeDocument):
    """One home with its half hours, receipts and events."""

    half_hours: dict[Fuel, list[HalfHourDocument]] | None = Field(description="oldest first")
    payments: list[PaymentDocument] | None = Field(description="newest first")
    events: list[EventDocument] | None = Field(description="newest first")

    @classmethod
    def of_detail(cls, detail: HomeDetail) -> HomeDetailDocument:
        """The document of all that the page of one home shows."""
        return cls(
            **HomeDocument.of(detail.view).model_dump(),
            half_hours={
                fuel: [HalfHourDocument(end=isoformat(end), value=value) for end, value in rows]
                for fuel, rows in detail.half_hours.items()
            },
            payments=[PaymentDocument.of(receipt) for receipt in detail.receipts],
            events=[EventDocument.of(event, detail.view.currency) for event in detail.events],
        )


class PaymentOrder(_Order):
    """A payment to be made."""

    account: str = Field(min_length=1, max_length=_SHORT)
    amount: str = Field(min_length=1, max_length=_SHORT, description="decimal text, such as 20.00; not a JSON number")
    currency: str = Field(default="GBP", pattern="^[A-Z]{3}$")
    network: str = Field(default="api", min_length=1, max_length=_SHORT, description="who took the money")


class KeyInOrder(_Order):
    """A token as typed. Spaces and dashes between groups are ignored."""

    token: str = Field(min_length=1, max_length=_SHORT)
    place: AccountPlace = Field(
        default=AccountPlace.HUB, description="which keypad: the hub's, or that of a meter that holds its account"
    )


class KeyInDocument(_Document):
    """What the keypad said. A refused token is an answer, not an error: `why` and `remedy` say more."""

    accepted: bool
    amount: MoneyDocument | None
    balance: MoneyDocument | None
    why: str
    remedy: str
    fuel: Fuel | None = Field(default=None, description="whose token it was; null where that cannot be told")

    @classmethod
    def of(cls, result: KeyIn) -> KeyInDocument:
        """The document of a keypad's answer."""
        return cls(
            accepted=result.accepted,
            amount=_money(result.amount),
            balance=_money(result.balance),
            why=result.why,
            remedy=result.remedy,
            fuel=result.fuel,
        )


class ButtonOrder(_Order):
    """Which meter's restore button to press."""

    fuel: Fuel


class ButtonDocument(_Document):
    """What the press did."""

    supply: str
    said: str

    @classmethod
    def of(cls, press: ButtonPress) -> ButtonDocument:
        """The document of a press."""
        return cls(supply=press.supply.value, said=press.said)


class ClockDocument(_Document):
    """The street's own time, which may run faster than the wall's."""

    now: str
    speed: int = Field(description="street seconds in a second of the wall")


class HealthDocument(_Document):
    """Whether the street answers, and how fresh what it knows is."""

    status: str
    homes: int
    hubs_online: int
    oldest_collected: str | None = Field(description="the home that lags most; null if one has never been collected")


class ProblemDocument(_Document):
    """RFC 9457, with `why`, `next` and `retry`; `trace_id` only where nobody foresaw it."""

    type: str
    title: str
    status: int
    detail: str
    why: str
    next: str
    retry: bool
    trace_id: str | None = None


def _iso(at: Instant | None) -> str | None:
    return None if at is None else isoformat(at)


def _money(money: Money | None) -> MoneyDocument | None:
    return None if money is None else MoneyDocument.of(money)
