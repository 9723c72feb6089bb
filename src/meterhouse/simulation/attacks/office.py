"""A supplier's trust office and a carrier's broker about a fleet: the real rules, with their books in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meterhouse.app.street_trust import CONFIRM, SUPPLIER
from meterhouse.carrier import AccessBroker, Quarantine
from meterhouse.carrier.broker import Sealing
from meterhouse.companion.brake import Brake, BrakeLimits, is_braked
from meterhouse.companion.relay import Frame, FrameReader, Kind, Note
from meterhouse.companion.sealed import Envelope, UseCase, decode_envelope, premises_binding, seal
from meterhouse.crypto import P256, KeyPair, sha256
from meterhouse.model import HOUR, SECOND, Eui64, Fuel, Instant
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.supplier.trust import (
    ARM_SUPPLY,
    CUT_SUPPLY,
    ConfirmJudge,
    ConfirmService,
    ConfirmSettings,
    Deed,
    Duty,
    Given,
    HomeStanding,
    OrderDesk,
    OrderPolicy,
    OrderRequest,
    Person,
    SigningDesk,
    Statement,
    Step,
    WorkOrder,
    supply_content,
)

__all__ = ["OFFICERS", "WIDE", "Office", "Registry", "person_key"]

OFFICERS: Final = ("Uma", "Vic", "Wim")
WIDE: Final = BrakeLimits(10**9, pace=0)
"""A brake that holds nothing in an attack: where it is another's turn to hold."""
_CARRIER_PORT: Final = "carrier"


def person_key(name: str) -> KeyPair:
    """Whatever their passphrase opens."""
    return KeyPair(P256, sha256(f"attacked office, {name}".encode()))


class Registry:
    """Who lives where behind which meter, as the supplier's books have it: right, until somebody has put it wrong."""

    def __init__(self, fleet: Fleet) -> None:
        self.rows = {mark.unit.home: (mark.device, mark.unit.supply_number, mark.unit.tenancy) for mark in fleet}
        self.changes: dict[str, HomeStanding] = {}

    def standing(self, home: str, device: Eui64) -> HomeStanding | None:
        """See `HomeBook`."""
        row = self.rows.get(home)
        if row is None or row[0] != device:
            return None
        plain = HomeStanding(premises_binding(row[1], device, row[2]), f"feeder {int(home) % 100}")
        return self.changes.get(home, plain)


class _Records:
    """Work orders; `away` while the data base cannot be read."""

    def __init__(self) -> None:
        self.orders: dict[str, WorkOrder] = {}
        self._by_hash: dict[bytes, str] = {}

    def number(self) -> str:
        return f"W{len(self.orders) + 1:06d}"

    def get(self, number: str) -> WorkOrder | None:
        return self.orders.get(number)

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        return self.orders.get(self._by_hash.get(order_hash, ""))

    def put(self, order: WorkOrder, step: Step | None = None) -> None:
        del step
        self.orders[order.number] = order
        if order.order_hash:
            self._by_hash[order.order_hash] = order.number

    def live(self) -> Sequence[WorkOrder]:
        return [order for order in self.orders.values() if order.state.value in {"raised", "approved"}]


class _Pen:
    def __init__(self) -> None:
        self._words: set[tuple[bytes, bytes]] = set()

    def wrote(self, statement: Statement, digest: bytes) -> None:
        self._words.add((statement.signature, digest))

    def knows(self, statement: Statement, digest: bytes) -> bool:
        return (statement.signature, digest) in self._words


class _Answers:
    def __init__(self) -> None:
        self._rows: dict[tuple[bytes, Eui64], Given] = {}

    def given(self, order_hash: bytes, device: Eui64) -> Given | None:
        return self._rows.get((order_hash, device))

    def give(self, order_hash: bytes, device: Eui64, given: Given, now: Instant) -> None:
        del now
        self._rows[order_hash, device] = given


class _Counters:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def next(self, name: str) -> int:
        del name
        return next(self._fleet.counters)


class Office:
    """Ann raises, Bob approves, three officers release; Root may do everything, alone.

    Args:
        fleet: the homes.
        homes: how many the brakes reckon with.
        wide: brakes that hold nothing, of B1 to B4.

    Attributes:
        brakes: B1 desk, B2 signing daemon, B3 carrier, B4 confirm service.
    """

    def __init__(self, fleet: Fleet, homes: int, wide: Sequence[str] = ()) -> None:
        self.fleet = fleet
        catalogue = fleet.trust.catalogue
        self.brakes = {
            name: Brake(name, WIDE if name in wide else BrakeLimits(homes), OFFICERS)
            for name in ("B1", "B2", "B3", "B4")
        }
        duties = {"Ann": {Duty.OPERATOR}, "Bob": {Duty.APPROVER}, "Root": set(Duty) - {Duty.OFFICER}}
        duties |= {name: {Duty.OFFICER} for name in OFFICERS}
        self.staff = {name: Person(name, person_key(name).public, frozenset(each)) for name, each in duties.items()}
        self.policy, self.records, self.registry = OrderPolicy(), _Records(), Registry(fleet)
        counters = _Counters(fleet)
        self.desk = OrderDesk(self.records, self.registry, self.staff, catalogue, self.policy, self.brakes["B1"])
        pair = fleet.keys.pair("sign", SUPPLIER)
        self.signing = SigningDesk(
            SUPPLIER, pair, catalogue, self.staff, self.policy, self.brakes["B2"], counters, _Pen(), lambda _brake: None
        )
        self.judge = ConfirmJudge(
            self.records, self.registry, self.staff, catalogue, self.policy, SUPPLIER, pair.public, self.brakes["B4"],
            lambda _brake: None,
        )  # fmt: skip
        self._answers, self._counters = _Answers(), counters
        self.quarantine = Quarantine((), HOUR, catalogue, lambda _hub: True)
        self.broker = AccessBroker(fleet.trust, catalogue, self.quarantine, self._lets_pass)
        self.confirm = self.new_confirm(NOON)

    def new_confirm(self, now: Instant) -> ConfirmService:
        """A confirm service that has just come up, with the books of the one before."""
        settings = ConfirmSettings("confirm", CONFIRM, self.fleet.keys.pair("sign", CONFIRM))
        catalogue = self.fleet.trust.catalogue
        service = ConfirmService(settings, self.judge, self.fleet.trust, self._answers, self._counters, catalogue)
        service.elapse(now)
        list(service.outgoing())
        return service

    def _lets_pass(self, party: Eui64, use_case: UseCase, device: Eui64, now: Instant) -> bool:
        """B3, as a street's carrier has it."""
        del party, device
        return not is_braked(use_case) or self.brakes["B3"].ask_one(now) is None

    # people ----------------------------------------------------------------------------------------------------------

    def word(self, who: str, deed: Deed, order: WorkOrder, now: Instant) -> Statement:
        """A person's signed word, with the daemon's pen."""
        return self.signing.write(who, person_key(who), deed, order.digest, now)

    def request(self, mark: Mark, *, arm: bool = False) -> OrderRequest:
        """What Ann asks for."""
        code = (ARM_SUPPLY if arm else CUT_SUPPLY)[Fuel.ELECTRICITY]
        content = supply_content(Fuel.ELECTRICITY, arm=arm)
        return OrderRequest(mark.device, mark.unit.home, code, content, "unpaid for 90 days", "case 4711/26")

    def raised(self, request: OrderRequest, now: Instant, who: str = "Ann") -> WorkOrder:
        """Drafted and raised."""
        drafted = self.desk.draft(request, now)
        return self.desk.raise_order(drafted, self.word(who, Deed.RAISE, drafted, now), now)

    def approved(self, request: OrderRequest, now: Instant) -> WorkOrder:
        """By Bob."""
        order = self.raised(request, now)
        return self.desk.approve(order.number, self.word("Bob", Deed.APPROVE, order, now), now)

    def signed(self, order: WorkOrder) -> Envelope:
        """Cooled off, signed, and on its way: at its mandate's first instant."""
        envelope = self.signing.sign(order, order.not_before)
        self.desk.signed(order.number, envelope, order.not_before)
        self.desk.sent(order.number, order.not_before)
        return envelope

    def cancel(self, order: WorkOrder, now: Instant) -> Envelope:
        """Ann takes it back: at the desk, and as an order to the device."""
        self.desk.cancel(order.number, self.word("Ann", Deed.CANCEL, order, now), now)
        return self.signing.cancel(self.records.orders[order.number], now)

    def release(self, *names: str) -> None:
        """Two officers release brakes that have tripped."""
        for name in names or self.brakes:
            if self.brakes[name].latched:
                self.brakes[name].release(OFFICERS[0])
                self.brakes[name].release(OFFICERS[1])

    # the way ---------------------------------------------------------------------------------------------------------

    def carried(self, party: Eui64, order: Envelope, now: Instant) -> Envelope | None:
        """What the carrier makes of a party's order: closed with its MAC, or None."""
        done = self.broker.close(party, order.with_mac(b"").encode(), now)
        return done.envelope if isinstance(done, Sealing) else None

    def sealed(self, order: Envelope) -> Envelope:
        """Closed with the carrier's MAC, whatever its rules say: a carrier that is in the plot."""
        return seal(order.with_mac(b""), self.fleet.trust.agreement(order.target))

    def ask(self, octets: bytes, now: Instant) -> Envelope | None:
        """The confirm service's answer to a word that comes through a hub; None where it gives none."""
        self.confirm.receive(_CARRIER_PORT, Note(Eui64(bytes(8)), octets).frame(7).encode(), now)
        frames: list[Frame] = FrameReader().feed(b"".join(data for _, data in self.confirm.outgoing()))
        notes = [Note.parse(frame.payload).octets for frame in frames if frame.kind is Kind.NOTE]
        return decode_envelope(notes[0]) if notes else None

    def converse(self, mark: Mark, now: Instant, since: int = 0) -> None:
        """Carry what a meter asks to the confirm service, and its answers back, by way of the carrier."""
        for note in mark.gate.uplink.after(since):
            answer = self.ask(note.octets, now) if note.target == CONFIRM else None
            closed = None if answer is None else self.carried(CONFIRM, answer, now)
            if closed is not None:
                mark.take(closed, now)

    def deliver(self, mark: Mark, order: Envelope, now: Instant) -> bool:
        """A closed order at its meter, and what follows at once; whether the supply is off."""
        since = mark.gate.uplink.sequence
        mark.take(order, now)
        self.converse(mark, now, since)
        return not mark.on

    def genuine(self, mark: Mark, now: Instant) -> bool:
        """A whole cut by everybody who must agree, under every brake; whether the supply is off."""
        order = self.approved(self.request(mark), now)
        closed = self.carried(SUPPLIER, self.signed(order), order.not_before)
        return closed is not None and self.deliver(mark, closed, order.not_before)

    def moved(self, home: str, **changes: object) -> None:
        """Something about a home is otherwise from now on: paid, protected, frozen."""
        device, number, tenancy = self.registry.rows[home]
        before = self.registry.standing(home, device) or HomeStanding(premises_binding(number, device, tenancy))
        self.registry.changes[home] = replace(before, **changes)  # type: ignore[arg-type]

    @staticmethod
    def at(number: int, pace: int = SECOND) -> Instant:
        """The n-th instant of an attack."""
        return Instant(NOON + number * pace)
