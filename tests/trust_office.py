"""A supplier's trust office in memory: people, desk, signing, confirm service; time and every store are the test's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from zoneinfo import ZoneInfo

from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.brake import Brake, BrakeLimits
from meterhouse.companion.relay import Frame, FrameReader, Kind, Note
from meterhouse.companion.sealed import (
    CONFIRM_QUERY,
    AlertBuilder,
    ConfirmAnswer,
    ConfirmQuery,
    Envelope,
    decode_envelope,
    premises_binding,
)
from meterhouse.crypto import P256, KeyPair, PublicPoint
from meterhouse.model import MINUTE, SECOND, Eui64, Fuel, Instant, parse_instant
from meterhouse.supplier.trust import (
    ARM_SUPPLY,
    CUT_SUPPLY,
    ConfirmJudge,
    ConfirmService,
    ConfirmSettings,
    CutHours,
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
    WorkState,
    supply_content,
)

__all__ = ["CONFIRM", "OFFICERS", "SUPPLIER", "TEN", "Office", "device_of", "home_of", "key"]

SUPPLIER, CONFIRM = Eui64.parse("90B3D51F30010000"), Eui64.parse("90B3D51F30030000")
TEN = parse_instant("2026-11-23T10:00:00Z")
"""A Monday."""
OFFICERS = ("Uma", "Vic", "Wim")


def key(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


def device_of(number: int) -> Eui64:
    return Eui64((0x00DB123400000000 + number).to_bytes(8, "big"))


def home_of(number: int) -> str:
    return f"home-{number}"


class Records:
    """Orders, the ledger that confirms read, and every line of history."""

    def __init__(self) -> None:
        self.orders: dict[str, WorkOrder] = {}
        self.steps: dict[str, list[Step]] = {}
        self.away = False

    def number(self) -> str:
        return f"W{len(self.orders) + 1:06d}"

    def get(self, number: str) -> WorkOrder | None:
        return self.orders.get(number)

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        return next((each for each in self.orders.values() if each.order_hash == order_hash), None)

    def put(self, order: WorkOrder, step: Step) -> None:
        self.orders[order.number] = WorkOrder.from_json(order.to_json())
        self.steps.setdefault(order.number, []).append(step)

    def live(self) -> Sequence[WorkOrder]:
        return [
            each for each in self.orders.values() if each.state.value not in {"done", "refused", "expired", "cancelled"}
        ]


@dataclass
class Homes:
    changes: dict[str, HomeStanding] = field(default_factory=dict)

    def plain(self, home: str, device: Eui64) -> HomeStanding:
        return HomeStanding(premises_binding("1234567890", device, 0), f"feeder-{home[-1]}")

    def standing(self, home: str, device: Eui64) -> HomeStanding | None:
        if home_of(int.from_bytes(device.octets, "big") - 0x00DB123400000000) != home:
            return None
        return self.changes.get(home) or self.plain(home, device)


class Counting:
    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def next(self, name: str) -> int:
        self.values[name] = self.values.get(name, -1) + 1
        return self.values[name]


class Pens:
    def __init__(self) -> None:
        self.words: set[tuple[bytes, bytes]] = set()

    def wrote(self, statement: Statement, digest: bytes) -> None:
        self.words.add((statement.signature, digest))

    def knows(self, statement: Statement, digest: bytes) -> bool:
        return (statement.signature, digest) in self.words


class Answers:
    def __init__(self) -> None:
        self.rows: dict[tuple[bytes, Eui64], Given] = {}

    def given(self, order_hash: bytes, device: Eui64) -> Given | None:
        return self.rows.get((order_hash, device))

    def give(self, order_hash: bytes, device: Eui64, given: Given, now: Instant) -> None:
        self.rows[order_hash, device] = given


class Office:
    """Everybody; Ann raises, Bob approves, Cat is of the security centre's officers too."""

    def __init__(self, fleet: int = 10_000, policy: OrderPolicy | None = None, **settings) -> None:
        self.catalogue = own_catalogue()
        self.policy = policy or OrderPolicy(hours=CutHours(ZoneInfo("Europe/London")))
        duties = {"Ann": {Duty.OPERATOR}, "Bob": {Duty.APPROVER}, "Root": {Duty.OPERATOR, Duty.APPROVER}}
        duties |= {name: {Duty.OFFICER} for name in OFFICERS}
        self.staff = {name: Person(name, key(name).public, frozenset(each)) for name, each in duties.items()}
        self.records, self.homes, self.pen, self.answers = Records(), Homes(), Pens(), Answers()
        limits = BrakeLimits(fleet)
        self.brakes = {name: Brake(name, settings.get(name, limits), OFFICERS) for name in ("B1", "B2", "B4")}
        self.audit: list[str] = []
        self.desk = OrderDesk(
            self.records, self.homes, self.staff, self.catalogue, self.policy, self.brakes["B1"],
            settings.get("what_if"), lambda order, step: self.audit.append(f"{order.number} {step.state}"),
        )  # fmt: skip
        self.signing = SigningDesk(
            SUPPLIER, key("supplier"), self.catalogue, self.staff, self.policy, self.brakes["B2"], Counting(), self.pen,
            lambda _brake: None,
        )  # fmt: skip
        judge = ConfirmJudge(
            self.records, self.homes, self.staff, self.catalogue, self.policy, SUPPLIER, key("supplier").public,
            self.brakes["B4"], lambda _brake: None,
        )  # fmt: skip
        self.confirm = ConfirmService(
            ConfirmSettings("confirm", CONFIRM, key("confirm")), judge, self, self.answers, Counting(), self.catalogue
        )
        self.confirm.elapse(TEN)
        list(self.confirm.outgoing())
        self.alerts = 0

    # device keys, as the confirm service's port

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        return key(str(device)).public if device.octets.startswith(b"\x00\xdb\x12\x34") else None

    def premises(self, device: Eui64) -> bytes | None:
        return premises_binding("1234567890", device, 0)

    # people

    def word(self, who: str, deed: Deed, order: WorkOrder, now: Instant) -> Statement:
        return self.signing.write(who, key(who), deed, order.digest, now)

    def request(self, number: int = 1, *, arm: bool = False, **changes) -> OrderRequest:
        codes = ARM_SUPPLY if arm else CUT_SUPPLY
        content = supply_content(Fuel.ELECTRICITY, arm=arm)
        asked = OrderRequest(
            device_of(number), home_of(number), codes[Fuel.ELECTRICITY], content, "unpaid for 90 days", "case 4711/26"
        )
        return replace(asked, **changes)

    def raised(self, now: Instant = TEN, request: OrderRequest | None = None, who: str = "Ann") -> WorkOrder:
        drafted = self.desk.draft(request or self.request(), now)
        return self.desk.raise_order(drafted, self.word(who, Deed.RAISE, drafted, now), now)

    def approved(self, now: Instant = TEN, request: OrderRequest | None = None, who: str = "Bob") -> WorkOrder:
        order = self.raised(now, request)
        return self.desk.approve(order.number, self.word(who, Deed.APPROVE, order, now), now)

    def cancelled(self, order: WorkOrder, now: Instant, who: str = "Ann") -> WorkOrder:
        return self.desk.cancel(order.number, self.word(who, Deed.CANCEL, order, now), now)

    def sent(self, now: Instant = TEN, request: OrderRequest | None = None) -> tuple[WorkOrder, Envelope]:
        """An order at its device, and the instant of its mandate's begin."""
        order = self.approved(now, request)
        envelope = self.signing.sign(order, order.not_before)
        self.desk.signed(order.number, envelope, order.not_before)
        return self.desk.sent(order.number, order.not_before), envelope

    # a device

    def query(self, device: Eui64, order_hash: bytes, now: Instant, **changes) -> bytes:
        self.alerts += 1
        nonce = self.alerts.to_bytes(16, "big")
        asked = ConfirmQuery(now, nonce, order_hash, 1, None, 400, None, bytes(8))
        pair = changes.pop("pair", None) or key(str(device))
        content = replace(asked, **changes).encode()
        return AlertBuilder(device, pair).words(CONFIRM, CONFIRM_QUERY, content, self.alerts)

    def ask(self, octets: bytes, now: Instant) -> ConfirmAnswer | None:
        """What the confirm service says to a query that comes through a hub."""
        hub = Eui64(bytes(8))
        self.confirm.receive("carrier", Note(hub, octets).frame(7).encode(), now)
        frames = FrameReader().feed(b"".join(data for _, data in self.confirm.outgoing()))
        assert frames[0] == Frame(Kind.NOTED, 7)
        if len(frames) == 1:
            return None
        answer = decode_envelope(Note.parse(frames[1].payload).octets)
        assert answer.originator == CONFIRM
        return ConfirmAnswer.decode(answer.content)

    def confirms(self, order: WorkOrder, envelope: Envelope, now: Instant, **changes) -> ConfirmAnswer | None:
        return self.ask(self.query(order.device, envelope.identity, now, **changes), now)

    def state(self, order: WorkOrder) -> WorkState:
        return self.records.orders[order.number].state

    def soon(self, now: Instant, seconds: int = 1) -> Instant:
        return Instant(now + seconds * SECOND)

    def quarter(self, now: Instant = TEN) -> Instant:
        return Instant(now + 15 * MINUTE)
