"""What happens to a street: links that fall silent, one way or both; devices without power; hands; a supplier's orders.

A fault is data: a kind, a home, a beginning and a length. A list of them, drawn from a seed, is a world's bad weather;
it can be written down, cut short and played again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final

from meterhouse.links import Dice, NullModem
from meterhouse.model import MINUTE, Duration, Fuel, Instant, UsageError
from meterhouse.premises.gas_meter import GasMeter
from meterhouse.premises.hub import Hub
from meterhouse.simulation.street_world import StreetWorld
from meterhouse.simulation.supplier_acts import draw_calendar, draw_limits, draw_tariff, order
from meterhouse.supplier.headend import Job

__all__ = ["Fault", "FaultKind", "apply_faults", "draw_faults", "fault_kinds"]


class FaultKind(StrEnum):
    """The kinds; each is said of one home but JAM and BACK_LINE, which are the whole street's."""

    GAS_LINK = "gas_link"
    """The gas link is down both ways."""
    GAS_ACK = "gas_ack"
    """The meter hears nothing: its reports arrive, their acknowledgements don't."""
    GAS_REPORT = "gas_report"
    """The hub hears nothing of the meter."""
    JAM = "jam"
    """Every gas link of the street is down."""
    WAN = "wan"
    """The hub's line to the carrier is down."""
    WIRE = "wire"
    """The wire to the electricity meter is out."""
    BACK_LINE = "back_line"
    """The line between head end and carrier is down."""
    HUB_OFF = "hub_off"
    """The hub has no power; it comes back with what it had kept."""
    HUB_SWAP = "hub_swap"
    """Another hub takes the place of the first, with its account and keys; how far the gas link had counted is lost."""
    BUTTON = "button"
    """Somebody presses the gas meter's button, and that of prepaid electricity, again and again."""
    OLD_TOKEN = "old_token"  # noqa: S105 -- a word
    """Somebody types tokens that were used already, and ones with a wrong digit."""
    TOGGLE = "toggle"
    """Somebody cuts the gas link and lets it go again, time after time."""
    METER_RESET = "meter_reset"
    """The gas meter starts anew from what it had kept."""
    EMERGENCY = "emergency"
    """Somebody selects emergency credit, again and again."""
    TARIFF = "tariff"
    """The supplier sets another tariff: flat, or of rates and blocks, at once or for later."""
    LIMITS = "limits"
    """The supplier sets other limits of emergency credit."""
    CALENDAR = "calendar"
    """The supplier sets other friendly hours."""


_LONGEST_MIN: Final = 5 * 24 * 60
_PRESS_EVERY: Final = 7 * MINUTE
_SELECT_EVERY: Final = 53 * MINUTE
_TOGGLE_MOST_MIN: Final = 90


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; minutes from the world's start."""

    kind: FaultKind
    home: str
    at_min: int
    lasts_min: int

    def words(self) -> str:
        """For a person."""
        return f"{self.kind} at home {self.home} from minute {self.at_min} for {self.lasts_min} min"


def fault_kinds(words: str) -> tuple[FaultKind, ...]:
    """The kinds of `all` or of a list with commas.

    Raises:
        UsageError: an unknown word.
    """
    if words == "all":
        return tuple(FaultKind)
    known = {kind.value: kind for kind in FaultKind}
    unknown = [word for word in words.split(",") if word not in known]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is no kind of fault", remedy=f"Known: all, {', '.join(known)}.")
    return tuple(known[word] for word in words.split(","))


def draw_faults(dice: Dice, kinds: Sequence[FaultKind], homes: Sequence[str], days: int) -> tuple[Fault, ...]:
    """A seed's bad weather: one to three faults a day on average, most short, some of days."""
    count = 1 + dice.below(2 * days + 2)
    drawn = []
    for _ in range(count):
        scale = (45, 600, _LONGEST_MIN)[min(dice.below(6) // 2, 2)]
        kind, home = kinds[dice.below(len(kinds))], homes[dice.below(len(homes))]
        at = dice.below(days * 24 * 60)
        drawn.append(Fault(kind, home, at, min(1 + dice.below(scale), days * 24 * 60 - at)))
    return tuple(sorted(drawn, key=lambda fault: (fault.at_min, fault.kind, fault.home, fault.lasts_min)))


def apply_faults(street: StreetWorld, faults: Sequence[Fault], until_min: int | None = None) -> None:
    """Schedule faults from the world's present instant on. Overlapping faults of one link end with the last.

    Args:
        street: a world that has not run yet.
        faults: what happens.
        until_min: from this minute on all is well: what lasts longer ends then, what would begin later does not.
    """
    begun = street.world.now
    held = _Held(street)
    for fault in faults:
        if until_min is not None and fault.at_min >= until_min:
            continue
        start = Instant(begun + fault.at_min * MINUTE)
        over = fault.at_min + fault.lasts_min
        end = Instant(begun + (over if until_min is None else min(over, until_min)) * MINUTE)
        begin, finish = held.acts(fault, end)
        street.world.at(start, begin)
        street.world.at(end, finish)


_CUT: Final = {
    FaultKind.GAS_LINK: "gas_radio/{home}",
    FaultKind.WAN: "wan/{home}",
    FaultKind.WIRE: "m_bus/{home}",
    FaultKind.BACK_LINE: "back",
}
_DEAF: Final = {FaultKind.GAS_REPORT: 0, FaultKind.GAS_ACK: 1}


_FORGETS: Final[dict[FaultKind, tuple[str, ...]]] = {FaultKind.HUB_OFF: (), FaultKind.HUB_SWAP: ("gas_sent",)}
_DRAWN: Final = {
    FaultKind.TARIFF: draw_tariff,
    FaultKind.LIMITS: draw_limits,
    FaultKind.CALENDAR: draw_calendar,
}

_Act = Callable[[Instant], None]


def _nothing(_now: Instant) -> None:
    pass


class _Held:
    """Which links and hubs are held down, by how many faults."""

    def __init__(self, street: StreetWorld) -> None:
        self._street = street
        self._holds: dict[str, int] = {}
        self._without_power: dict[str, Hub] = {}

    def acts(self, fault: Fault, end: Instant) -> tuple[_Act, _Act]:
        """What to do at the beginning and at the end."""
        home = fault.home
        if fault.kind is FaultKind.JAM:
            sites = self._street.street.sites
            return self._cutting([f"gas_radio/{name}" for name, site in sites.items() if site.gas is not None])
        if fault.kind in _CUT:
            return self._cutting([_CUT[fault.kind].format(home=home)])
        if fault.kind in _DEAF:
            return self._deafening(home, _DEAF[fault.kind])
        dice = Dice.of(self._street.world.seed, fault.kind, home, str(fault.at_min))
        if fault.kind in _DRAWN:
            return partial(self._ordering, home, _DRAWN[fault.kind], dice), _nothing
        if fault.kind in _FORGETS:
            return self._power(home, _FORGETS[fault.kind])
        if fault.kind is FaultKind.TOGGLE:
            return self._toggling(home, end, dice)
        return self._hand(fault.kind, home, end)

    def _hand(self, kind: FaultKind, home: str, end: Instant) -> tuple[_Act, _Act]:
        """What a person does who stands at the devices."""
        match kind:
            case FaultKind.METER_RESET:
                return partial(self._reset, home), _nothing
            case FaultKind.EMERGENCY:
                return self._again(partial(self._select, home), _SELECT_EVERY, end), _nothing
            case FaultKind.BUTTON:
                return self._again(partial(self._press, home), _PRESS_EVERY, end), _nothing
            case _:
                return self._typing(home)

    def _take(self, name: str) -> bool:
        self._holds[name] = self._holds.get(name, 0) + 1
        return self._holds[name] == 1

    def _release(self, name: str) -> bool:
        self._holds[name] -= 1
        return self._holds[name] == 0

    def _cutting(self, names: Sequence[str]) -> tuple[_Act, _Act]:
        wires = self._street.wires  # a hub without power has none; it finds them held when it is back

        def begin(_now: Instant) -> None:
            for name in names:
                if self._take(name) and name in wires:
                    self._street.world.cut(wires[name])

        def finish(_now: Instant) -> None:
            for name in names:
                if self._release(name) and name in wires:
                    wires[name].mend()

        return begin, finish

    def _deafening(self, home: str, side: int) -> tuple[_Act, _Act]:
        name, key = f"gas_radio/{home}", f"deaf/{home}/{side}"

        def wire() -> NullModem | None:
            return self._street.wires.get(name)

        def begin(_now: Instant) -> None:
            if self._take(key) and (modem := wire()) is not None:
                modem.deaf[side] = True

        def finish(_now: Instant) -> None:
            if self._release(key) and (modem := wire()) is not None:
                modem.deaf[side] = False

        return begin, finish

    def _power(self, home: str, forgets: Sequence[str]) -> tuple[_Act, _Act]:
        """Off: the hub is gone. On: another of the same settings goes on from what the first had kept, less some."""
        kept = self._without_power

        def begin(_now: Instant) -> None:
            if self._take(f"hub/{home}"):
                hub = self._street.street.sites[home].hub
                kept[home] = hub
                self._street.world.remove(hub)
                for name in _hub_wires(home):
                    self._street.wires.pop(name, None)

        def finish(now: Instant) -> None:
            if not self._release(f"hub/{home}"):
                return
            old = kept.pop(home)
            hub = Hub(old.settings, self._street.world.entropy("reborn", home, str(now)), now)
            hub.restore({name: value for name, value in old.state().items() if name not in forgets})
            self._street.world.add(hub)
            sites = self._street.street.sites
            sites[home] = replace(sites[home], hub=hub)
            self._street.rejoin(home)
            self._hold_again(home)

        return begin, finish

    def _hold_again(self, home: str) -> None:
        """What is laid anew while a fault lasts is as faulty as what it replaces."""
        wires = self._street.wires
        for name in _hub_wires(home):
            if self._holds.get(name, 0) and name in wires and wires[name].up:
                self._street.world.cut(wires[name])
        for side in (0, 1):
            if self._holds.get(f"deaf/{home}/{side}", 0) and f"gas_radio/{home}" in wires:
                wires[f"gas_radio/{home}"].deaf[side] = True

    def _toggling(self, home: str, end: Instant, dice: Dice) -> tuple[_Act, _Act]:
        """Down and up by turns of drawn lengths, up at the end."""
        cut, let_go = self._cutting([f"gas_radio/{home}"])
        state = {"down": False}

        def turn(now: Instant) -> None:
            (let_go if state["down"] else cut)(now)
            state["down"] = not state["down"]
            later = Instant(now + (1 + dice.below(_TOGGLE_MOST_MIN)) * MINUTE)
            if later < end:
                self._street.world.at(later, turn)

        def finish(now: Instant) -> None:
            if state["down"]:
                let_go(now)

        return turn, finish

    def _reset(self, home: str, now: Instant) -> None:
        """Out and in again at once: what was not kept is gone, the radio's exchange under way with it."""
        site = self._street.street.sites[home]
        if site.gas is None:
            return
        self._street.world.remove(site.gas)
        self._street.wires.pop(f"gas_radio/{home}", None)
        gas = GasMeter(site.gas.settings, now, site.gas.state())
        site.load.feed_from(site.electricity, gas)
        self._street.street.sites[home] = replace(site, gas=gas)
        self._street.world.add(gas)
        if not self._holds.get(f"hub/{home}", 0):
            self._street.rejoin_air(home)
            self._hold_again(home)

    def _ordering(self, home: str, draw: Callable[..., Job], dice: Dice, _now: Instant) -> None:
        order(self._street, home, draw, dice)

    def _again(self, act: _Act, period: Duration, end: Instant) -> _Act:
        def now_and_later(now: Instant) -> None:
            act(now)
            later = Instant(now + period)
            if later < end:
                self._street.world.at(later, now_and_later)

        return now_and_later

    def _press(self, home: str, _now: Instant) -> None:
        site = self._street.street.sites[home]
        if site.gas is not None:
            self._street.street.press_gas(home)
        if Fuel.ELECTRICITY in site.accounts:
            self._street.street.press_electricity(home)

    def _select(self, home: str, _now: Instant) -> None:
        site, world = self._street.street.sites[home], self._street.world
        if not self._holds.get(f"hub/{home}", 0):
            world.call(site.hub, site.hub.select_emergency)
            if site.hub.electricity_account is not None:
                world.call(site.hub, partial(site.hub.select_emergency, fuel=Fuel.ELECTRICITY))
        if site.electricity.prepaid is not None:
            world.call(site.electricity, site.electricity.select_emergency)

    def _typing(self, home: str) -> tuple[_Act, _Act]:
        def type_in(_now: Instant) -> None:
            street = self._street.street
            if self._holds.get(f"hub/{home}", 0):
                return
            for vend, _ in street.books.vends(3):
                if vend.token:
                    street.key_in(home, vend.token)
                    wrong = str((int(vend.token[7]) + 1) % 10)
                    street.key_in(home, vend.token[:7] + wrong + vend.token[8:])

        return type_in, type_in


def _hub_wires(home: str) -> tuple[str, str, str]:
    return f"wan/{home}", f"m_bus/{home}", f"gas_radio/{home}"
