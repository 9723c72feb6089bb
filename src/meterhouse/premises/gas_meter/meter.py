"""The gas meter: a register with a valve and a radio that sleeps (remote gas prepayment, Appendix C of the response).

It wakes each half hour, reports, listens a moment, obeys at most the six orders, and sleeps. What it decides by itself
is only the valve rule, the countdown and the button. It knows litres and half hours; no tariff, currency or balance.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meterhouse.companion.gas import ValveState
from meterhouse.model import HALF_HOUR, SECOND, Event, Instant, Outgoing, UsageError
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.gas_meter.backlog import Backlog
from meterhouse.premises.gas_meter.battery import Battery
from meterhouse.premises.gas_meter.journal import Journal
from meterhouse.premises.gas_meter.keypad import CodeVerdict, Keypad, MeterDisplay, shown_by
from meterhouse.premises.gas_meter.radio import Radio, RefusedOrder
from meterhouse.premises.gas_meter.settings import GasMeterSettings
from meterhouse.premises.gas_meter.supply import Supply

__all__ = ["GAS_RADIO", "GasMeter"]

GAS_RADIO: Final = "gas_radio"
"""The meter's only port."""

_PRESS_GAP: Final = 5 * SECOND
"""Between two wakes of the radio by hand, at least; keeps a playing child from emptying the battery (C-10: ≤ 10 s)."""


class GasMeter:
    """One gas meter as a machine; its one port is GAS_RADIO.

    Take a snapshot (`state`) at least every COUNTER_RESERVE telegrams; the event `state.due` reminds of it.

    Args:
        settings: what the meter is.
        now: when it is installed, its clock being right then; not used when `state` is given.
        state: a snapshot to resume from, in place of a fresh meter.
    """

    __slots__ = (
        "_backlog",
        "_battery",
        "_boundary",
        "_clock",
        "_installed",
        "_journal",
        "_keypad",
        "_press_wake",
        "_radio",
        "_supply",
        "_wake",
        "_wake_end",
        "settings",
    )

    def __init__(self, settings: GasMeterSettings, now: Instant, state: dict[str, Any] | None = None) -> None:
        self.settings = settings
        self._installed = now if state is None else Instant(state["installed"])
        self._clock = DeviceClock(settings.clock_drift_ppm, self._installed)
        self._supply = Supply(
            has_valve=settings.has_valve,
            threshold_l=settings.low_credit_threshold_l,
            countdown=settings.delay_half_hours,
        )
        self._backlog = Backlog(self._clock.reads(self._installed))
        self._battery = Battery(settings.battery)
        self._journal = Journal(settings.name, self._supply)
        self._keypad = Keypad(settings, self._supply)
        self._radio = Radio(settings, self._supply, self._backlog, self._battery, self._journal)
        self._radio.slept_since = self._installed
        self._press_wake: Instant | None = None
        self._wake_end = self._backlog.next_end
        if state is not None:
            self._restore(state)
        self._plan()

    # The machine

    @property
    def name(self) -> str:
        """`gas_meter/` and the eight digits."""
        return self.settings.name

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take a telegram off the air. Only while the meter listens does it hear anything.

        Raises:
            UsageError: a port that the meter does not have.
        """
        if port != GAS_RADIO:
            raise UsageError(f"a gas meter has the port {GAS_RADIO}, not {port}")
        self.elapse(now)
        if data:
            valve = self._supply.valve
            self._radio.hear(data, now, self._clock.reads(now))
            self._after(valve, now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Frames that go on the air now."""
        frames, self._radio.outbox = self._radio.outbox, []
        return [(GAS_RADIO, frame) for frame in frames]

    def deadline(self) -> Instant | None:
        """The end of the listen window, or the next wake."""
        closes_at = self._radio.closes_at
        if closes_at is not None:
            return closes_at
        return self._wake if self._press_wake is None else min(self._wake, self._press_wake)

    def elapse(self, now: Instant) -> None:
        """Do what is due: close half hours, wake, report, end a listen window that stayed silent."""
        due = self.deadline()
        while due is not None and due <= now:
            self._close_half_hours(due)
            valve, shown = self._supply.valve, self._clock.reads(due)
            if self._radio.closes_at is not None:
                self._radio.window_over(due, shown)
            else:
                periodic = self._wake <= due
                if periodic:
                    self._wake_end = Instant(self._wake_end + HALF_HOUR)
                    self._plan()
                self._press_wake = None
                self._radio.wake(due, shown, periodic=periodic)
            self._after(valve, due)
            due = self.deadline()
        self._close_half_hours(now)

    def events(self) -> Iterable[Event]:
        """What has happened since the last call."""
        return self._journal.take()

    # The home

    def pass_gas(self, litres: int, now: Instant) -> int:
        """One register step: let up to `litres` flow at `now`; returns how many did.

        The valve rule is applied at each step: none flows through a closed valve, none past a cut-off that closes.

        Raises:
            UsageError: `litres` is negative.
        """
        self._close_half_hours(now)
        passed = self._supply.pass_gas(litres)
        if self._supply.happened:
            self._after(ValveState.OPEN, now)
        return passed

    def press_button(self, now: Instant) -> bool:
        """A hand presses the meter's button; whether that opened the valve.

        With the valve closed, the link down and countdown left it opens the valve (figure 11). With the valve closed
        otherwise it wakes the radio, so that the hub can send what it has (C-10). With the valve open it does nothing
        but be told in the next report.
        """
        self.elapse(now)
        self._radio.button = True
        valve = self._supply.valve
        opened = self._supply.press()
        self._journal.tell(now, "button.pressed", {"opened": int(opened), "valve": int(self._supply.valve)})
        self._after(valve, now)
        if self._supply.valve == ValveState.CLOSED and self._press_wake is None:
            self._press_wake = Instant(max(now, self._radio.slept_since + _PRESS_GAP))
            self.elapse(now)
        return opened

    def key_in(self, code: str, now: Instant) -> CodeVerdict:
        """A hand types the hub's code; opens the valve only off line, and once for a reading (S0-139)."""
        self.elapse(now)
        valve = self._supply.valve
        verdict = self._keypad.enter(code, now)
        self._journal.tell(now, "code.keyed", {"verdict": verdict.name.lower()})
        self._after(valve, now)
        return verdict

    # What the display shows

    @property
    def display(self) -> MeterDisplay:
        """All of it."""
        return shown_by(self.settings, self._supply)

    @property
    def volume_l(self) -> int:
        """Total register, litres."""
        return self._supply.volume_l

    @property
    def cutoff_l(self) -> int:
        """Cut-off volume, litres; NO_LIMIT_LITRES for none."""
        return self._supply.cutoff_l

    @property
    def valve(self) -> ValveState:
        """Where the valve stands."""
        return self._supply.valve

    @property
    def countdown(self) -> int:
        """Half hours without communication that are left."""
        return self._supply.countdown

    @property
    def comms_ok(self) -> bool:
        """Whether the last half hour's report was acknowledged."""
        return self._supply.comms_ok

    @property
    def low_credit(self) -> bool:
        """Whether the low-credit warning is on."""
        return self._supply.low_credit

    @property
    def button(self) -> bool:
        """Whether a press still waits to be told to the hub."""
        return self._radio.button

    @property
    def battery_days(self) -> int:
        """Ordinary days that the battery will last."""
        return self._radio.battery_days

    @property
    def backlog(self) -> Backlog:
        """The half-hour log and its mark; read only."""
        return self._backlog

    @property
    def refusals(self) -> tuple[RefusedOrder, ...]:
        """The last hundred refused orders, oldest first."""
        return tuple(self._radio.refusals)

    # Its own time

    def _plan(self) -> None:
        self._boundary = self._clock.true(self._backlog.next_end)
        self._wake = self._clock.true(Instant(self._wake_end + self.settings.wake_offset))

    def _close_half_hours(self, now: Instant) -> None:
        if now >= self._boundary:
            self._backlog.close_half_hours(self._clock.reads(now), self._supply.volume_l)
            self._boundary = self._clock.true(self._backlog.next_end)

    def _after(self, valve: ValveState, now: Instant) -> None:
        """Count a movement of the valve, and stamp what the supply did."""
        if self._supply.valve != valve:
            self._battery.move_valve()
            if self._supply.valve == ValveState.CLOSED:
                self._radio.button = False  # a press from before the closing is no hand on the spot after it
        self._journal.drain(now)

    # Snapshots

    def state(self) -> dict[str, Any]:
        """A snapshot: integers, texts and hex, fit for JSON. The master key is not in it."""
        return {
            "installed": self._installed,
            "supply": self._supply.state(),
            "backlog": self._backlog.state(),
            "radio": self._radio.state(),
            "wake_end": self._wake_end - (HALF_HOUR if self._radio.unfinished else 0),
            "press_wake": self._press_wake,
            "battery_used_uc": self._battery.used_uc,
            "keypad": self._keypad.state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self._supply.restore(state["supply"])
        self._backlog.restore(state["backlog"])
        self._radio.restore(state["radio"])
        self._wake_end = Instant(state["wake_end"])
        press_wake = state["press_wake"]
        self._press_wake = None if press_wake is None else Instant(press_wake)
        self._battery.used_uc = state["battery_used_uc"]
        if "keypad" in state:
            self._keypad.restore(state["keypad"])
