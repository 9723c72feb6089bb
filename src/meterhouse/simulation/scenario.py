"""Scenarios: a street, what happens to it and what must be seen, in a file that a person can read and play.

::

    [scenario]
    story = "the gas link fails for good -> the valve stays open until cut-off and delay are both reached"
    seed = 7
    days = 6

    [street] … [gas] … [[home]] …           as in a street file

    [[demand]]  home = "01", wh = 200, litres = 100            every half hour, in place of the made-up household
    [[fault]]   kind = "gas_link", home = "01", at = "1d 00:00", lasts = "5d 00:00"
    [[act]]     at = "0d 12:00", do = "pay", home = "01", amount = "20.00"
    [[expect]]  at = "3d 01:00", home = "01", gas = "on", countdown = 0

Acts: `pay` (amount), `key_in` (token = "last" or 20 digits), `press` (fuel), `tariff` (price, standing_charge, cv),
`tariff_matrix` (prices: sixteen, rate by rate, four blocks each; rates: ninety-six digits 0 to 3, the half hours of a
working day, then of a weekend day, UTC; thresholds_wh: three; standing_charge, cv; begins: a moment, at once without),
`limits` (emergency, threshold, low), `calendar` (friendly: seven numbers, Monday first, bit n the half hour n in UTC),
`emergency` (emergency credit is selected on the keypad). All but `press` are about gas unless they say
fuel = "electricity", whose cv is 0; a token is typed where that fuel's account stands.
Expectations: `gas` and `electricity` (on, armed, off), `balance`, `debt`, `volume_l`, `cutoff_l`, `countdown`,
`link` (up, down) as the gas meter has them, `hub_countdown` and `hub_link` as the hub has them;
`electricity_balance`, `electricity_debt`, and `register_wh`, `cutoff_wh`, `electricity_countdown` as the electricity
meter has them. Whatever it expects, the invariants of every world hold as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from meterhouse.app.demand import synthetic_demand
from meterhouse.app.desk import AccountPlace
from meterhouse.app.street import HomePlan
from meterhouse.model import DAY, MINUTE, Fuel, Instant, MeterhouseError, Money, UsageError
from meterhouse.premises.home_load import Demand
from meterhouse.simulation.faults import apply_faults
from meterhouse.simulation.fuzz import FINE_DAYS
from meterhouse.simulation.scenario_file import Scenario, Timed, moment, parse_scenario
from meterhouse.simulation.street_world import StreetReport, StreetWorld
from meterhouse.simulation.trace import Trace
from meterhouse.supplier.headend import SetCalendar, SetCreditLimits, SetTariff, SetTariffMatrix

__all__ = ["Scenario", "ScenarioReport", "Seen", "parse_scenario", "run_scenario"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One expectation and what was there."""

    at: str
    home: str
    what: str
    expected: str
    found: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """The outcome; `ok` where every expectation and every invariant held."""

    story: str
    seen: tuple[Seen, ...]
    said: tuple[str, ...]
    world: StreetReport

    @property
    def ok(self) -> bool:
        """Whether all went as told."""
        return all(one.ok for one in self.seen) and not self.world.violations

    def document(self) -> dict[str, Any]:
        """For JSON."""
        seen = [asdict(one) for one in self.seen]
        return {"story": self.story, "ok": self.ok, "seen": seen, "said": self.said, "world": self.world.document()}


def run_scenario(scenario: Scenario, trace: Trace | None = None) -> ScenarioReport:
    """Play it to its end."""
    world = StreetWorld(scenario.street, scenario.seed, _demand(scenario), trace, judged_at=_judged_at(scenario))
    apply_faults(world, scenario.faults)
    start = world.world.now
    seen: list[Seen] = []
    said: list[str] = []
    for act in scenario.acts:
        world.world.at(Instant(start + act.at), partial(_do, world, act, said))
    for expectation in scenario.expectations:
        world.world.at(Instant(start + expectation.at), partial(_look, world, expectation, seen))
    report = world.run(scenario.days)
    return ScenarioReport(scenario.story, tuple(seen), tuple(said), report)


def _judged_at(scenario: Scenario) -> Instant:
    """Readings must be whole at the end, if the last fault was over long enough before it."""
    over = max((fault.at_min + fault.lasts_min for fault in scenario.faults), default=0) * MINUTE
    end = scenario.days * DAY
    return Instant(scenario.street.start + (end if over + FINE_DAYS * DAY <= end else end + DAY))


def _demand(scenario: Scenario) -> Callable[[HomePlan, int], Demand]:
    made_up = synthetic_demand(scenario.seed)

    def of(home: HomePlan, number: int) -> Demand:
        fixed = scenario.demands.get(home.home)
        return made_up(home, number) if fixed is None else lambda _end: fixed

    return of


def _do(world: StreetWorld, act: Timed, said: list[str], now: Instant) -> None:
    """One act; what a person is told goes into the report, refusals too."""
    street = world.street
    try:
        match act.fields["do"]:
            case "pay":
                amount = Money.parse(act.fields["amount"], street.plan.currency)
                whose = act.home if _fuel(act) is Fuel.GAS else f"{act.home}-{_fuel(act)}"
                receipt = street.pay(_account(world, act), amount, f"{whose}-{now}", "shop")
                said.append(f"{act.home} paid {amount}: {receipt.to_debt} to debt, {receipt.in_token} in the token")
            case "key_in":
                answer = street.key_in(act.home, _digits(world, act), _place(world, act))
                said.append(f"{act.home} keyed in a token: {'accepted' if answer.accepted else answer.why}")
            case "press" if act.fields["fuel"] == "gas":
                said.append(f"{act.home} pressed the gas button: {street.press_gas(act.home)}")
            case "press":
                said.append(f"{act.home} pressed the electricity button: {street.press_electricity(act.home)}")
            case "emergency":
                chosen = street.select_emergency(act.home, _fuel(act)).accepted
                said.append(f"{act.home} selected emergency credit: {'taken' if chosen else 'not on offer'}")
            case _:
                _set(world, act, said)
    except MeterhouseError as error:
        said.append(f"{act.home} {act.fields['do']}: {error.sentence()}")


def _fuel(act: Timed) -> Fuel:
    return Fuel(act.fields.get("fuel", Fuel.GAS))


def _account(world: StreetWorld, act: Timed) -> str:
    accounts = world.street.site(act.home).accounts
    if _fuel(act) not in accounts:
        raise UsageError(f"{act.place}: home {act.home} does not pay for {_fuel(act)} in advance")
    return accounts[_fuel(act)]


def _place(world: StreetWorld, act: Timed) -> AccountPlace:
    return AccountPlace.HUB if world.street.site(act.home).address(_fuel(act)).meter is None else AccountPlace.METER


def _digits(world: StreetWorld, act: Timed) -> str:
    if act.fields["token"] != "last":  # noqa: S105 -- a word of the file
        return str(act.fields["token"])
    meter = world.street.site(act.home).names.meter(_fuel(act))
    sold = [one.token for one, _ in world.street.books.vends(20, act.home) if one.token and one.meter == meter]
    if not sold:
        raise UsageError(f"{act.place}: no token was sold to home {act.home} yet")
    return sold[0]


class _Saying:
    """An order book that says what became of one order."""

    def __init__(self, home: str, said: list[str]) -> None:
        self._home = home
        self._said = said

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """Say it."""
        del now
        self._said.append(f"{self._home} {order}: {stage} {why}".rstrip())


def _set(world: StreetWorld, act: Timed, said: list[str]) -> None:
    def money(name: str) -> int:
        return Money.parse(str(act.fields[name]), world.street.plan.currency).amount

    book, site = _Saying(act.home, said), world.street.site(act.home)
    job: SetCreditLimits | SetCalendar | SetTariffMatrix | SetTariff
    if act.fields["do"] == "limits":
        job = SetCreditLimits("limits", money("emergency"), money("threshold"), money("low"), book)
    elif act.fields["do"] == "calendar":
        job = SetCalendar("calendar", tuple(map(int, act.fields["friendly"])), book)
    elif act.fields["do"] == "tariff_matrix":
        job = _matrix_job(world, act, money("standing_charge"), book)
    else:
        job = SetTariff("tariff", money("price"), money("standing_charge"), int(act.fields["cv"]), book)
    job = replace(job, account=site.address(_fuel(act)))
    world.world.call(world.street.head_end, partial(world.street.head_end.submit, site.names.hub, job))


def _matrix_job(world: StreetWorld, act: Timed, standing_charge: int, book: _Saying) -> SetTariffMatrix:
    plan, fields = world.street.plan, act.fields
    prices = tuple(Money.parse(str(price), plan.currency).amount for price in fields["prices"])
    rates, thresholds = tuple(map(int, fields["rates"])), tuple(map(int, fields["thresholds_wh"]))
    begins = Instant(plan.start + moment(fields, "begins", act.place)) if "begins" in fields else None
    return SetTariffMatrix("tariff_matrix", prices, rates, thresholds, standing_charge, int(fields["cv"]), book, begins)


def _look(world: StreetWorld, expectation: Timed, seen: list[Seen], now: Instant) -> None:
    sights = _sights(world, expectation.home)
    for what, expected in expectation.fields.items():
        found = sights[what]
        minutes = (now - world.street.plan.start) // MINUTE
        at = f"{minutes // 1440}d {minutes // 60 % 24:02d}:{minutes % 60:02d}"
        seen.append(Seen(at, expectation.home, what, str(expected), str(found), str(expected) == str(found)))


def _sights(world: StreetWorld, home: str) -> dict[str, object]:
    street = world.street
    site = street.site(home)
    gas, mirror, account = site.gas, site.hub.mirror, site.hub.account
    meter, held = site.electricity, site.held(Fuel.ELECTRICITY)
    return {
        "gas": street.gas_supply(site).value,
        "electricity": street.electricity_supply(site).value,
        "balance": None if account is None else Money(account.balance).decimal(),
        "debt": None if account is None or account.debt_note is None else Money(account.debt_note).decimal(),
        "volume_l": None if gas is None else gas.volume_l,
        "cutoff_l": None if gas is None else gas.cutoff_l,
        "countdown": None if gas is None else gas.countdown,
        "link": None if gas is None else ("up" if gas.comms_ok else "down"),
        "hub_countdown": None if mirror is None else mirror.countdown,
        "hub_link": None if mirror is None else ("down" if mirror.link_failed else "up"),
        "electricity_balance": None if held is None else Money(held.balance).decimal(),
        "electricity_debt": None if held is None or held.debt_note is None else Money(held.debt_note).decimal(),
        "register_wh": meter.register_wh,
        "cutoff_wh": None if meter.credit is None else meter.credit.cutoff_wh,
        "electricity_countdown": None if meter.credit is None else meter.credit.countdown,
    }
