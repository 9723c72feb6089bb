"""A street that lives: its machines, its supplier and its store, wired together, whatever drives them.

Everything a person or a script does to the street passes here: pay, type a token, press a button. The links are laid by
others (`memory_wires`, `tcp_wires`), so that the same street runs in a world and on real sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from meterhouse.app.books import Books
from meterhouse.app.debt_watch import DebtWatch
from meterhouse.app.desk import AccountPlace, KeyIn, Supply
from meterhouse.app.device_clients import DeviceClients
from meterhouse.app.driver import Driver
from meterhouse.app.hub_swap import HubSwaps, taken_places
from meterhouse.app.keypads import key_in, select_emergency
from meterhouse.app.keys import StreetKeys
from meterhouse.app.sealed_street import Office, SealedStreet
from meterhouse.app.site import HEAD_END, HomeSite, SiteNames, build_site
from meterhouse.app.street import HomePlan, StreetPlan
from meterhouse.carrier import Carrier, CarrierSettings
from meterhouse.companion.gas import ValveState
from meterhouse.model import MINUTE, Eui64, Fuel, Instant, Machine, Money, NotFoundError, PolicyError
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.premises.home_load import Demand
from meterhouse.supplier.headend import (
    GAS_ACCOUNT,
    DeliverToken,
    HeadEnd,
    HeadEndSettings,
    HubEntry,
    LinkWatch,
    MeterEntry,
)
from meterhouse.supplier.vending import PaymentRequest, Receipt

__all__ = ["LiveStreet", "StreetOptions"]

_LINKS: Final = "link_watch"
_SILENCE: Final = 60 * MINUTE
_TAKE_ORDERS_EVERY: Final = 60 * MINUTE
"""The outbox is looked at after each payment, and this often for whatever else was queued."""


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """How a street runs.

    Attributes:
        steps: parts in which a half hour's demand is drawn; more is finer and slower.
        open_readers: whether the electricity meters serve readers without keys.
        keep_states: whether devices' states are kept after each half hour, to resume from.
    """

    steps: int = 6
    open_readers: bool = False
    keep_states: bool = True


class LiveStreet:
    """The street.

    Args:
        plan: which homes.
        keys: of the devices.
        books: what is remembered: registry, ledger, readings, orders, device states.
        driver: pump or world; every machine is added to it.
        demand: gives the demand of a home.
        entropy: for challenges, by purpose.
        start: the first instant; snapshots in the books go on from where they ended.
        options: see there.
        office: of the supplier's trust; None for a street whose orders are not sealed.
    """

    def __init__(
        self,
        plan: StreetPlan,
        keys: StreetKeys,
        books: Books,
        driver: Driver,
        demand: Callable[[HomePlan, int], Demand],
        entropy: Callable[[str], Callable[[int], bytes]],
        start: Instant,
        options: StreetOptions,
        *,
        office: Office | None = None,
    ) -> None:
        self.plan = plan
        self.books = books
        self.driver = driver
        self._options = options
        self.sealed = None if office is None else SealedStreet(office, books.database, driver)
        self.sites: dict[str, HomeSite] = {}
        self.lay_hub: Callable[[str], None] = lambda _home: None
        places = taken_places(books.database, plan.homes)
        for number, home in enumerate(plan.homes, 1):
            if office is not None and home.home in places:
                names = SiteNames(number, places[home.home].module)
                office.trust.renewed[names.gas] = names.module
                office.trust.withdrawn |= {SiteNames(number, before).hub for before in range(names.module)}
            self.sites[home.home] = build_site(
                home,
                number,
                keys,
                demand(home, number),
                entropy(f"home/{home.home}"),
                start,
                books.state_of,
                steps=options.steps,
                open_reader=options.open_readers,
                trust=None if office is None else office.trust,
                reserved=books.reserved,
                keep_record=None if office is None else self._keep_record,
                record_of=books.record_of,
                place=places.get(home.home),
            )
        at_carrier = CarrierSettings("carrier", self._may_reach, _SILENCE, attested=self.sealed is not None)
        self.carrier = Carrier(at_carrier) if self.sealed is None else self.sealed.carrier(at_carrier)
        self._hubs = {site.names.hub: site for site in self.sites.values()}
        books.register(plan, self.sites.values(), start)
        books.take_back_orders()
        links = LinkWatch()
        links.restore(books.state_of(_LINKS) or {})
        self.head_end = HeadEnd(
            HeadEndSettings("head_end", self.identity),
            [_entry(site) for site in self.sites.values()],
            DeviceClients(keys, books, entropy("head_end")),
            books,
            books,
            links,
            None if self.sealed is None else self.sealed.books,
        )
        if books.resumed_at() is not None:
            self.checkpoint()  # before any of them says a word: what they say now must not be said again after a crash
        for machine in self.machines():
            driver.add(machine)
        driver.at(start, self._take_orders)
        if self.sealed is not None:
            self.sealed.begin(self.head_end, start)
        keep_record = None if office is None else self._keep_record
        self.swaps = HubSwaps(self, keys, entropy, keep_record)
        prepaid = [(site.names.hub, site.address(fuel)) for site in self.sites.values() for fuel in site.accounts]
        DebtWatch(driver, self.head_end, books, prepaid, lambda hub: self._hubs[hub].hub.name)

    def machines(self) -> list[Machine]:
        """All machines; a home's load before its meters, so that both see a half hour's end in the right order."""
        found: list[Machine] = [self.carrier]
        for site in self.sites.values():
            found += [site.load, site.electricity]
            found += [] if site.gas is None else [site.gas]
            found.append(site.hub)
        found.append(self.head_end)
        if self.sealed is not None:
            office = self.sealed.changes.office
            found += [self.sealed.confirm] if office is None else [self.sealed.confirm, office]
        return found

    @property
    def identity(self) -> Eui64:
        """What the head end calls itself at the carrier: where orders are sealed, the supplier that signs them."""
        return HEAD_END if self.sealed is None else self.sealed.trust.parties.supplier

    def site(self, home: str) -> HomeSite:
        """One home.

        Raises:
            NotFoundError: no such home.
        """
        try:
            return self.sites[home]
        except KeyError:
            known = ", ".join(list(self.sites)[:12])
            raise NotFoundError(f"no home '{home}'", remedy=f"Homes here: {known}.") from None

    def _keep_record(self, machine: str, record: dict[str, Any]) -> None:
        self.books.keep_record(machine, record, self.driver.now)

    def stand_in(self, site: HomeSite, old: HomeSite) -> None:
        """A home has another hub: lay its links, and know it from now on."""
        del self._hubs[old.names.hub]
        self.sites[site.plan.home] = self._hubs[site.names.hub] = site
        self.driver.add(site.hub)
        self.lay_hub(site.plan.home)

    def checkpoint(self) -> None:
        """Keep the state of every device at this instant; a street resumed from it goes on as if it had not stopped."""
        states = {name: state for site in self.sites.values() for name, state in site.states().items()}
        self.books.checkpoint({**states, _LINKS: self.head_end.links.state()}, self.driver.now)

    def site_of_source(self) -> Mapping[str, str]:
        """Machine names to home ids, for events."""
        return {
            machine.name: home
            for home, site in self.sites.items()
            for machine in (site.hub, site.electricity, site.gas)
            if machine is not None
        }

    # acts --------------------------------------------------------------------------------------------------------

    def pay(self, account: str, amount: Money, request: str, network: str) -> Receipt:
        """Sell credit and send the order on its way; durable when this returns."""
        receipt = self.books.pay(PaymentRequest(request, account, amount, network), self.driver.now)
        self.carry_orders()
        return receipt

    def submit_payment(self, account: str, amount: Money, request: str, network: str) -> Future[Receipt]:
        """Sell credit without waiting for the disk: durable when the future has its receipt. Then `carry_orders`."""
        return self.books.submit(PaymentRequest(request, account, amount, network), self.driver.now)

    def carry_orders(self) -> None:
        """Send what waits in the outbox on its way."""
        self._take_orders(self.driver.now)

    def key_in(self, home: str, token: str, place: AccountPlace = AccountPlace.HUB) -> KeyIn:
        """Type a token on a keypad. Nothing comes of it while that has no power."""
        return key_in(self, self.site(home), token, place)

    def select_emergency(self, home: str, fuel: Fuel | None = None) -> KeyIn:
        """Select emergency credit where the account is: a hand on the spot, as a typed token is."""
        return select_emergency(self, self.site(home), fuel)

    def press(self, home: str, fuel: Fuel) -> Supply:
        """Press a meter's button.

        Raises:
            PolicyError: the home has no gas.
        """
        return self.press_gas(home) if fuel is Fuel.GAS else self.press_electricity(home)

    def press_gas(self, home: str) -> Supply:
        """Press the gas meter's button.

        Raises:
            PolicyError: the home has no gas.
        """
        site = self.site(home)
        gas = site.gas
        if gas is None:
            raise PolicyError(f"home {home} has no gas")
        self.driver.call(gas, gas.press_button)
        return self.gas_supply(site)

    def press_electricity(self, home: str) -> Supply:
        """Press the electricity meter's button."""
        site = self.site(home)
        self.driver.call(site.electricity, site.electricity.press_button)
        return self.electricity_supply(site)

    # views -------------------------------------------------------------------------------------------------------

    def gas_supply(self, site: HomeSite) -> Supply:
        """As the gas meter stands; armed when a hand on its button would bring the gas, by its hub or off line."""
        gas, account = site.gas, site.hub.account
        if gas is None:
            return Supply.UNKNOWN
        if gas.valve is ValveState.OPEN:
            return Supply.ON
        if not gas.comms_ok:
            return Supply.ARMED if gas.countdown > 0 else Supply.OFF
        return Supply.ARMED if account is not None and account.spendable > 0 else Supply.OFF

    def electricity_supply(self, site: HomeSite) -> Supply:
        """As the electricity meter's switch stands; armed when a hand on its button would close it."""
        supply, credit = _SWITCH[site.electricity.switch.state], site.electricity.credit
        if credit is None or supply is Supply.ON:
            return supply
        if credit.reached(site.electricity.register_wh):
            return Supply.OFF  # an order may have armed it: without credit no hand closes it
        # A hub that has gone silent leaves its meter a button for a while, as the gas meter has one.
        by_hand = credit.open_for_credit and not credit.comms_ok and credit.countdown > 0
        return Supply.ARMED if by_hand else supply

    def supply(self, site: HomeSite, fuel: Fuel) -> Supply:
        """Of a fuel."""
        return self.gas_supply(site) if fuel is Fuel.GAS else self.electricity_supply(site)

    # inside ------------------------------------------------------------------------------------------------------

    def _may_reach(self, head_end: Eui64, hub: Eui64) -> bool:
        if hub not in self._hubs:
            return False
        return head_end == self.identity if self.sealed is None else self.sealed.trust.may_reach(head_end, hub)

    def _take_orders(self, now: Instant) -> None:
        for due in self.books.claim_deliveries(now):
            site = self._hubs.get(due.hub)
            account = GAS_ACCOUNT if site is None else site.address(due.fuel)
            job = DeliverToken(due.order, due.token, due.debt_left, self.books, due.expires, account)
            self.driver.call(self.head_end, partial(self.head_end.submit, due.hub, job))
        if now >= self._next_look:
            self._next_look = Instant(now + _TAKE_ORDERS_EVERY)
            self.driver.at(self._next_look, self._take_orders)

    _next_look: Instant = Instant(0)


_SWITCH: Final = {
    ControlState.CONNECTED: Supply.ON,
    ControlState.READY: Supply.ARMED,
    ControlState.DISCONNECTED: Supply.OFF,
}


def _entry(site: HomeSite) -> HubEntry:
    return HubEntry(site.names.hub, tuple(MeterEntry(identity, fuel) for identity, fuel in site.fuels))
