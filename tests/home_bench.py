"""One home on a bench: hub, both meters, and a head end's hand on the other end of the line; each wire can be cut."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from meterhouse.companion import objects
from meterhouse.companion.gas import GasAddress
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind
from meterhouse.model import HALF_HOUR, MINUTE, Eui64, Event, Instant, parse_instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.hub import ElectricitySetup, GasSetup, Hub, HubSettings
from meterhouse.premises.orders import DeviceTrust
from meterhouse.premises.prepay import EnergyTariff, PrepaySetup
from meterhouse.protocols import dlms, sts

__all__ = [
    "ELECTRICITY_PAN",
    "ELECTRICITY_TARIFF",
    "HEAD_END_KEYS",
    "HUB_ID",
    "HUB_KEYS",
    "METER_ID",
    "METER_KEYS",
    "PAN",
    "START",
    "TARIFF",
    "HomeBench",
    "Line",
    "Wire",
    "electricity_setup",
    "electricity_token",
    "head_end_client",
    "make_hub",
    "make_meter",
    "token",
]

T = TypeVar("T")

START = parse_instant("2026-11-21T00:00:00Z")
HUB_ID = Eui64(b"\x02HUB\x00\x00\x00\x01")
METER_ID = Eui64(b"\x02MTR\x00\x00\x00\x01")
HEAD_END_KEYS = dlms.Keys(bytes(range(16)), bytes(range(16, 32)))
METER_KEYS = dlms.Keys(bytes(range(32, 48)), bytes(range(48, 64)))
HUB_KEYS = dlms.Keys(bytes(range(64, 80)), bytes(range(80, 96)))
GAS_KEY = bytes(range(100, 116))
RADIO_METER = GasAddress("MTH", 20_000_001, 1, 3)
RADIO_HUB = GasAddress("MTH", 10_000_001, 1, 0x31)
PAN = sts.MeterPan.of_serial(99, 1)
ELECTRICITY_PAN = sts.MeterPan.of_serial(99, 2)
TARIFF = EnergyTariff.flat(price=7_370, standing_charge=29_110, cv=39_500)
ELECTRICITY_TARIFF = EnergyTariff.flat(price=28_340, standing_charge=53_350)


def _key(pan: sts.MeterPan) -> sts.DecoderKey:
    return sts.derive_dkga04(
        bytes(range(20)),
        base_date=sts.BaseDate.B2014,
        algorithm=sts.EncryptionAlgorithm.EA11,
        tariff_index=1,
        supply_group="600451",
        key_type=sts.KeyType.DUTK,
        key_revision=1,
        pan=pan,
    )


TOKEN_KEY = _key(PAN)


def token(money5: int, tid: int = 6_000_000, pan: sts.MeterPan = PAN) -> str:
    """Twenty digits of gas credit; `money5` should be one that a token can say, such as a multiple of 10 000."""
    credit = sts.encode_currency_credit(_key(pan), sts.CreditSubclass.GAS_CURRENCY, tid=tid, amount_money5=money5)
    return credit.digits


def electricity_token(money5: int, tid: int = 6_000_000, pan: sts.MeterPan = ELECTRICITY_PAN) -> str:
    """The same of electricity."""
    credit = sts.encode_currency_credit(
        _key(pan), sts.CreditSubclass.ELECTRICITY_CURRENCY, tid=tid, amount_money5=money5
    )
    return credit.digits


def electricity_setup(balance: int = 1_000_000, tariff: EnergyTariff = ELECTRICITY_TARIFF, **terms: Any) -> PrepaySetup:
    """An account of electricity, for the meter or for the hub."""
    return PrepaySetup(balance, tariff, _key(ELECTRICITY_PAN), ELECTRICITY_PAN, **terms)


_DRAWS = itertools.count(1)
_CLIENTS = itertools.count(1)


def _entropy(whose: str) -> Callable[[int], bytes]:
    """Never the same twice in a test run; nothing here depends on the values."""
    return lambda size: hashlib.shake_128(f"{whose} {next(_DRAWS)}".encode()).digest(size)


def make_meter(
    *,
    open_reader: bool = False,
    drift_ppm: int = 0,
    now: Instant = START,
    trust: DeviceTrust | None = None,
    **account: Any,
) -> ElectricityMeter:
    settings = ElectricityMeterSettings(
        "electricity",
        METER_ID,
        "MTHE00000001",
        METER_KEYS,
        HUB_KEYS,
        open_reader=open_reader,
        drift_ppm=drift_ppm,
        trust=trust,
        **account,
    )
    return ElectricityMeter(settings, _entropy("meter"), now)


def make_hub(
    *,
    prepay: bool = True,
    gas: bool = True,
    balance: int = 500_000,
    delay: int = 144,
    now: Instant = START,
    trust: DeviceTrust | None = None,
    meter_trust: DeviceTrust | None = None,
    electricity: ElectricitySetup | None = None,
    mirrors_credit: bool = False,
    **codes: Any,
) -> Hub:
    setup = PrepaySetup(balance, TARIFF, TOKEN_KEY, PAN, **codes) if prepay else None
    link = GasSetup(RADIO_METER, RADIO_HUB, GAS_KEY, delay, setup) if gas else None
    settings = HubSettings(
        "hub",
        HUB_ID,
        "MTHH00000001",
        METER_ID.octets,
        HEAD_END_KEYS,
        HUB_KEYS,
        link,
        trust=trust,
        sealed_meter=meter_trust is not None,
        electricity=electricity,
        mirrors_credit=mirrors_credit,
    )
    return Hub(settings, _entropy("hub"), now)


def head_end_client(device: Eui64 = HUB_ID, keys: dlms.Keys | None = None, **changes: Any) -> dlms.Client:
    """A client as a head end has it; its counter starts above those of all clients before it."""
    chosen = keys or (HEAD_END_KEYS if device == HUB_ID else METER_KEYS)
    settings: dict[str, Any] = {
        "client_sap": objects.HEAD_END_SAP,
        "server_sap": objects.MANAGEMENT_DEVICE,
        "mechanism": dlms.Mechanism.GMAC,
        "system_title": b"\x02HES\x00\x00\x00\x01",
        "server_title": device.octets,
        "keys": chosen,
        "policy": dlms.Policy.BOTH,
        "counter": dlms.Counter(100_000 * next(_CLIENTS)),
        "entropy": _entropy("head end"),
    }
    return dlms.Client(dlms.ClientSettings(**(settings | changes)))


class Line:
    """The carrier's and the head end's end of a hub's line: welcomes it, calls it, and speaks in the session."""

    def __init__(self, bench: HomeBench) -> None:
        self.bench = bench
        self.up = True
        self.standing = False
        self.session = 0
        self.answered = False
        self.calls = 0
        self.frames: list[Frame] = []
        self.answers: list[tuple[int, int, bytes]] = []
        self._reader = FrameReader()
        self._decoder = dlms.wrapper.Decoder()

    def take(self, data: bytes) -> None:
        """Bytes of the hub."""
        hub, now = self.bench.hub, self.bench.now
        if not self.up:
            hub.receive("wan", b"", now)
            return
        if not data:
            self.standing = False
            self._reader = FrameReader()
            return
        for frame in self._reader.feed(data):
            self.frames.append(frame)
            if frame.kind is Kind.HELLO:
                assert Hello.parse(frame.payload).identity == HUB_ID
                self.standing = True
                hub.receive("wan", Frame(Kind.WELCOME).encode(), now)
            elif frame.kind is Kind.PING:
                hub.receive("wan", Frame(Kind.PONG).encode(), now)
            elif frame.kind is Kind.ANSWERED:
                self.answered = True
            elif frame.kind is Kind.DATA and frame.session == self.session:
                self.answers += [(one.source, one.destination, one.apdu) for one in self._decoder.feed(frame.payload)]

    def cut(self) -> None:
        self.up = self.standing = False
        self._reader = FrameReader()
        self.bench.hub.receive("wan", b"", self.bench.now)
        self.bench.settle()

    def mend(self) -> None:
        self.up = True

    def call(self) -> None:
        """A new session; the old one, if any, is hung up."""
        if self.session:
            self.send(Frame(Kind.HANG_UP, self.session))
        self.calls += 1
        self.session, self.answered = self.calls, False
        self._decoder = dlms.wrapper.Decoder()
        self.send(Frame(Kind.CALL, self.session, b"\x02HES\x00\x00\x00\x01"))

    def send(self, frame: Frame) -> None:
        self.bench.hub.receive("wan", frame.encode(), self.bench.now)
        self.bench.settle()

    def exchange(self, apdu: bytes, sap: int = objects.HEAD_END_SAP) -> bytes | None:
        """One APDU there, and the one that answers it."""
        self.answers.clear()
        self.send(Frame(Kind.DATA, self.session, dlms.wrapper.encode(sap, objects.MANAGEMENT_DEVICE, apdu)))
        return self.answers.pop(0)[2] if self.answers else None

    def exchange_meter(self, apdu: bytes, sap: int = objects.HEAD_END_SAP) -> bytes | None:
        """The same with the electricity meter behind the hub."""
        request = dlms.gateway.Prefixed(objects.METER_NETWORK, objects.METER_ADDRESS, apdu)
        answer = self.exchange(dlms.gateway.wrap(request), sap)
        prefixed = None if answer is None else dlms.gateway.unwrap(answer)
        return None if prefixed is None else prefixed.apdu


class Wire:
    """The M wire."""

    def __init__(self, bench: HomeBench) -> None:
        self.bench = bench
        self.plugged = True
        self.to_meter: list[bytes] = []

    def take(self, data: bytes) -> None:
        bench = self.bench
        if self.plugged:
            self.to_meter.append(data)
            bench.electricity.receive("m_bus/1", data, bench.now)
        elif data:
            bench.hub.receive("m_bus", b"", bench.now)

    def unplug(self) -> None:
        self.plugged = False
        self.bench.electricity.receive("m_bus/1", b"", self.bench.now)
        self.bench.hub.receive("m_bus", b"", self.bench.now)
        self.bench.settle()

    def plug(self) -> None:
        """The hub finds out when it next tries."""
        self.plugged = True


class HomeBench:
    """Drives the machines of one home by their deadlines; everything between them arrives at once.

    `up` and `down` say whether telegrams reach the hub and the gas meter; `orders` are the control fields of what the
    hub sent by radio (00 an acknowledgement, 53 and 73 orders). `in_meter` and `in_hub`: the account of electricity, where
    there is one.
    """

    def __init__(
        self,
        *,
        start: Instant = START,
        in_meter: PrepaySetup | None = None,
        in_hub: PrepaySetup | None = None,
        meter_delay: int = 144,
        **hub: Any,
    ) -> None:
        self.now = start
        account: dict[str, Any] = {}
        if in_meter is not None:
            account, hub = {"prepay": in_meter}, hub | {"mirrors_credit": True}
        if in_hub is not None:
            account = {"hub_account_delay": meter_delay}
            hub |= {"electricity": ElectricitySetup(meter_delay, in_hub)}
        self._setup = hub
        self.hub = make_hub(now=start, **hub)
        self.electricity = make_meter(now=start, trust=hub.get("meter_trust"), **account)
        valve = bool(hub.get("prepay", True))
        self.gas = GasMeter(
            GasMeterSettings(RADIO_METER, RADIO_HUB, GAS_KEY, has_valve=valve, delay_half_hours=hub.get("delay", 144)),
            start,
        )
        self.up = self.down = True
        self.line, self.wire = Line(self), Wire(self)
        self.heard: list[Event] = []
        self.telegrams_up: list[bytes] = []
        self.telegrams_down: list[bytes] = []
        self.run(start + MINUTE)  # half an hour later, the report of that half hour has been sent

    def settle(self) -> None:
        """Carry everything that is on its way."""
        moved = True
        while moved:
            moved = False
            for port, data in self.hub.outgoing():
                moved = True
                self._from_hub(port, data)
            for port, data in self.electricity.outgoing():
                moved = True
                assert port == "m_bus/1"
                self.hub.receive("m_bus", data, self.now)
            for _, data in self.gas.outgoing():
                moved = True
                self.telegrams_up.append(data)
                if self.up:
                    self.hub.receive("gas_radio", data, self.now)
        for machine in (self.hub, self.electricity, self.gas):
            self.heard += machine.events()

    def _from_hub(self, port: str, data: bytes) -> None:
        if port == "wan":
            self.line.take(data)
        elif port == "m_bus":
            self.wire.take(data)
        else:
            self.telegrams_down.append(data)
            if self.down:
                self.gas.receive("gas_radio", data, self.now)

    def run(self, until: int) -> None:
        """Let time pass."""
        self.settle()
        machines = (self.electricity, self.gas, self.hub)
        while True:
            due = [at for at in (machine.deadline() for machine in machines) if at is not None and at <= until]
            if not due:
                break
            self.now = Instant(max(self.now, min(due)))
            for machine in machines:
                at = machine.deadline()
                if at is not None and at <= self.now:
                    machine.elapse(self.now)
                    self.settle()
        self.now = Instant(until)
        self.settle()

    def half_hours(self, count: int = 1, litres: int = 0, watt_hours: int = 0) -> int:
        """That many half hours, using so much in each (at its start); returns the litres that flowed."""
        flowed = 0
        for _ in range(count):
            if litres:
                flowed += self.gas.pass_gas(litres, self.now)
            if watt_hours:
                self.electricity.use(watt_hours, self.now)
            self.run(self.now + HALF_HOUR)
        return flowed

    def key_in(self, digits: str) -> Any:
        entry = self.hub.key_in(digits, self.now)
        self.settle()
        return entry

    def press(self) -> bool:
        opened = self.gas.press_button(self.now)
        self.settle()
        return opened

    def restart_hub(self, state: dict[str, Any] | None = None) -> None:
        """The hub's power fails; a new one goes on from its snapshot."""
        state = self.hub.state() if state is None else state
        self.hub = make_hub(**self._setup, now=self.now)
        self.hub.restore(state)
        self.line.standing = False

    def ask(self, procedure: Generator[bytes, bytes, T], *, meter: bool = False) -> T:
        """Run a client's procedure over the line."""
        return dlms.converse(procedure, self.line.exchange_meter if meter else self.line.exchange)

    @property
    def orders(self) -> list[int]:
        """Control fields of the hub's telegrams."""
        return [telegram[1] for telegram in self.telegrams_down]

    def kinds(self, source: str = "") -> list[str]:
        """Kinds of what happened, of one machine or of all."""
        return [event.kind for event in self.heard if event.source.startswith(source)]

    def exact_cost(self, litres: int, days: int) -> int:
        """What gas and days cost by the published formula, rounded down once."""
        wh_times = litres * 102_264 * TARIFF.cv * TARIFF.price
        return wh_times // (3_600 * 100_000 * 1_000) + days * TARIFF.standing_charge
