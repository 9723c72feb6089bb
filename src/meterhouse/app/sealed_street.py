"""The sealed side of a street: broker, confirm service, the head end's books of signed words, and the orders' way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meterhouse.app.driver import Driver
from meterhouse.app.order_flow import OrderFlow, OrderRoads
from meterhouse.app.sealed_books import SealedBooks
from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.street_trust import StreetTrust
from meterhouse.app.work_orders import WorkOrders
from meterhouse.carrier import AccessBroker, Carrier, CarrierSettings, Quarantine
from meterhouse.companion.brake import Brake, is_braked
from meterhouse.companion.receipt import Scribe
from meterhouse.companion.sealed import UseCase
from meterhouse.model import DAY, Eui64, Instant, NotFoundError
from meterhouse.store import Database, SqlCounters, SqlTrustRecords, Transaction
from meterhouse.store.trust_homes import DEVICE, IN_SERVICE
from meterhouse.supplier.headend import HeadEnd, Job, SealedOrder
from meterhouse.supplier.trust import ConfirmService

__all__ = ["Office", "PlaceBrake", "SealedStreet"]

_SCRIBE: Final = "carrier receipt"
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
    """

    trust: StreetTrust
    works: WorkOrders
    confirm: ConfirmService
    signing: SigningTalk
    carrier: PlaceBrake
    confirming: PlaceBrake


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
        self._brake = office.carrier
        self.places = {"B3": office.carrier, "B4": office.confirming}
        self._database = database
        self._driver = driver
        self._head_end: HeadEnd | None = None
        self._carrier: Carrier | None = None
        self.flow = OrderFlow(self.works, self.trust, OrderRoads(self._send, self._look, self._again, self._tell))
        self.books = SealedBooks(database, self.trust, self.flow)

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
        """Enter the devices at the security centre, and look through the orders."""
        self._head_end = head_end
        self._database.run(lambda tx: self._enter(tx, now))
        self._driver.at(now, self.look)

    def look(self, now: Instant) -> None:
        """Somebody has done something to an order: see what follows."""
        self.flow.look(now)

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

    def may_reach(self, party: Eui64) -> bool:
        """Whether a party has to do with the street's hubs: the confirm service does, beside the head end."""
        return party in {self.trust.parties.supplier, self.trust.parties.confirm}

    # inside ------------------------------------------------------------------------------------------------------

    def _enter(self, tx: Transaction, now: Instant) -> None:
        records = SqlTrustRecords(tx)
        for unit in self.trust.units.values():
            key = self.trust.signing_key(unit.device)
            if key is None or records.get(DEVICE, str(unit.device)) is not None:
                continue
            body = {"device": str(unit.device), "hub": str(unit.hub), "state": IN_SERVICE, "signing": key.octets.hex()}
            records.put(DEVICE, str(unit.device), IN_SERVICE, body, now, subject=unit.home)

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
