"""What goes wrong in a street: links that fall silent, one way or both; hubs without power; hands at buttons.

A fault is data: a kind, a home, a beginning and a length. A list of them, drawn from a seed, is a world's bad weather;
it can be written down, cut short and played again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from meterhouse.links import Dice, NullModem
from meterhouse.model import MINUTE, Instant, UsageError
from meterhouse.premises.hub import Hub
from meterhouse.simulation.street_world import StreetWorld

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
    BUTTON = "button"
    """Somebody presses the gas meter's button, again and again."""
    OLD_TOKEN = "old_token"  # noqa: S105 -- a word
    """Somebody types tokens that were used already, and ones with a wrong digit."""


_LONGEST_MIN: Final = 5 * 24 * 60
_PRESS_EVERY: Final = 7 * MINUTE


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


def apply_faults(street: StreetWorld, faults: Sequence[Fault]) -> None:
    """Schedule faults from the world's present instant on. Overlapping faults of one link end with the last."""
    begun = street.world.now
    held = _Held(street)
    for fault in faults:
        start = Instant(begun + fault.at_min * MINUTE)
        end = Instant(start + fault.lasts_min * MINUTE)
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


class _Held:
    """Which links and hubs are held down, by how many faults."""

    def __init__(self, street: StreetWorld) -> None:
        self._street = street
        self._holds: dict[str, int] = {}

    def acts(self, fault: Fault, end: Instant) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
        """What to do at the beginning and at the end."""
        home = fault.home
        if fault.kind is FaultKind.JAM:
            sites = self._street.street.sites
            return self._cutting([f"gas_radio/{name}" for name, site in sites.items() if site.gas is not None])
        if fault.kind in _CUT:
            return self._cutting([_CUT[fault.kind].format(home=home)])
        if fault.kind in _DEAF:
            return self._deafening(home, _DEAF[fault.kind])
        if fault.kind is FaultKind.HUB_OFF:
            return self._power(home)
        return self._pressing(home, end) if fault.kind is FaultKind.BUTTON else self._typing(home)

    def _take(self, name: str) -> bool:
        self._holds[name] = self._holds.get(name, 0) + 1
        return self._holds[name] == 1

    def _release(self, name: str) -> bool:
        self._holds[name] -= 1
        return self._holds[name] == 0

    def _cutting(self, names: Sequence[str]) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
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

    def _deafening(self, home: str, side: int) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
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

    def _power(self, home: str) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
        """Off: the hub is gone. On: another of the same settings goes on from what the first had kept."""
        kept: list[Hub] = []

        def begin(_now: Instant) -> None:
            if self._take(f"hub/{home}"):
                hub = self._street.street.sites[home].hub
                kept.append(hub)
                self._street.world.remove(hub)
                for name in _hub_wires(home):
                    self._street.wires.pop(name, None)

        def finish(now: Instant) -> None:
            if not self._release(f"hub/{home}") or not kept:
                return
            old = kept.pop()
            hub = Hub(old.settings, self._street.world.entropy("reborn", home, str(now)), now)
            hub.restore(old.state())
            self._street.world.add(hub)
            sites = self._street.street.sites
            sites[home] = replace(sites[home], hub=hub)
            self._street.rejoin(home)
            for name in _hub_wires(home):
                if self._holds.get(name, 0) and name in self._street.wires:
                    self._street.world.cut(self._street.wires[name])
            for side in (0, 1):
                if self._holds.get(f"deaf/{home}/{side}", 0) and f"gas_radio/{home}" in self._street.wires:
                    self._street.wires[f"gas_radio/{home}"].deaf[side] = True

        return begin, finish

    def _pressing(self, home: str, end: Instant) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
        def press(now: Instant) -> None:
            if self._street.street.sites[home].gas is not None:
                self._street.street.press_gas(home)
            later = Instant(now + _PRESS_EVERY)
            if later < end:
                self._street.world.at(later, press)

        return press, lambda _now: None

    def _typing(self, home: str) -> tuple[Callable[[Instant], None], Callable[[Instant], None]]:
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
