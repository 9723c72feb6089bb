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
`emergency` (emergency credit is selected on the keypad).
Expectations: `gas` and `electricity` (on, armed, off), `balance`, `debt`, `volume_l`, `cutoff_l`, `countdown`,
`link` (up, down) as the meter has them, `hub_countdown` and `hub_link` as the hub has them. Whatever it expects, the
invariants of every world hold as well.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from meterhouse.app.demand import synthetic_demand
from meterhouse.app.street import HomePlan, StreetPlan, plan_of_tables
from meterhouse.model import DAY, HOUR, MINUTE, Eui64, Fuel, Instant, MeterhouseError, Money, UsageError
from meterhouse.premises.home_load import Demand
from meterhouse.simulation.faults import Fault, apply_faults, fault_kinds
from meterhouse.simulation.fuzz import FINE_DAYS
from meterhouse.simulation.street_world import StreetReport, StreetWorld
from meterhouse.simulation.trace import Trace
from meterhouse.supplier.headend import Job, SetCalendar, SetCreditLimits, SetTariff, SetTariffMatrix

__all__ = ["Scenario", "ScenarioReport", "Seen", "parse_scenario", "run_scenario"]

_MOMENT: Final = re.compile(r"(?P<days>\d{1,4})d(?: (?P<hours>[01]\d|2[0-3]):(?P<minutes>[0-5]\d))?")
_ACTS: Final = {
    "pay": {"amount"},
    "key_in": {"token"},
    "press": {"fuel"},
    "tariff": {"price", "standing_charge", "cv"},
    "tariff_matrix": {"prices", "rates", "thresholds_wh", "standing_charge", "cv"},
    "limits": {"emergency", "threshold", "low"},
    "calendar": {"friendly"},
    "emergency": set(),
}
_OPTIONAL: Final = {"tariff_matrix": {"begins"}}
_PRICES: Final = 16
_THRESHOLDS: Final = 3
_SIGHTS: Final = frozenset(
    {"gas", "electricity", "balance", "debt", "volume_l", "cutoff_l", "countdown", "link", "hub_countdown", "hub_link"}
)


@dataclass(frozen=True, slots=True)
class _Timed:
    """An act or an expectation: when, at which home, and its other fields."""

    at: int
    home: str
    fields: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A parsed file. Instants are ms from the start."""

    story: str
    seed: int
    days: int
    street: StreetPlan
    demands: Mapping[str, tuple[int, int]]
    faults: tuple[Fault, ...]
    acts: tuple[_Timed, ...]
    expectations: tuple[_Timed, ...]


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


def parse_scenario(text: str, source: str) -> Scenario:
    """The scenario of a TOML text.

    Raises:
        UsageError: not TOML, a field unknown or missing, a moment that is none, a home that is not in the street.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not TOML: {error}") from error
    head = _known(tables.pop("scenario", {}), {"story", "seed", "days"}, f"{source} [scenario]")
    parts = {name: tables.pop(name, []) for name in ("demand", "fault", "act", "expect")}
    street = plan_of_tables(tables, source)
    homes = {home.home for home in street.homes}
    place = partial(_placed, source, homes)
    return Scenario(
        story=str(head.get("story", "")),
        seed=_whole(head, "seed", f"{source} [scenario]", 1),
        days=_whole(head, "days", f"{source} [scenario]", None),
        street=street,
        demands={
            home: (_whole(raw, "wh", where, 0), _whole(raw, "litres", where, 0))
            for raw, home, where in place("demand", parts["demand"], {"wh", "litres"})
        },
        faults=tuple(
            Fault(
                fault_kinds(str(raw.get("kind")))[0],
                home,
                _moment(raw, "at", where) // MINUTE,
                _moment(raw, "lasts", where) // MINUTE,
            )
            for raw, home, where in place("fault", parts["fault"], {"kind", "at", "lasts"})
        ),
        acts=tuple(_act(raw, home, where) for raw, home, where in place("act", parts["act"], None)),
        expectations=tuple(
            _Timed(_moment(raw, "at", where), home, _rest(raw, {"at", "home"}), where)
            for raw, home, where in place("expect", parts["expect"], _SIGHTS | {"at"})
        ),
    )


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


def _do(world: StreetWorld, act: _Timed, said: list[str], now: Instant) -> None:
    """One act; what a person is told goes into the report, refusals too."""
    street = world.street
    try:
        match act.fields["do"]:
            case "pay":
                amount = Money.parse(act.fields["amount"], street.plan.currency)
                receipt = street.pay(street.site(act.home).account, amount, f"{act.home}-{now}", "shop")
                said.append(f"{act.home} paid {amount}: {receipt.to_debt} to debt, {receipt.in_token} in the token")
            case "key_in":
                answer = street.key_in(act.home, _digits(world, act))
                said.append(f"{act.home} keyed in a token: {'accepted' if answer.accepted else answer.why}")
            case "press" if act.fields["fuel"] == "gas":
                said.append(f"{act.home} pressed the gas button: {street.press_gas(act.home)}")
            case "press":
                said.append(f"{act.home} pressed the electricity button: {street.press_electricity(act.home)}")
            case "emergency":
                hub = street.site(act.home).hub
                chosen = world.world.call(hub, hub.select_emergency)
                said.append(f"{act.home} selected emergency credit: {'taken' if chosen else 'not on offer'}")
            case _:
                _set(world, act, said)
    except MeterhouseError as error:
        said.append(f"{act.home} {act.fields['do']}: {error.sentence()}")


def _digits(world: StreetWorld, act: _Timed) -> str:
    if act.fields["token"] != "last":  # noqa: S105 -- a word of the file
        return str(act.fields["token"])
    sold = [vend.token for vend, _ in world.street.books.vends(20, act.home) if vend.token]
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


def _set(world: StreetWorld, act: _Timed, said: list[str]) -> None:
    def money(name: str) -> int:
        return Money.parse(str(act.fields[name]), world.street.plan.currency).amount

    book = _Saying(act.home, said)
    job: Job
    if act.fields["do"] == "limits":
        job = SetCreditLimits("limits", money("emergency"), money("threshold"), money("low"), book)
    elif act.fields["do"] == "calendar":
        job = SetCalendar("calendar", tuple(map(int, act.fields["friendly"])), book)
    elif act.fields["do"] == "tariff_matrix":
        job = _matrix_job(world, act, money("standing_charge"), book)
    else:
        job = SetTariff("tariff", money("price"), money("standing_charge"), int(act.fields["cv"]), book)
    hub: Eui64 = world.street.site(act.home).names.hub
    world.world.call(world.street.head_end, partial(world.street.head_end.submit, hub, job))


def _matrix_job(world: StreetWorld, act: _Timed, standing_charge: int, book: _Saying) -> Job:
    plan, fields = world.street.plan, act.fields
    prices = tuple(Money.parse(str(price), plan.currency).amount for price in fields["prices"])
    rates, thresholds = tuple(map(int, fields["rates"])), tuple(map(int, fields["thresholds_wh"]))
    begins = Instant(plan.start + _moment(fields, "begins", act.place)) if "begins" in fields else None
    return SetTariffMatrix(
        "tariff_matrix", prices, rates, thresholds, standing_charge, int(fields["cv"]), book, begins
    )


def _look(world: StreetWorld, expectation: _Timed, seen: list[Seen], now: Instant) -> None:
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
    }


# the file ------------------------------------------------------------------------------------------------------------


def _placed(
    source: str, homes: set[str], kind: str, raws: object, fields: set[str] | frozenset[str] | None
) -> list[tuple[Mapping[str, Any], str, str]]:
    if not isinstance(raws, list):
        raise UsageError(f"{source} {kind} is not a list of tables", remedy=f"Write [[{kind}]].")
    placed = []
    for number, raw in enumerate(raws, 1):
        where = f"{source} [[{kind}]] {number}"
        home = raw.get("home") if isinstance(raw, dict) else None
        if home not in homes:
            raise UsageError(f"{where} home is {home!r}", remedy=f"Homes of this street: {', '.join(sorted(homes))}.")
        if fields is not None:
            _known(raw, {*fields, "home"}, where)
        placed.append((raw, str(home), where))
    return placed


def _act(raw: Mapping[str, Any], home: str, where: str) -> _Timed:
    do = raw.get("do")
    if do not in _ACTS:
        raise UsageError(f"{where} do is {do!r}", remedy=f"Acts: {', '.join(_ACTS)}.")
    _known(raw, _ACTS[do] | _OPTIONAL.get(do, set()) | {"at", "do", "home"}, where)
    missing = sorted(_ACTS[do] - raw.keys())
    if missing:
        raise UsageError(f"{where} has no {missing[0]}")
    if do == "tariff_matrix":
        _matrix(raw, where)
    if do == "press":
        Fuel(raw["fuel"]) if raw["fuel"] in tuple(Fuel) else _no_fuel(raw, where)
    return _Timed(_moment(raw, "at", where), home, _rest(raw, {"at", "home"}), where)


def _matrix(raw: Mapping[str, Any], where: str) -> None:
    """Refuse what is no matrix at all; whether it is a sensible one the hub decides."""
    for name, count in (("prices", _PRICES), ("thresholds_wh", _THRESHOLDS)):
        if not isinstance(raw[name], list) or len(raw[name]) != count:
            raise UsageError(f"{where} {name} is not a list of {count}")
    if not re.fullmatch(r"[0-3]{96}", str(raw["rates"])):
        raise UsageError(
            f"{where} rates are not 96 digits from 0 to 3", remedy="48 of a working day, 48 of a weekend day."
        )
    if "begins" in raw:
        _moment(raw, "begins", where)


def _no_fuel(raw: Mapping[str, Any], where: str) -> None:
    raise UsageError(f"{where} fuel is {raw['fuel']!r}; it is gas or electricity")


def _moment(raw: Mapping[str, Any], name: str, where: str) -> int:
    found = _MOMENT.fullmatch(str(raw.get(name)))
    if found is None:
        raise UsageError(f"{where} {name} is {raw.get(name)!r}", remedy="Write days and a time, like 2d 06:30.")
    return int(found["days"]) * DAY + int(found["hours"] or 0) * HOUR + int(found["minutes"] or 0) * MINUTE


def _whole(raw: Mapping[str, Any], name: str, where: str, default: int | None) -> int:
    value = raw.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{where} {name} is {value!r}; it is a whole number")
    return value


def _rest(raw: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in without}


def _known(raw: Any, names: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where} is not a table")
    unknown = sorted(raw.keys() - names)
    if unknown:
        raise UsageError(f"{where} has an unknown field '{unknown[0]}'", remedy=f"Known: {', '.join(sorted(names))}.")
    return raw
