"""The sealed side of a street: broker, confirm service, the head end's books of signed words, and the orders' way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from meterhouse.app.driver import Driver
from meterhouse.app.order_flow import OrderFlow, OrderRoads
from meterhouse.app.sealed_books import SealedBooks
from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.street_centre import StreetCentre
from meterhouse.app.street_trust import StreetTrust
from meterhouse.app.supplier_changes import SupplierChanges
from meterhouse.app.work_orders import WorkOrders
from meterhouse.carrier import AccessBroker, Carrier, CarrierSettings, Quarantine
from meterhouse.companion.brake import Brake, is_braked
from meterhouse.companion.receipt import Scribe
from meterhouse.companion.sealed import UseCase
from meterhouse.model import DAY, HOUR, MINUTE, Eui64, Event, Fuel, Instant, MeterhouseError, NotFoundError
from meterhouse.store import Database, SqlCounters
from meterhouse.supplier.headend import HeadEnd, Job, LookBack, SealedOrder
from meterhouse.supplier.trust import ConfirmService

__all__ = ["Office", "PlaceBrake", "SealedStreet"]

_SCRIBE: Final = "carrier receipt"
_WATCHES: Final = HOUR
_COLLECT: Final = "collect half hours"
_CONTACT_WITHIN: Final = 10 * MINUTE
_CONTACT_AGAIN: Final = 30 * MINUTE
"""A device that does not answer is asked again by then: what else is to be done at its hub goes in between."""
_AHEAD: Final = 1 << 20
"""Receipt numbers that a start skips: a carrier that went on where its last record was would sign one twice."""


@dataclass(frozen=True, slots=True)
class PlaceBrake:
    """The brake of a place that takes its officers' words itself.

    Attributes:
        brake: with its state.
        keep: writes that state durably.
        release: takes one officer's signed word (`companion.release`); True once the brake is open.
    """

    brake: Brake
    keep: Callable[[Brake], None]
    release: Callable[[str, bytes], bool]


@dataclass(frozen=True, slots=True)
class Office:
    """The trust office of a street.

    Attributes:
        trust: who believes whom.
        works: the work orders.
        confirm: the confirm service's machine.
        signing: for officers' words.
        carrier: B3, the carrier's own brake.
        confirming: B4, the confirm service's.
        centre: the security centre.
        look: takes in limits that were tightened since.
    """

    trust: StreetTrust
    works: WorkOrders
    confirm: ConfirmService
    signing: SigningTalk
    carrier: PlaceBrake
    confirming: PlaceBrake
    centre: StreetCentre
    look: Callable[[], None]


class SealedStreet:
    """Wires one street's sealed side.

    Args:
        office: the trust office.
        database: of the house.
        driver: pump or world.
    """

    def __init__(self, office: Office, database: Database, driver: Driver) -> None:
        self.trust = office.trust
        self.works = office.works
        self.confirm = office.confirm
        self._signing = office.signing
        self.centre = office.centre
        self._look_at_limits = office.look
        self._brake = office.carrier
        self.places = {"B3": office.carrier, "B4": office.confirming}
        self._database = database
        self._driver = driver
        self._head_end: HeadEnd | None = None
        self._watch_at = Instant(0)
        self._meet_at: dict[Eui64, Instant] = {}
        self._carrier: Carrier | None = None
        self.flow = OrderFlow(self.works, self.trust, OrderRoads(self._send, self._look, self._again, self._tell))
        self.books = SealedBooks(database, self.trust, self.flow)
        self.changes = SupplierChanges(database, self.trust, driver, self._tell)

    def carrier(self, settings: CarrierSettings) -> Carrier:
        """The carrier, as access-control broker."""
        parties = self.trust.parties
        quarantine = Quarantine((), DAY, self.trust.catalogue, self._online)
        broker = AccessBroker(self.trust, self.trust.catalogue, quarantine, self._lets_pass)
        first = self._database.run(lambda tx: SqlCounters(tx).reserve(_SCRIBE, _AHEAD, floor=1))[0]
        scribe = Scribe(parties.carrier, parties.carrier_signing, first)
        self._carrier = Carrier(settings, broker, scribe)
        return self._carrier

    def begin(self, head_end: HeadEnd, now: Instant) -> None:
        """Take the devices in at the security centre, and look through the orders."""
        self._head_end = head_end
        self.take_in(now)
        self.changes.begin(head_end)
        self._driver.on_event(self._hub_came, "line.hello")
        self._driver.on_event(self._was_heard, "job.done")
        self._driver.at(now, self.look)

    def look(self, now: Instant) -> None:
        """Somebody has done something to an order: see what follows."""
        self.flow.look(now)

    def watch(self, now: Instant) -> None:
        """Do what the security centre's state asks for. To be called every few seconds.

        Whoever was suspended or withdrawn loses his line; a device that is proven anew is met; limits are as narrow as
        officers have made them; and once an hour there are alarms for silent devices and for certificates that end.
        What fails is told in one sentence and done at the next look; it keeps nothing else back.
        """
        try:
            self._look_at_limits()
        except MeterhouseError as error:  # somebody wrote it by hand: what was believed before stays
            self._tell("limits.not_believed", why=error.sentence())
        for step in (self._end_lines, self._readmit, self._meet_waiting, self.changes.look, self._alarm):
            try:
                step(now)
            except MeterhouseError as error:
                self._tell("watch.held", why=error.sentence())

    def _end_lines(self, _now: Instant) -> None:
        for hub in filter(self._online, self.centre.shut_out()):
            self._shut_out(hub)

    def _readmit(self, now: Instant) -> None:
        for device, why in self.centre.readmit(now):
            self._tell("device.not_readmitted", device=str(device), why=why)

    def _meet_waiting(self, _now: Instant) -> None:
        self._meet()

    def _alarm(self, now: Instant) -> None:
        if now >= self._watch_at:
            self.centre.watch(now)
            self._watch_at = Instant(now + _WATCHES)

    def take_in(self, now: Instant) -> None:
        """A device that is new in the street is taken in at the security centre, and met once it is on the line."""
        for device, why in self.centre.commission(now):
            self._tell("device.not_commissioned", device=str(device), why=why)

    def shut_out(self, hub: Eui64) -> None:
        """End a hub's line."""
        self.trust.withdrawn.add(hub)
        self._shut_out(hub)

    def release(self, place: str, person: str, passphrase: str) -> bool:
        """One officer's word to release B3 or B4; True once it is open.

        Raises:
            NotFoundError: no such place.
            PolicyError: no officer, or a wrong passphrase.
            StateError: it has not tripped.
        """
        found = self.places.get(place)
        if found is None:
            raise NotFoundError(f"there is no brake '{place}' here", remedy="There are B1, B2, B3 and B4.")
        word = self._signing.release_word(person, passphrase, place, found.brake.trips)
        return found.release(person, word)

    # inside ------------------------------------------------------------------------------------------------------

    def _hub_came(self, event: Event) -> None:
        if event.fields["role"] == "hub":
            self._meet()

    def _meet(self) -> None:
        """Let the head end talk to each meter that is not proven yet: the end-to-end test."""
        now = self._driver.now
        for hub, device in self.centre.waiting():
            if now < self._meet_at.get(device, now) or not self._online(hub):
                continue
            self._meet_at[device] = Instant(now + _CONTACT_AGAIN)
            fuel, until = self.trust.units[device].fuel, Instant(now + _CONTACT_WITHIN)
            met = partial(self._met, hub, device)
            self._look(hub, LookBack(f"first contact/{device}", device, fuel, met, until))

    def _met(self, hub: Eui64, device: Eui64, _state: int, _register: int, now: Instant) -> None:
        for each in self.centre.met((hub, device), now):
            self._tell("device.in_service", device=str(each))
        self._driver.at(self._driver.now, self.look)

    def _was_heard(self, event: Event) -> None:
        """A day's readings came: whoever took part was heard of. A gas meter, only while its link is up."""
        if event.fields.get("job") != _COLLECT or self._head_end is None:
            return
        hub = Eui64.parse(str(event.fields["hub"]))
        link = self._head_end.links.view(hub)
        gone = {Fuel.GAS} if link is not None and link.failed else set()
        behind = [unit.device for unit in self.trust.units.values() if unit.hub == hub and unit.fuel not in gone]
        self.centre.hear((hub, *behind), event.at)

    def _shut_out(self, hub: Eui64) -> None:
        carrier = self._carrier
        assert carrier is not None
        self._driver.call(carrier, lambda now: carrier.shut_out(hub, now))

    def _lets_pass(self, party: Eui64, use_case: UseCase, device: Eui64, now: Instant) -> bool:
        """B3: counts what can put a home off."""
        del party, device
        if not is_braked(use_case):
            return True
        held = self._brake.brake.ask_one(now)
        self._brake.keep(self._brake.brake)
        return held is None

    def _online(self, hub: Eui64) -> bool:
        return self._carrier is not None and self._carrier.online(hub)

    # What follows from a device's word is asked for at the next turn: the head end is still taking that word.

    def _send(self, order: SealedOrder) -> None:
        self._driver.at(self._driver.now, lambda now: self._submit(order, now))

    def _submit(self, order: SealedOrder, _now: Instant) -> None:
        head_end = self._head_end
        assert head_end is not None
        line = head_end.sealed
        assert line is not None
        self._driver.call(head_end, lambda now: line.submit(order, now))

    def _look(self, hub: Eui64, job: Job) -> None:
        self._driver.at(self._driver.now, lambda now: self._ask(hub, job, now))

    def _ask(self, hub: Eui64, job: Job, _now: Instant) -> None:
        head_end = self._head_end
        assert head_end is not None
        self._driver.call(head_end, lambda now: head_end.submit(hub, job, now))

    def _again(self, at: Instant) -> None:
        self._driver.at(at, self.look)

    def _tell(self, kind: str, **about: object) -> None:
        assert self._head_end is not None
        self._head_end.note(self._driver.now, kind, **about)
