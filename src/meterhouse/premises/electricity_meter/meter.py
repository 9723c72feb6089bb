"""The electricity meter: a register, a half-hour log, a switch, and a DLMS server on its wires.

It has no radio (S0-23): its one port family is `m_bus/k`, one per connection on the wired M interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meterhouse.companion import objects
from meterhouse.crypto import PublicPoint
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    REGISTER_LIMIT_WH,
    SECOND,
    ConfigurationError,
    Eui64,
    Event,
    HalfHour,
    Instant,
    MalformedError,
    Outgoing,
    Quality,
    half_hour_end,
)
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.electricity_meter.arm_keypad import ArmKeypad, ArmVerdict
from meterhouse.premises.electricity_meter.objects import HUB_RIGHTS, OPEN_READER_RIGHTS, PUBLIC_RIGHTS, meter_device
from meterhouse.premises.electricity_meter.sealed_works import MeterWorks
from meterhouse.premises.electricity_meter.supply_switch import ARM_ONLY_MODE, ControlState, SupplySwitch
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.premises.orders import DeviceTrust, OrderGate
from meterhouse.protocols import dlms

__all__ = ["ElectricityMeter", "ElectricityMeterSettings"]

_CLOCK_STEP_NOTED: Final = 10 * SECOND
"""A clock set by more than this marks the half hour (SMETS2: only small steps are silent)."""

_FIRST_COUNTER: Final = 1
"""There are clients, dlms-cosem among them, that take a first invocation counter of 0 for a replay."""


@dataclass(frozen=True, slots=True)
class ElectricityMeterSettings:
    """What a meter is made with.

    Attributes:
        serial: its logical device name, up to 16 ASCII characters.
        head_end_keys, hub_keys: of the two clients that prove themselves.
        open_reader: whether a client without keys may read registers and profiles (for homes that own their meter).
        drift_ppm: of its clock.
        control_mode: of its switch: 0 never opens, 1 or 3 close by hand only; there is no other.
        arm_key: of the codes that arm it on the spot (`companion.arm_code`); empty for a meter that takes none.
        trust: whose sealed orders it takes; None for a meter without: then its head end arms it by DLMS.
    """

    name: str
    identity: Eui64
    serial: str
    head_end_keys: dlms.Keys = field(repr=False)
    hub_keys: dlms.Keys = field(repr=False)
    open_reader: bool = False
    drift_ppm: int = 0
    trust: DeviceTrust | None = None
    control_mode: int = ARM_ONLY_MODE
    arm_key: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class _Wire:
    """One connection on the M interface."""

    decoder: dlms.wrapper.Decoder
    connection: dlms.ServerConnection


class ElectricityMeter:
    """The machine.

    Args:
        settings: see there.
        entropy: for challenges.
        now: when it is switched on, its clock being right.
        keep: writes the record of orders down before one is done (see `orders.OrderGate`).

    Attributes:
        back_feed: whether there is voltage on the consumer's side while the switch is open; the house says so.
        load_w: as last measured.
        load_limit_w: above it the switch opens, until a hand closes it; 0 for none.
        keypad: takes codes that arm it.
    """

    def __init__(
        self,
        settings: ElectricityMeterSettings,
        entropy: Callable[[int], bytes],
        now: Instant,
        keep: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = DeviceClock(settings.drift_ppm, now)
        self.switch = SupplySwitch(mode=settings.control_mode)
        self.keypad = ArmKeypad(settings.identity, settings.arm_key)
        self.log = HalfHourLog()
        self.register_wh = 0
        self.back_feed = False
        self.load_w = self.load_limit_w = 0
        self._used_at = now
        self._quality = Quality.MEASURED
        self._next_end = half_hour_end(Instant(self.clock.reads(now) - 1))
        self._reserved = {objects.HEAD_END_SAP: _FIRST_COUNTER, objects.HUB_SAP: _FIRST_COUNTER}
        self._seen = {objects.HEAD_END_SAP: -1, objects.HUB_SAP: -1}
        self._entropy = entropy
        self._now = now
        self._wires: dict[str, _Wire] = {}
        self._out: list[Outgoing] = []
        self._events: list[Event] = []
        self.gate: OrderGate | None = None
        if settings.trust is not None:
            self.gate = OrderGate(settings.trust, MeterWorks(self), self.clock.reads, entropy, keep, self._tell, now)
        self._gained: PublicPoint | None = None
        self._server = self._build_server()

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.settings.name

    @property
    def serial(self) -> str:
        """Its logical device name."""
        return self.settings.serial

    # what the house does to it -----------------------------------------------------------------------------------

    def use(self, energy_wh: int, now: Instant) -> int:
        """Let a load draw energy since the last call; returns what was really drawn: nothing while off."""
        since, self._used_at = now - self._used_at, now
        if not self.switch.closed:
            self.load_w = 0
            return 0
        if since > 0:
            self.load_w = energy_wh * HOUR // since
        if 0 < self.load_limit_w < self.load_w and self.switch.trip():
            self._tell(now, "switch.opened", by="load limit", load_w=self.load_w)
        self.register_wh = (self.register_wh + energy_wh) % REGISTER_LIMIT_WH
        return energy_wh

    def press_button(self, now: Instant) -> bool:
        """A hand on the meter's button, and off it; True if that restored the supply."""
        closed = self.hold_button(now)
        self.release_button()
        return closed

    def hold_button(self, now: Instant) -> bool:
        """A hand comes onto the button and stays there; True if that restored the supply."""
        if self.back_feed:
            self.switch.held = True
            return False
        closed = self.switch.press()
        if closed:
            if self.gate is not None:
                self.gate.closed_by_hand()
            self._tell(now, "switch.closed", by="hand")
        return closed

    def key_in(self, code: str, now: Instant) -> ArmVerdict:
        """A hand types a code of the supplier's, told by telephone: it arms, with every network down (S0-74)."""
        verdict = ArmVerdict.NO_CODES
        if self.gate is not None:
            verdict = self.keypad.enter(code, self.gate, self.switch.state, now, back_feed=self.back_feed)
        self._tell(now, "switch.code", verdict=verdict.name.lower())
        return verdict

    def release_button(self) -> None:
        """The hand leaves the button."""
        self.switch.release()

    # what its objects do to it -----------------------------------------------------------------------------------

    def arm(self, now: Instant) -> None:
        """Remote reconnect: arm, never close."""
        if self.switch.arm():
            self._tell(now, "switch.armed", by="head end")

    def disconnect(self, now: Instant) -> None:
        """Open the switch, by a local reason."""
        if self.switch.disconnect():
            self._tell(now, "switch.opened", by="local")

    def open_by_order(self, now: Instant) -> None:
        """Open the switch: the end of a confirmed cut, and of nothing else."""
        if self.switch.disconnect():
            self._tell(now, "switch.opened", by="order")

    def disarm(self, now: Instant) -> None:
        """A day after it was armed nobody has pressed: only a new order arms it again."""
        if self.switch.state is ControlState.READY:
            self.switch.disconnect()
            self._tell(now, "switch.disarmed")

    def set_clock(self, shown: Instant, now: Instant) -> None:
        """Set the clock; a large step marks the half hour under way.

        Set back by more than a day, the clock was plainly wrong: rows that it stamped with times still to come are
        dropped, or none could follow them for as long. Their energy is in the next row.
        """
        step = self.clock.set(shown, now)
        if abs(step) > _CLOCK_STEP_NOTED:
            self._quality |= Quality.CLOCK_ADJUSTED
        if step < -DAY:
            self._tell(now, "log.dropped", rows=self.log.drop_after(shown))
        newest = self.log.newest
        end = half_hour_end(Instant(shown - 1))
        self._next_end = end if newest is None or end > newest.end else Instant(newest.end + HALF_HOUR)
        if self.gate is not None and abs(step) > _CLOCK_STEP_NOTED:
            self.gate.changed(now)
        self._tell(now, "clock.set", step_ms=step)

    def head_end_seen(self) -> int:
        """The newest invocation counter believed of the head end; -1 before the first."""
        return self._seen[objects.HEAD_END_SAP]

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Bytes on a wire; `b""`: it was unplugged."""
        self._now = now
        if not data:
            self._wires.pop(port, None)
            return
        wire = self._wires.get(port)
        if wire is None:
            wire = self._wires[port] = _Wire(dlms.wrapper.Decoder(), self._server.connection())
        try:
            for frame in wire.decoder.feed(data):
                answer = wire.connection.receive(frame.source, frame.destination, frame.apdu, now)
                if answer is not None:
                    self._out.append((port, dlms.wrapper.encode(frame.destination, frame.source, answer)))
        except MalformedError as error:
            self._tell(now, "wire.garbled", port=port, why=error.what)
            self._wires.pop(port, None)
            self._out.append((port, b""))
        for record in wire.connection.audit():
            self._tell(now, "access.refused", client=record.client, what=f"{record.kind} {record.what}", why=record.why)
        if self.gate is not None and self.gate.trust.gained is not self._gained:
            self._serve_gainer()

    def _serve_gainer(self) -> None:
        """Another supplier's from here on: the loser's associations end, and with them every connection."""
        self._seen[objects.HEAD_END_SAP] = -1
        self._server = self._build_server()
        self._out += [(port, b"") for port in self._wires]
        self._wires.clear()

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> Instant | None:
        """The end of the half hour, by the meter's own clock; or what the gate waits for."""
        due = self.clock.true(self._next_end)
        gate = None if self.gate is None else self.gate.deadline()
        return due if gate is None or due < gate else gate

    def elapse(self, now: Instant) -> None:
        """Close the half hours that have ended; let the gate do what is due."""
        self._now = now
        if self.gate is not None:
            self.gate.elapse(now)
        while self.clock.reads(now) >= self._next_end:
            self.log.append(HalfHour(self._next_end, self.register_wh, self._quality))
            self._next_end = Instant(self._next_end + HALF_HOUR)
            self._quality = Quality.MEASURED

    # its memory --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot; without keys."""
        orders: dict[str, Any] = {} if self.gate is None else {"orders": self.gate.state()}
        if self._gained is not None:
            orders["gained"] = [self._gained.octets.hex(), self._seen[objects.HEAD_END_SAP]]
        return orders | {
            "register_wh": self.register_wh,
            "switch": int(self.switch.state),
            "button": self.switch.held,
            "log": self.log.state(),
            "reserved": {str(sap): value for sap, value in self._reserved.items()},
            "seen": {str(sap): value for sap, value in self._seen.items()},
            "clock": self.clock.state(),
            "serial": self.settings.serial,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; half hours that passed without power are missing, and the next row says so.

        Raises:
            ConfigurationError: the snapshot is another meter's.
        """
        if state["serial"] != self.settings.serial:
            raise ConfigurationError(f"snapshot of meter {state['serial']} given to meter {self.settings.serial}")
        self.register_wh = state["register_wh"]
        self.switch.state = ControlState(state["switch"])
        # A button that is down when the power returns was not pressed then: it may have stuck.
        self.switch.held = state.get("button", False)
        self.log.restore(state["log"])
        self._reserved = {int(sap): value for sap, value in state["reserved"].items()}
        self._seen = {int(sap): value for sap, value in state["seen"].items()}
        self.clock.restore(state["clock"])
        newest = self.log.newest
        self._next_end = half_hour_end(Instant(self.clock.reads(self._now) - 1))
        if newest is not None and self._next_end <= newest.end:
            self._next_end = Instant(newest.end + HALF_HOUR)
        if newest is not None and self._next_end > newest.end + HALF_HOUR:
            self._quality |= Quality.POWER_DOWN
        if self.gate is not None and "orders" in state:
            self.gate.restore(state["orders"], self._now)
            if self.gate.trust.gained is not None:
                gainer, seen = state.get("gained", ("", -1))
                self._seen[objects.HEAD_END_SAP] = seen if gainer == self.gate.trust.gained.octets.hex() else -1
        self._server = self._build_server()

    def _build_server(self) -> dlms.Server:
        device = meter_device(self)
        keys = self.settings.head_end_keys
        if self.gate is not None:
            self._gained = self.gate.trust.gained
            keys = self.gate.trust.association(keys, self.settings.identity)
        everything = dlms.rights_to_all(device.objects.values(), write=True, invoke=True)
        clients = [
            self._proved(objects.HEAD_END_SAP, keys, everything),
            self._proved(objects.HUB_SAP, self.settings.hub_keys, HUB_RIGHTS if self.gate else OPEN_READER_RIGHTS),
            dlms.ClientAccess(objects.PUBLIC_SAP, rights=PUBLIC_RIGHTS),
        ]
        if self.settings.open_reader:
            clients.append(dlms.ClientAccess(objects.OPEN_READER_SAP, rights=OPEN_READER_RIGHTS))
        return dlms.Server(
            self.settings.identity.octets,
            {objects.MANAGEMENT_DEVICE: device},
            {client.sap: client for client in clients},
            self._entropy,
        )

    def _proved(self, sap: int, keys: dlms.Keys, rights: Mapping[dlms.Obis, dlms.Rights]) -> dlms.ClientAccess:
        def reserve(limit: int) -> None:
            self._reserved[sap] = limit
            self._tell(self._now, "counter.reserved", client=sap, limit=limit)

        def seen(value: int) -> None:
            self._seen[sap] = value

        return dlms.ClientAccess(
            sap,
            dlms.Mechanism.GMAC,
            rights,
            keys=keys,
            policy=dlms.Policy.BOTH,
            counter=dlms.Counter(self._reserved[sap], reserve, block=10_000),
            seen=dlms.SeenCounter(self._seen[sap], seen),
        )

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
