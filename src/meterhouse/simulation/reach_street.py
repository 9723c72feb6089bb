"""A street of drawn homes in a world, each link over a bearer with the losses that the model gives it: who commissions?

A home is commissioned when all this has really happened: its hub heard the gas meter's reports of a day and the meter
its acknowledgements, each in its half hour; the head end has collected the half hours; in a prepay home a payment came
as a token to the balance, and the cut-off it bought into the gas meter; the trial of its display's link was answered.

The display's own bytes are not simulated (there is no consumer network in this house yet): its trial is a number each
half hour, and its echo.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.app.demand import synthetic_demand
from meterhouse.app.site import HomeSite
from meterhouse.app.street import parse_street
from meterhouse.links import LOW_POWER_RADIO, POWER_LINE, Channel
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, Event, Instant, Outgoing
from meterhouse.premises.repeater import POWER_LINE_PORT, RADIO_PORT, Repeater
from meterhouse.simulation.bearer import Bearer, BearerChannel
from meterhouse.simulation.reach import HomeReach
from meterhouse.simulation.street_world import StreetWorld

__all__ = ["NEEDED", "Commissioned", "ReachStreet"]

NEEDED: Final = 43
"""Of a day's 48 half hours, how many must be acknowledged in their time, and how many trials answered: nine in ten.

A link at the limit of reach loses one telegram in a hundred each way, so one exchange a day; more than five, once in
two thousand days. One that loses a fifth each way misses seventeen. A day is too short to tell 1 % from 2 %.
"""

_HALF_HOURS: Final = DAY // HALF_HOUR
_COLLECTED_BY: Final = 27 * HOUR
"""The head end has called for the day that is over."""
_TRIAL: Final = "trial"
_GAS_PORT: Final = "gas_radio"
_BASES: Final = {
    Bearer.RADIO_2400: LOW_POWER_RADIO,
    Bearer.RADIO_868: LOW_POWER_RADIO,
    Bearer.POWER_LINE: POWER_LINE,
}
_HEAD: Final = """
[street]
name = "Reach"
start = 2026-01-05T00:00:00Z
[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500
"""
_PREPAY: Final = """gas = { mode = "prepay", opening_balance = "5.00" }
customer = { pay_below = "10.00", pay = "10.00" }
"""
_CREDIT: Final = 'gas = { mode = "credit" }\n'


@dataclass(frozen=True, slots=True)
class Commissioned:
    """What happened to one home.

    Attributes:
        acknowledged: half hours of the day whose report its meter knows to be heard, in time.
        collected: the head end has the 48 half hours of the day, as the gas meter counted them.
        paid: the payment stands on the balance and its cut-off in the gas meter; None: a credit home.
        trials: half hours in which the display's end answered.
    """

    home: HomeReach
    acknowledged: int
    collected: bool
    paid: bool | None
    trials: int

    @property
    def gas_done(self) -> bool:
        """Whether the gas meter is in service."""
        return self.acknowledged >= NEEDED and self.collected and self.paid is not False

    @property
    def done(self) -> bool:
        """Whether the home is."""
        return self.gas_done and self.trials >= NEEDED


class ReachStreet:
    """Homes of a fleet as a street in a world; every second pays in advance.

    Args:
        homes: as drawn; a link that no bearer carries loses all.
        seed: of the world.
        only: the bearer of every link, whatever the model would choose; None for its choice.
    """

    def __init__(self, homes: Sequence[HomeReach], seed: int, only: Bearer | None = None) -> None:
        self.homes = {f"{home.number:05d}": home for home in homes}
        tables = (
            f'[[home]]\nid = "{name}"\n{_PREPAY if number % 2 else _CREDIT}' for number, name in enumerate(self.homes)
        )
        plan = parse_street(_HEAD + "".join(tables))
        # With links that never work the readings are never whole: that judge waits until after the end.
        judged_at = None if only is None else Instant(plan.start + 30 * DAY)
        self.street_world = StreetWorld(plan, seed, synthetic_demand(seed), judged_at=judged_at)
        self.world, self.street = self.street_world.world, self.street_world.street
        self._only = only
        self._acknowledged: defaultdict[str, list[Instant]] = defaultdict(list)
        self._credited: dict[str, Instant] = {}
        self._cutoff: dict[str, Instant] = {}
        self._trials: dict[str, _Caller] = {}
        self.world.on_event(self._note, ("report.acknowledged", "token.accepted", "cutoff.written"))
        for name, home in self.homes.items():
            self._lay_gas(name, home)
            self._lay_display(name, home)

    def run(self) -> tuple[Commissioned, ...]:
        """Let a day pass, and the collection of its half hours; then look at each home."""
        self.world.run(Instant(self.street.plan.start + _COLLECTED_BY + MINUTE))
        return tuple(self._look(name, home) for name, home in self.homes.items())

    def _lay_gas(self, name: str, home: HomeReach) -> None:
        """In place of the gas link that the street came with."""
        site = self.street.sites[name]
        assert site.gas is not None
        self.world.remove(site.gas)
        self.world.add(site.gas)
        bearer = self._only or home.gas.bearer
        channel = _channel(bearer, home.gas.loss_over(bearer) if bearer else 1_000)
        key = f"{_GAS_PORT}/{name}"
        if bearer is not Bearer.POWER_LINE:
            self.street_world.wires[key] = self.world.join(site.hub, _GAS_PORT, site.gas, _GAS_PORT, channel)
            return
        repeater = Repeater(f"home/{name}/repeater")
        self.world.add(repeater)
        self.street_world.wires[key] = self.world.join(site.hub, _GAS_PORT, repeater, POWER_LINE_PORT, channel)
        hop = BearerChannel.over(Bearer.RADIO_868, LOW_POWER_RADIO, 0)
        self.world.join(repeater, RADIO_PORT, site.gas, _GAS_PORT, hop)

    def _lay_display(self, name: str, home: HomeReach) -> None:
        bearer = self._only or home.display.bearer
        caller, answerer = _Caller(f"home/{name}/display link", self.world.now), _Answerer(f"home/{name}/display")
        self._trials[name] = caller
        self.world.add(caller)
        self.world.add(answerer)
        channel = _channel(bearer, home.display.loss_over(bearer) if bearer else 1_000)
        self.world.join(caller, _TRIAL, answerer, _TRIAL, channel)

    def _note(self, event: Event) -> None:
        match event.kind:
            case "report.acknowledged":
                self._acknowledged[event.source].append(event.at)
            case "token.accepted":
                self._credited.setdefault(event.source, event.at)
            case _:
                self._cutoff[event.source] = event.at

    def _look(self, name: str, home: HomeReach) -> Commissioned:
        site, start = self.street.sites[name], self.street.plan.start
        assert site.gas is not None
        # The report about a half hour is made after its end; that of the last one, after the day's.
        slots = {(at - start) // HALF_HOUR for at in self._acknowledged[site.gas.name]} & set(range(1, _HALF_HOURS + 1))
        return Commissioned(
            home,
            len(slots),
            self._collected(site),
            self._paid(site) if site.account else None,
            self._trials[name].answered,
        )

    def _collected(self, site: HomeSite) -> bool:
        assert site.gas is not None
        start = self.street.plan.start
        kept = self.street.books.day(site.names.gas, start)
        counted = tuple(site.gas.backlog.log.between(Instant(start + 1), Instant(start + DAY)))
        return kept is not None and len(kept.rows) == _HALF_HOURS and kept.rows == counted

    def _paid(self, site: HomeSite) -> bool:
        account = site.hub.account
        assert account is not None
        assert site.gas is not None
        credited, written = self._credited.get(site.hub.name), self._cutoff.get(site.gas.name)
        sold = sum(vend.value.amount for vend, _ in self.street.books.vends(9, site.plan.home) if vend.token)
        if credited is None or written is None:
            return False
        return account.credited == sold > 0 and written > credited


def _channel(bearer: Bearer | None, loss: int) -> Channel:
    kind = bearer or Bearer.RADIO_868
    return BearerChannel.over(kind, _BASES[kind], loss)


class _Caller:
    """Sends a number each half hour, and counts those that come back before the next; for one day."""

    __slots__ = ("_due", "_name", "_number", "_out", "_waits", "answered")

    def __init__(self, name: str, start: Instant) -> None:
        self._name = name
        self._due = Instant(start + HALF_HOUR)
        self._number = 0
        self._waits = False
        self._out: list[Outgoing] = []
        self.answered = 0

    @property
    def name(self) -> str:
        return self._name

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        del port, now
        if self._waits and data == self._number.to_bytes(2, "big"):
            self._waits = False
            self.answered += 1

    def outgoing(self) -> Iterable[Outgoing]:
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        return ()

    def deadline(self) -> Instant | None:
        return self._due if self._number < _HALF_HOURS else None

    def elapse(self, now: Instant) -> None:
        if self._number < _HALF_HOURS and now >= self._due:
            self._number += 1
            self._due = Instant(self._due + HALF_HOUR)
            self._waits = True
            self._out.append((_TRIAL, self._number.to_bytes(2, "big")))


class _Answerer:
    """Sends back what it hears."""

    __slots__ = ("_name", "_out")

    def __init__(self, name: str) -> None:
        self._name = name
        self._out: list[Outgoing] = []

    @property
    def name(self) -> str:
        return self._name

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        del now
        self._out.append((port, data))

    def outgoing(self) -> Iterable[Outgoing]:
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        return ()

    def deadline(self) -> Instant | None:
        return None

    def elapse(self, now: Instant) -> None:
        pass
