"""One wake of the gas meter's radio: report, listen, obey, until it sleeps again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.companion.gas import (
    Acknowledgement,
    CloseValve,
    ForbiddenOrderError,
    GasReport,
    MeterEnd,
    OpenValve,
    Order,
    Refusal,
    WriteCutoff,
    air_time,
)
from meterhouse.model import DAY, AuthenticationError, Instant, MalformedError, ProtocolError, ReplayError, isoformat
from meterhouse.premises.gas_meter.backlog import Backlog
from meterhouse.premises.gas_meter.battery import MAX_DAYS, Battery
from meterhouse.premises.gas_meter.journal import Journal
from meterhouse.premises.gas_meter.settings import GasMeterSettings
from meterhouse.premises.gas_meter.supply import Supply

__all__ = ["COUNTER_RESERVE", "Radio", "RefusedOrder"]

COUNTER_RESERVE: Final = 1024
"""A snapshot promises this many counters to the time after it, so that none is used twice after a restart."""

_REFUSALS_KEPT: Final = 100
_LOW_BATTERY_DAYS: Final = 180


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """One line of the refusal log.

    Attributes:
        at: when, by the driver's clock.
        refusal: what was answered.
        what: the order in words.
    """

    at: Instant
    refusal: Refusal
    what: str


@dataclass(slots=True)
class _Exchange:
    """From the first report of a wake until sleep; `acknowledged` and `carried_*` are about the last report."""

    periodic: bool
    listening_since: Instant
    closes_at: Instant
    contacted: bool = False
    acknowledged: bool = False
    carried_end: Instant | None = None
    carried_button: bool = False


class Radio:
    """The radio of one meter, and the manner of the exchange written in `companion.gas.ends`.

    Attributes:
        button: a press still waits to be told to the hub.
        outbox: frames to go on the air now.
        refusals: the last hundred refused orders.
        life_told: the end of the battery's life has been notified.
        slept_since: when it last went to sleep, by the driver's clock.
    """

    __slots__ = (
        "_access_number",
        "_backlog",
        "_battery",
        "_end",
        "_exchange",
        "_journal",
        "_promised",
        "_settings",
        "_supply",
        "button",
        "life_told",
        "outbox",
        "refusals",
        "slept_since",
    )

    def __init__(
        self, settings: GasMeterSettings, supply: Supply, backlog: Backlog, battery: Battery, journal: Journal
    ) -> None:
        self._settings = settings
        self._supply = supply
        self._backlog = backlog
        self._battery = battery
        self._journal = journal
        self._end = MeterEnd(settings.master_key, settings.address, settings.hub)
        self._exchange: _Exchange | None = None
        self._access_number = 0
        self._promised = COUNTER_RESERVE // 2
        self.button = False
        self.life_told = False
        self.outbox: list[bytes] = []
        self.refusals: deque[RefusedOrder] = deque(maxlen=_REFUSALS_KEPT)
        self.slept_since = Instant(0)

    @property
    def closes_at(self) -> Instant | None:
        """When the listen window ends; None while the radio sleeps."""
        return None if self._exchange is None else self._exchange.closes_at

    def wake(self, now: Instant, shown: Instant, *, periodic: bool) -> None:
        """Begin an exchange with a report.

        Args:
            now: the driver's time.
            shown: what the meter's clock shows.
            periodic: whether this is the report of a half hour, whose loss counts.
        """
        self._battery.sleep(max(0, now - self.slept_since))
        self._exchange = _Exchange(periodic, now, now)
        self._report(self._exchange, now, shown)

    def hear(self, frame: bytes, now: Instant, shown: Instant) -> None:
        """Take a telegram off the air. A sleeping radio hears nothing; one that is not proved changes nothing."""
        exchange = self._exchange
        if exchange is None:
            if not self._settings.mains:
                return
            # Out of turn: the last report was answered long ago, and what comes now is an order about it.
            exchange = _Exchange(periodic=False, listening_since=now, closes_at=now, contacted=True, acknowledged=True)
        try:
            said = self._end.understand(frame)
        except ForbiddenOrderError as error:
            self._exchange = exchange
            self._acknowledged(exchange, now)
            self._refuse(exchange, error.refusal, error.what, now)
        except (AuthenticationError, ReplayError) as error:
            self._journal.tell(now, "telegram.refused", {"reason": error.what})
        except MalformedError as error:
            self._journal.tell(now, "telegram.dropped", {"reason": error.what})
        except ProtocolError:
            pass  # a neighbour's telegram, or the hub's about an older report: not for us, and no news
        else:
            self._exchange = exchange
            self._obey(exchange, said, now, shown)

    def window_over(self, now: Instant, shown: Instant) -> None:
        """The listen window ended in silence."""
        exchange = self._exchange
        if exchange is None:
            return
        self._battery.listen(max(0, now - exchange.listening_since))
        self.outbox.clear()  # a frame that nobody took in time is off the air
        if exchange.acknowledged:
            self._go_on(exchange, now, shown)
        else:
            self._sleep(exchange, now)

    def _report(self, exchange: _Exchange, now: Instant, shown: Instant) -> None:
        self._access_number = (self._access_number + 1) & 0xFF
        rows, more = self._backlog.waiting()
        supply, battery_days = self._supply, self.battery_days
        if battery_days < _LOW_BATTERY_DAYS and not self.life_told:
            self.life_told = True  # once in a life: what is told each half hour is no longer read (S3-98)
            forecast = isoformat(Instant(shown + battery_days * DAY))[:10]
            self._journal.tell(now, "service_life.ending", {"battery_days": battery_days, "forecast": forecast})
        report = GasReport(
            self._settings.address,
            self._access_number,
            shown,
            supply.volume_l,
            supply.cutoff_l,
            supply.valve,
            supply.countdown,
            supply.low_credit,
            self.button,
            battery_days,
            rows,
            more,
            battery_days < _LOW_BATTERY_DAYS,
        )
        exchange.acknowledged = False
        exchange.carried_end = rows[-1].end if rows else None
        exchange.carried_button = self.button
        self._send(exchange, self._end.report(report, periodic=exchange.periodic), now)
        fields = {
            "access_number": self._access_number,
            "volume_l": supply.volume_l,
            "half_hours": len(rows),
            "countdown_half_hours": supply.countdown,
        }
        self._journal.tell(now, "report.sent", fields)
        if self._end.sent >= self._promised:
            self._promised += COUNTER_RESERVE // 2
            self._journal.tell(now, "state.due", {"counter": self._end.sent})

    def _send(self, exchange: _Exchange, frame: bytes, now: Instant) -> None:
        flight = air_time(len(frame))
        self._battery.transmit(flight)
        self.outbox.append(frame)
        exchange.listening_since = Instant(now + flight)
        exchange.closes_at = Instant(now + flight + self._settings.listen_window_ms)

    def _acknowledged(self, exchange: _Exchange, now: Instant) -> None:
        self._battery.listen(max(0, now - exchange.listening_since))
        if exchange.acknowledged:
            return
        exchange.acknowledged = exchange.contacted = True
        if exchange.carried_end is not None:
            self._backlog.acknowledge(exchange.carried_end)
        if exchange.carried_button:
            self.button = False
        self._journal.tell(now, "report.acknowledged", {"access_number": self._access_number})

    def _obey(self, exchange: _Exchange, said: Acknowledgement | Order, now: Instant, shown: Instant) -> None:
        self._acknowledged(exchange, now)
        if isinstance(said, Acknowledgement):
            self._go_on(exchange, now, shown)
            return
        if not self._settings.has_valve and isinstance(said, WriteCutoff | OpenValve | CloseValve):
            self._refuse(exchange, Refusal.NO_VALVE, f"{type(said).__name__} for a meter without a valve", now)
            return
        supply = self._supply
        match said:
            case WriteCutoff():
                supply.contact()
                supply.write(said)
                fields = {"cutoff_l": said.cutoff_l, "countdown_half_hours": supply.countdown}
                self._journal.tell(now, "cutoff.written", fields)
            case OpenValve():
                supply.contact()
                supply.open_by_order()
            case CloseValve():
                supply.contact()
                supply.close_by_order()
            case _:
                pass
        answer = self._end.answer(said, supply.volume_l, supply.cutoff_l, supply.valve, supply.countdown)
        self._send(exchange, answer, now)

    def _refuse(self, exchange: _Exchange, refusal: Refusal, what: str, now: Instant) -> None:
        self.refusals.append(RefusedOrder(now, refusal, what))
        self._journal.tell(now, "order.refused", {"refusal": int(refusal), "reason": what})
        self._send(exchange, self._end.refuse(refusal), now)

    def _go_on(self, exchange: _Exchange, now: Instant, shown: Instant) -> None:
        rows, _ = self._backlog.waiting()
        if rows:
            self._report(exchange, now, shown)
        else:
            self._sleep(exchange, now)

    def _sleep(self, exchange: _Exchange, now: Instant) -> None:
        """End the exchange. Only now does a restored link count: till here the hub could still raise the cut-off."""
        self._exchange = None
        self.slept_since = now
        supply = self._supply
        if exchange.contacted:
            supply.contact()
            supply.settle()
        elif exchange.periodic:
            supply.miss()
            fields = {"countdown_half_hours": supply.countdown, "access_number": self._access_number}
            self._journal.tell(now, "report.missed", fields)

    @property
    def battery_days(self) -> int:
        """Ordinary days that the battery will last; MAX_DAYS on mains."""
        return MAX_DAYS if self._settings.mains else self._battery.days_left

    @property
    def unfinished(self) -> bool:
        """Whether the report of a half hour is on its way and nobody has answered yet."""
        return self._exchange is not None and self._exchange.periodic and not self._exchange.contacted

    def state(self) -> dict[str, Any]:
        """For a snapshot. An exchange under way is left out: its half hours are simply reported again."""
        self._promised = self._end.sent + COUNTER_RESERVE // 2
        return {
            "sent": self._end.sent + COUNTER_RESERVE,
            "received": self._end.received,
            "access_number": self._access_number,
            "button": int(self.button),
            "life_told": int(self.life_told),
            "slept_since": self.slept_since,
            "refusals": [[one.at, int(one.refusal), one.what] for one in self.refusals],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's counters and log in place of those held."""
        settings, sent = self._settings, state["sent"]
        self._end = MeterEnd(settings.master_key, settings.address, settings.hub, sent=sent, received=state["received"])
        self._promised = sent + COUNTER_RESERVE // 2
        self._access_number = state["access_number"]
        self.button = bool(state["button"])
        self.life_told = bool(state["life_told"])
        self.slept_since = Instant(state["slept_since"])
        self.refusals.extend(RefusedOrder(Instant(at), Refusal(code), what) for at, code, what in state["refusals"])
