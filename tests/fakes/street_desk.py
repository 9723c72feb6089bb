"""A street of twelve homes that lives in memory: enough for a page to be looked at, and for an API to be asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

from meterhouse.app.debt_history import DebtHistory, DebtTaken, DebtTerms
from meterhouse.app.desk import (
    AccountPlace,
    ButtonPress,
    DisplayView,
    HandAnswer,
    HomeDetail,
    HomeView,
    KeyIn,
    LinkWeek,
    MeterView,
    PaymentMode,
    PrepayTerms,
    Receipt,
    Stage,
    StageName,
    Supply,
)
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    MINUTE,
    SECOND,
    Event,
    Fuel,
    Instant,
    Money,
    NotFoundError,
    PolicyError,
    UsageError,
    half_hour_start,
    parse_instant,
)

START = parse_instant("2026-11-21T17:42:00Z")
SPEED = 300
DAYS = 5
LARGEST = Money.parse("200.00")
LIFE_LINE = ((StageName.CARRIED, 2 * MINUTE), (StageName.HUB, 6 * MINUTE), (StageName.ACCEPTED, 25 * MINUTE))

NO_CREDIT = "The credit is used up. Buy credit at the counter; the valve may be opened when it arrives."
ARMED_GAS = "Credit has arrived. Press the button on the gas meter to open the valve."
ARMED_ELECTRICITY = "The supply may be restored. Check that appliances are turned off, then press the meter's button."
LINK_LOST = (
    "The gas meter has been out of reach since 15:30. Its button restores gas while time without a link is left."
)


def _gbp(text: str) -> Money:
    return Money.parse(text)


TERMS = PrepayTerms(
    price=_gbp("0.06"),
    standing_charge=_gbp("0.2911"),
    cv=39_500,
    rates=2,
    blocks=3,
    emergency="offered",
    emergency_limit=_gbp("5.00"),
    emergency_left=_gbp("5.00"),
    emergency_below=_gbp("2.00"),
    low_below=_gbp("2.00"),
    friendly_now=False,
    friendly_half_hours=112,
)
WEEK = LinkWeek(Instant(START - HOUR), 917, 28, 0, True)


def _meter(home: str, fuel: Fuel, supply: Supply = Supply.ON, **changes: object) -> MeterView:
    number = int(home)
    electricity = fuel is Fuel.ELECTRICITY
    view = MeterView(
        fuel=fuel,
        serial=f"{'E1' if electricity else 'G4'}-{number:06d}",
        mode=PaymentMode.CREDIT,
        supply=supply,
        register=(7_200_000 if electricity else 1_180_000) + number * 314_159,
        link_ok=True,
        last_contact=Instant(START - (40 * SECOND if electricity else 12 * MINUTE)),
        countdown=None if electricity else 48,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def _prepaid(home: str, fuel: Fuel, balance: str, supply: Supply = Supply.ON, **changes: object) -> MeterView:
    view = _meter(home, fuel, supply, mode=PaymentMode.PREPAY, balance=_gbp(balance), debt=_gbp("0"))
    if fuel is Fuel.GAS:
        view = replace(view, cutoff_l=view.register + max(view.balance.amount if view.balance else 0, 0) // 65)
    return replace(view, **changes)  # type: ignore[arg-type]


def _home(home: str, *meters: MeterView, note: str = "", hub_online: bool = True) -> HomeView:
    prepaid = [meter.fuel for meter in reversed(meters) if meter.mode is PaymentMode.PREPAY]  # gas first
    late = 0 if hub_online else 7 * HOUR
    collected = Instant(half_hour_start(START) - late)
    meters = tuple(_with_account(home, meter, prepaid) for meter in meters)
    return HomeView(home, f"10{home}" if prepaid else "", meters, hub_online, collected, note)


def _with_account(home: str, meter: MeterView, prepaid: list[Fuel]) -> MeterView:
    """The second of two accounts stands in its meter, every other in the hub."""
    if meter.fuel not in prepaid:
        return meter
    first = prepaid[0] is meter.fuel
    place = AccountPlace.HUB if first else AccountPlace.METER
    return replace(meter, account=f"{'10' if first else '20'}{home}", account_in=place)


def street() -> dict[str, HomeView]:
    electricity, gas = Fuel.ELECTRICITY, Fuel.GAS
    lost = Instant(START - 2 * HOUR - 12 * MINUTE)
    homes = (
        _home("01", _meter("01", electricity), _meter("01", gas)),
        _home("02", _meter("02", electricity), _meter("02", gas)),
        _home("03", _prepaid("03", electricity, "23.40"), _prepaid("03", gas, "31.07342")),
        _home("04", _meter("04", electricity), _prepaid("04", gas, "-0.41", Supply.OFF, why=NO_CREDIT)),
        _home("05", _meter("05", electricity), _prepaid("05", gas, "12.00", Supply.ARMED, why=ARMED_GAS)),
        _home(
            "06",
            _meter("06", electricity),
            _prepaid("06", gas, "1.85", low_credit=True, debt=_gbp("12.50"), terms=TERMS, link_week=WEEK),
        ),
        _home("07", _meter("07", electricity), _prepaid("07", gas, "2.20", debt=_gbp("50.00"))),
        _home("08", _prepaid("08", electricity, "9.95"), note="gas-free"),
        _home(
            "09",
            _meter("09", electricity),
            _prepaid("09", gas, "4.10", Supply.OFF, link_ok=False, last_contact=lost, countdown=43, why=LINK_LOST),
            note="weak gas link",
        ),
        _home(
            "10",
            _meter("10", electricity),
            _meter("10", gas),
            note="hub unplugged since this morning",
            hub_online=False,
        ),
        _home("11", _prepaid("11", electricity, "5.00", Supply.ARMED, why=ARMED_ELECTRICITY), _meter("11", gas)),
        _home("12", _meter("12", electricity), _meter("12", gas, Supply.UNKNOWN, last_contact=None, link_ok=False)),
    )
    return {home.home: home for home in homes}


class StreetDesk:
    """Obeys the `Desk` protocol. Its clock is an argument, so a test may stop it."""

    def __init__(self, clock: Callable[[], Instant] | None = None) -> None:
        begun = time.monotonic_ns()
        self._clock = clock or (lambda: Instant(START + (time.monotonic_ns() - begun) * SPEED // 1_000_000))
        self._homes = street()
        self._receipts: dict[str, Receipt] = {}
        self._used: set[str] = set()
        self._events: dict[str, list[Event]] = {home: [] for home in self._homes}

    def now(self) -> Instant:
        return self._clock()

    def speed(self) -> int:
        return SPEED

    async def homes(self) -> tuple[HomeView, ...]:
        return tuple(self._alive(home) for home in self._homes.values())

    async def home(self, home: str) -> HomeDetail:
        view = self._alive(self._known(home))
        receipts = tuple(receipt for receipt in await self.receipts() if receipt.home == home)
        history = (Event(Instant(START - 2 * HOUR), f"home/{home}/electricity", "clock.set", {"step_ms": -2_000}),)
        return HomeDetail(
            view=view,
            half_hours={meter.fuel: self._half_hours(view, meter.fuel) for meter in view.meters},
            receipts=receipts,
            events=(*reversed(self._events[home]), *history),
        )

    async def half_hours(
        self, home: str, fuel: Fuel, since: Instant | None = None, until: Instant | None = None
    ) -> tuple[tuple[Instant, int | None], ...]:
        rows = (await self.home(home)).half_hours.get(fuel, ())
        return tuple(row for row in rows if (since or 0) < row[0] <= (until or row[0]))

    async def pay(self, account: str, amount: Money, request: str, network: str) -> Receipt:
        view = next((home for home in self._homes.values() if account in home.accounts), None)
        if view is None:
            raise NotFoundError(f"There is no account '{account}'.", remedy="Look it up under /api/v1/homes.")
        known = self._receipts.get(request)
        if known is not None:
            if (known.account, known.paid) != (account, amount):
                raise PolicyError(
                    f"Request '{request}' was another payment.",
                    why="One request stands for one payment.",
                    remedy="Start a new payment.",
                )
            return await self.receipt(request)
        if amount.amount <= 0:
            raise UsageError(f"amount {amount} is not above zero", remedy="Pay at least 1.00.")
        if amount > LARGEST:
            raise PolicyError(
                f"{amount} is more than 200.00.", why="Large top-ups are refused.", remedy="Pay in parts."
            )
        return self._sell(view, amount, request)

    async def receipt(self, request: str) -> Receipt:
        receipt = self._receipts.get(request)
        if receipt is None:
            raise NotFoundError(f"There is no payment '{request}'.")
        age = self.now() - receipt.made_at
        steps = [Stage(name, Instant(receipt.made_at + after)) for name, after in LIFE_LINE if age >= after]
        return replace(receipt, stages=(*receipt.stages[:1], *(receipt.stages[1:] or steps)))

    async def receipts(self, limit: int = 50) -> tuple[Receipt, ...]:
        newest = list(reversed(self._receipts))[:limit]
        return tuple([await self.receipt(request) for request in newest])

    async def debt_history(self, account: str) -> DebtHistory:
        view = next((home for home in self._homes.values() if account in home.accounts), None)
        if view is None:
            raise NotFoundError(f"There is no account '{account}'.")
        sold = [one for one in reversed(self._receipts.values()) if one.account == account and one.to_debt.amount]
        owed = next((meter.debt for meter in view.meters if meter.debt is not None), Money(0))
        terms = (
            DebtTerms(START, 2_000, Money.parse("5.00"), "counter", "a fifth"),
            DebtTerms(Instant(START - DAY), 0, None, "meter", "opening"),
        )
        taken = tuple(DebtTaken(one.made_at, one.paid, one.to_debt, one.debt_left) for one in sold)
        return DebtHistory(account, taken[0].left if taken else owed, terms, taken)

    async def key_in(self, home: str, token: str, place: AccountPlace = AccountPlace.HUB) -> KeyIn:
        view = self._known(home)
        receipt = next((one for one in self._receipts.values() if one.token == token), None)
        if receipt is None or receipt.home != home:
            return KeyIn(
                accepted=False,
                amount=None,
                balance=None,
                why="The token is not for this meter, or a digit is wrong.",
                remedy="Compare it with the receipt and type it again.",
            )
        if token in self._used:
            return KeyIn(False, None, None, "This token has been used.", "Buy a new one at the counter.")
        self._used.add(token)
        balance = next(meter.balance for meter in view.meters if meter.balance is not None) + receipt.in_token
        amounts = {"amount_money5": receipt.in_token.amount, "balance_money5": balance.amount}
        self._note(home, "token.accepted", way="keypad", **amounts)
        return KeyIn(accepted=True, amount=receipt.in_token, balance=balance)

    async def select_emergency(self, home: str, fuel: Fuel | None = None) -> KeyIn:
        view = self._known(home)
        gas = next((meter for meter in view.meters if meter.terms is not None), None)
        if gas is None or gas.terms is None or gas.terms.emergency != "offered":
            return KeyIn(False, None, None, "Emergency credit is not on offer.", "Look at the hub's display.")
        taken = replace(gas, terms=replace(gas.terms, emergency="in use"))
        self._homes[home] = replace(view, meters=tuple(taken if one is gas else one for one in view.meters))
        return KeyIn(True, gas.terms.emergency_limit, gas.balance)

    async def displays(self, home: str) -> tuple[DisplayView, ...]:
        self._known(home)
        return (DisplayView("gas meter", (("register", "1.234 m³", False), ("check digits", "246801", False))),)

    async def read_in(self, home: str, register_l: int, check: str) -> HandAnswer:
        self._known(home)
        taken = (register_l, check) == (1_234, "246801")
        return HandAnswer(taken, "The reading was taken." if taken else "The check digits are of another reading.")

    async def reopen_code(self, home: str) -> HandAnswer:
        self._known(home)
        return HandAnswer(True, "Type 0512345678 on the gas meter.", "0512345678")

    async def key_in_meter(self, home: str, code: str) -> HandAnswer:
        self._known(home)
        return HandAnswer(code == "0512345678", "The gas is on." if code == "0512345678" else "Wrong code.")

    async def press_button(self, home: str, fuel: Fuel) -> ButtonPress:
        view = self._known(home)
        meter = next((meter for meter in view.meters if meter.fuel is fuel), None)
        if meter is None:
            raise NotFoundError(f"Home '{home}' has no {fuel} meter.")
        opens = meter.supply is Supply.ARMED or (
            fuel is Fuel.GAS and meter.supply is Supply.OFF and not meter.link_ok and bool(meter.countdown)
        )
        if not opens:
            return ButtonPress(meter.supply, "Nothing to restore now.")
        meters = tuple(replace(one, supply=Supply.ON, why="") if one is meter else one for one in view.meters)
        self._homes[home] = replace(view, meters=meters)
        self._note(home, "switch.closed" if fuel is Fuel.ELECTRICITY else "valve.opened", volume_l=meter.register)
        return ButtonPress(Supply.ON, f"The {fuel} supply is restored.")

    def refuse(self, request: str, why: str) -> None:
        """Let a payment's token be refused by the hub."""
        receipt = self._receipts[request]
        made = receipt.stages[0]
        self._receipts[request] = replace(receipt, stages=(made, Stage(StageName.REFUSED, self.now(), why)))

    def set_note(self, home: str, note: str) -> None:
        self._homes[home] = replace(self._homes[home], note=note)

    def _known(self, home: str) -> HomeView:
        if home not in self._homes:
            raise NotFoundError(f"There is no home '{home}'.", remedy="Look it up on the street page.")
        return self._homes[home]

    def _note(self, home: str, kind: str, **fields: object) -> None:
        self._events[home].append(Event(self.now(), f"home/{home}/hub", kind, fields))

    def _sell(self, view: HomeView, amount: Money, request: str) -> Receipt:
        debt = next((meter.debt for meter in view.meters if meter.debt is not None), Money(0))
        to_debt = Money(min(amount.amount // 5, debt.amount), amount.currency)
        receipt = Receipt(
            request=request,
            account=view.account,
            fuel=Fuel.GAS,
            home=view.home,
            paid=amount,
            to_debt=to_debt,
            in_token=amount - to_debt,
            debt_left=debt - to_debt,
            token=f"{Random(request).randrange(10**20):020d}",
            made_at=self.now(),
            stages=(Stage(StageName.MADE, self.now()),),
        )
        self._receipts[request] = receipt
        return receipt

    def _alive(self, view: HomeView) -> HomeView:
        """Contacts go on while time passes, except where the link or the hub is down."""
        passed = self.now() - START
        meters = tuple(
            replace(
                meter,
                last_contact=Instant(
                    meter.last_contact + passed - passed % (HALF_HOUR if meter.fuel is Fuel.GAS else MINUTE)
                ),
            )
            if meter.last_contact is not None and meter.link_ok and view.hub_online
            else meter
            for meter in view.meters
        )
        collected = Instant(half_hour_start(self.now())) if view.hub_online else view.last_collected
        return replace(view, meters=meters, last_collected=collected)

    def _half_hours(self, view: HomeView, fuel: Fuel) -> tuple[tuple[Instant, int | None], ...]:
        last = view.last_collected or START
        first = half_hour_start(Instant(START - DAYS * DAY))
        missing = range(170, 176) if view.note == "weak gas link" and fuel is Fuel.GAS else range(0)
        count = (last - first) // HALF_HOUR
        return tuple(
            (Instant(first + (slot + 1) * HALF_HOUR), None if slot in missing else _usage(view.home, fuel, first, slot))
            for slot in range(count)
        )


def _usage(home: str, fuel: Fuel, first: Instant, slot: int) -> int:
    dice = Random(f"{home}-{fuel}-{slot}")
    hour = (first + slot * HALF_HOUR) % DAY // HOUR
    if fuel is Fuel.ELECTRICITY:
        base = 110 + (420 if 17 <= hour < 22 else 260 if 7 <= hour < 9 else 60 if 9 <= hour < 17 else 0)
        return base + dice.randrange(base)
    base = 420 if 6 <= hour < 9 else 360 if 16 <= hour < 22 else 40 if hour >= 9 else 0
    return base + dice.randrange(base // 2 + 1)
