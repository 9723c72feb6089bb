"""The electricity meter: a register, a half-hour log, a switch, and a DLMS server on its wires.

It has no radio (S0-23): its one port family is `m_bus/k`, one per connection on the wired M interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from meterhouse.companion.token_status import TokenVerdict
from meterhouse.crypto import PublicPoint
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    REGISTER_LIMIT_WH,
    SECOND,
    ConfigurationError,
    Event,
    HalfHour,
    Instant,
    Outgoing,
    Quality,
    half_hour_end,
)
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.electricity_meter.arm_keypad import ArmKeypad, ArmVerdict
from meterhouse.premises.electricity_meter.associations import MeterAssociations
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.electricity_meter.held_account import HeldAccount
from meterhouse.premises.electricity_meter.objects import meter_device
from meterhouse.premises.electricity_meter.sealed_works import MeterWorks
from meterhouse.premises.electricity_meter.settings import ElectricityMeterSettings
from meterhouse.premises.electricity_meter.supply_switch import ControlState, SupplySwitch
from meterhouse.premises.electricity_meter.wires import Wires
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.premises.orders import OrderGate
from meterhouse.premises.prepay import Entry, PrepaidElectricity
from meterhouse.protocols import dlms

__all__ = ["ElectricityMeter"]

_CLOCK_STEP_NOTED: Final = 10 * SECOND
"""A clock set by more than this marks the half hour (SMETS2: only small steps are silent)."""


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
        prepaid: the account that it holds; None where it holds none.
        credit: opens the switch when credit ends, wherever the account stands; None in a home on credit.
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
        self._now = now
        self._out: list[Outgoing] = []
        self._events: list[Event] = []
        self._associations = MeterAssociations(settings, entropy, self._counter_reserved)
        self._wires = Wires(lambda: self._server, lambda port, data: self._out.append((port, data)), self._tell)
        self.gate: OrderGate | None = None
        self._works = MeterWorks(self)
        self._gained: PublicPoint | None = None
        self.prepaid: PrepaidElectricity | None = None
        self.credit: CreditCutoff | None = None
        if settings.trust is not None:
            self.gate = OrderGate(settings.trust, self._works, self.clock.reads, entropy, keep, self._tell, now)
        if settings.prepay is not None or settings.hub_account_delay is not None:
            self.credit = CreditCutoff(self.switch, settings.hub_account_delay, self._tell)
        self._account: HeldAccount | None = None
        if settings.prepay is not None and self.credit is not None:
            self._account = HeldAccount(
                settings.prepay, self.credit, self.log, self.clock, self.gate, self._works.vended, self._tell
            )
            self.prepaid = self._account.prepaid
            self._account.begin(now)
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
        """Let a load draw energy since the last call; returns what was really drawn: none while off or past credit."""
        since, self._used_at = now - self._used_at, now
        if not self.switch.closed:
            self.load_w = 0
            return 0
        if since > 0:
            self.load_w = energy_wh * HOUR // since
        if 0 < self.load_limit_w < self.load_w and self.switch.trip():
            self._tell(now, "switch.opened", by="load limit", load_w=self.load_w)
        if self.credit is not None:
            energy_wh = self.credit.passes(self.register_wh, energy_wh)
        self.register_wh = (self.register_wh + energy_wh) % REGISTER_LIMIT_WH
        if self.credit is not None:
            self.credit.settle(self.register_wh, now)
        return energy_wh

    def press_button(self, now: Instant) -> bool:
        """A hand on the meter's button, and off it; True if that restored the supply."""
        closed = self.hold_button(now)
        self.release_button()
        return closed

    def hold_button(self, now: Instant) -> bool:
        """A hand comes onto the button and stays there; True if that restored the supply."""
        if self.back_feed or not (self.credit is None or self.credit.lets_close(self.register_wh, now)):
            self.switch.held = True
            return False
        closed = self.switch.press()
        if closed:
            if self.credit is not None:
                self.credit.overtaken()
            if self.gate is not None:
                self.gate.closed_by_hand()
            self._tell(now, "switch.closed", by="hand")
        return closed

    def key_in(self, code: str, now: Instant) -> ArmVerdict:
        """A hand types a code of the supplier's, told by telephone: it arms, with every network down (S0-74)."""
        verdict = ArmVerdict.NO_CODES
        if self.gate is not None:
            no_credit = self.credit is not None and self.credit.reached(self.register_wh)
            verdict = self.keypad.enter(
                code, self.gate, self.switch.state, now, back_feed=self.back_feed, no_credit=no_credit
            )
        self._tell(now, "switch.code", verdict=verdict.name.lower())
        return verdict

    def key_in_token(self, token: str, now: Instant) -> Entry:
        """A hand types a token of 20 digits: it credits the account that the meter holds, with every network down."""
        if self.prepaid is None:
            return Entry(TokenVerdict.NO_ACCOUNT)
        entry = self.prepaid.slot.enter(token, now, by_hand=True)
        self._follow_account(now)
        return entry

    def select_emergency(self, now: Instant) -> bool:
        """A hand selects emergency credit of the account that the meter holds; whether it was on offer."""
        if self.prepaid is None or not self.prepaid.select_emergency(now):
            return False
        self._follow_account(now)
        return True

    def _follow_account(self, now: Instant) -> None:
        if self._account is not None:
            self._account.follow(self.register_wh, now)

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
        self._open(now, "local")

    def open_by_order(self, now: Instant) -> None:
        """Open the switch: the end of a confirmed cut, and of nothing else."""
        self._open(now, "order")

    def _open(self, now: Instant, by: str) -> None:
        if self.credit is not None:
            self.credit.overtaken()
        if self.switch.disconnect():
            self._tell(now, "switch.opened", by=by)

    def disarm(self, now: Instant) -> None:
        """A day after it was armed nobody has pressed: a new order arms it again, or the credit that still does."""
        if self.credit is not None and self.credit.armed:
            return
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
            if self._account is not None:
                self._account.turn_back(now)
        newest = self.log.newest
        end = half_hour_end(Instant(shown - 1))
        self._next_end = end if newest is None or end > newest.end else Instant(newest.end + HALF_HOUR)
        if self.gate is not None and abs(step) > _CLOCK_STEP_NOTED:
            self.gate.changed(now)
        self._tell(now, "clock.set", step_ms=step)

    def head_end_seen(self) -> int:
        """The newest invocation counter believed of the head end; -1 before the first."""
        return self._associations.head_end_seen

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Bytes on a wire; `b""`: it was unplugged."""
        self._now = now
        self._wires.hear(port, data, now)
        if self.gate is not None and self.gate.trust.gained is not self._gained:
            self._serve_gainer()
        self._follow_account(now)

    def _serve_gainer(self) -> None:
        """Another supplier's from here on: the loser's associations end, and with them every connection."""
        self._associations.head_end_seen = -1
        self._server = self._build_server()
        self._wires.end_all()

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
        ended = self.clock.reads(now) >= self._next_end
        while self.clock.reads(now) >= self._next_end:
            self.log.append(HalfHour(self._next_end, self.register_wh, self._quality))
            self._next_end = Instant(self._next_end + HALF_HOUR)
            self._quality = Quality.MEASURED
            if self.credit is not None:
                self.credit.half_hour_over(self.register_wh, now)
        if ended and self._account is not None:
            self._account.charge(self.register_wh, now)

    # its memory --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot. Where the meter holds an account it has the token key's decoder state: keep it as secret."""
        parts: dict[str, Any] = {} if self.gate is None else {"orders": self.gate.state()}
        if self._gained is not None:
            parts["gained"] = [self._gained.octets.hex(), self._associations.head_end_seen]
        if self.credit is not None:
            parts["credit"] = self.credit.state()
        if self.prepaid is not None:
            parts["prepaid"] = self.prepaid.state()
        return {
            **parts,
            **self._associations.state(),
            "register_wh": self.register_wh,
            "switch": int(self.switch.state),
            "button": self.switch.held,
            "log": self.log.state(),
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
        self._associations.restore(state)
        self.clock.restore(state["clock"])
        newest = self.log.newest
        self._next_end = half_hour_end(Instant(self.clock.reads(self._now) - 1))
        if newest is not None and self._next_end <= newest.end:
            self._next_end = Instant(newest.end + HALF_HOUR)
        if newest is not None and self._next_end > newest.end + HALF_HOUR:
            self._quality |= Quality.POWER_DOWN
        if self.credit is not None and "credit" in state:
            self.credit.restore(state["credit"])
        if self._account is not None:
            self._account.restore(state.get("prepaid"), self.register_wh, self._now)
        if self.gate is not None and "orders" in state:
            self.gate.restore(state["orders"], self._now)
            if self.gate.trust.gained is not None:
                gainer, seen = state.get("gained", ("", -1))
                same = gainer == self.gate.trust.gained.octets.hex()
                self._associations.head_end_seen = seen if same else -1
        self._server = self._build_server()

        self._follow_account(self._now)

    def _build_server(self) -> dlms.Server:
        keys = self.settings.head_end_keys
        if self.gate is not None:
            self._gained = self.gate.trust.gained
            keys = self.gate.trust.association(keys, self.settings.identity)
        return self._associations.server(meter_device(self), keys)

    def _counter_reserved(self, sap: int, limit: int) -> None:
        self._tell(self._now, "counter.reserved", client=sap, limit=limit)

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
