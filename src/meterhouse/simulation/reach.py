"""Homes whose meters and display 2.4 GHz does or does not join, by seed, and what carries their links instead.

A home is drawn from the dwelling stock: where the hub stands (on the electricity meter), where the gas meter and the
display are, and what is between. It is flagged where 2.4 GHz does not join all three; the gas link of a flagged home
goes over 868 MHz and, where that fails too, over the mains with a repeater beside the gas meter. The display's link is
a network of its own and takes its own bearer. What is assumed stands in docs/concepts/reach.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from meterhouse.links import Dice
from meterhouse.model import UsageError
from meterhouse.simulation.bearer import Bearer
from meterhouse.simulation.reach_radio import (
    BAND_868,
    BAND_2400,
    RELIABLE_LOSS,
    RESERVE,
    Band,
    MainsPath,
    RadioPath,
    mains_margin,
    radio_margin,
    telegram_loss,
)

__all__ = [
    "BANDS",
    "FLAGGED_PERMILLE",
    "TOLERANCE_PERMILLE",
    "FleetReach",
    "HomeReach",
    "LinkReach",
    "fleet",
    "home_reach",
]

FLAGGED_PERMILLE: Final = 300
"""Homes of a thousand that 2.4 GHz does not join: the figure of Appendix A, L730-732."""
TOLERANCE_PERMILLE: Final = 15
"""How far a fleet of ten thousand homes may be from it: three standard deviations of chance are 14."""

_HOMES_MAX: Final = 10_000_000
_HOPELESS_LOSS: Final = 200
"""Of a thousand: who loses more does not get a day's reports through in their time."""
_SHADOW: Final = 80
"""Standard deviation, tenths of a dB: 8 dB in dwellings (ITU-R P.1238, indoor shadow fading, residential)."""
_UNIFORMS: Final = 12
"""Twelve of them, less six, are as good as normal, and end at six deviations."""
_SOCKETS: Final = 4
"""Near a gas meter, of which the installer takes the best for a repeater (assumption)."""
_MAINS_LOAD: Final = 100

_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Span:
    """From least to most of everything between hub and another device."""

    distance_dm: _Range
    inner: _Range
    outer: _Range
    timber: _Range = (0, 0)
    concrete: _Range = (0, 0)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of dwelling; `homes` of a thousand are of it."""

    name: str
    homes: int
    gas: _Span
    display: _Span
    boards: int


_KINDS: Final = (
    _Kind("terraced", 280, _Span((10, 90), (0, 3), (0, 2), (0, 1)), _Span((20, 110), (1, 3), (0, 1), (0, 1)), 1),
    _Kind("semi-detached", 250, _Span((10, 110), (0, 3), (0, 2), (0, 1)), _Span((30, 120), (1, 3), (0, 2), (0, 1)), 1),
    _Kind("detached", 170, _Span((10, 180), (0, 4), (0, 3), (0, 1)), _Span((40, 160), (1, 4), (0, 2), (0, 1)), 1),
    _Kind("bungalow", 90, _Span((10, 130), (0, 3), (0, 2)), _Span((30, 140), (1, 4), (0, 2)), 1),
    _Kind(
        "flat, low-rise",
        190,
        _Span((10, 150), (0, 3), (0, 1), (0, 0), (0, 2)),
        _Span((20, 160), (1, 3), (0, 1), (0, 0), (0, 2)),
        2,
    ),
    _Kind(
        "flat, high-rise",
        20,
        _Span((20, 300), (0, 3), (0, 1), (0, 0), (0, 10)),
        _Span((20, 300), (1, 4), (0, 1), (0, 0), (0, 10)),
        2,
    ),
)
"""Shares: the dwelling stock of England, rounded (English Housing Survey). What lies between: assumptions."""


@dataclass(frozen=True, slots=True)
class LinkReach:
    """One link of a home: its margin over each bearer (tenths of a dB), and the bearer that it takes.

    Attributes:
        margins: of 2.4 GHz and 868 MHz as they stand; of the mains, the weaker of wire and last hop.
        bearer: taken; None: none reaches.
    """

    margins: dict[Bearer, int]
    bearer: Bearer | None

    def loss_over(self, bearer: Bearer) -> int:
        """Telegrams of a thousand that are lost over a bearer on a bad day."""
        return telegram_loss(self.margins[bearer], _TRIES[bearer])

    def reached_over(self, bearer: Bearer) -> bool:
        """Whether a bearer carries this link reliably."""
        return self.loss_over(bearer) <= RELIABLE_LOSS


@dataclass(frozen=True, slots=True)
class HomeReach:
    """One home of a fleet.

    Attributes:
        number: from 1; with the seed it decides all the rest.
        no_2400: flagged: 2.4 GHz does not join gas meter, hub and display.
    """

    number: int
    kind: str
    no_2400: bool
    gas: LinkReach
    display: LinkReach

    @property
    def doubtful(self) -> bool:
        """Flagged by so little that a day over 2.4 GHz may go well: its worst link loses 1 % to 20 % there."""
        worst = max(link.loss_over(Bearer.RADIO_2400) for link in (self.gas, self.display))
        return RELIABLE_LOSS < worst <= _HOPELESS_LOSS


@dataclass(frozen=True, slots=True)
class FleetReach:
    """Sums over a fleet; `kinds`: of each kind of dwelling, and `all`, its homes by what carries the gas link.

    Attributes:
        flagged: homes that 2.4 GHz does not join.
        doubtful: of those, homes that are it by half a decibel or less.
        radio_only: homes whose links all go over a radio, of either band.
        unreached: homes with a link that no bearer carries.
        gas, display: links by bearer.
    """

    homes: int
    seed: int
    flagged: int
    doubtful: int
    radio_only: int
    unreached: int
    gas: dict[str, int]
    display: dict[str, int]
    kinds: dict[str, dict[str, int]]
    reserve_tenths_db: int = RESERVE

    @property
    def flagged_permille(self) -> int:
        """Homes of a thousand that 2.4 GHz does not join, rounded."""
        return (2_000 * self.flagged + self.homes) // (2 * self.homes)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "flagged_permille": self.flagged_permille}


BANDS: Final = {Bearer.RADIO_2400: "2.4 GHz", Bearer.RADIO_868: "868 MHz", Bearer.POWER_LINE: "power line"}
"""The bearers of a home's links, by the word that a table has for each, best first."""

_TRIES: Final = {Bearer.RADIO_2400: BAND_2400.tries, Bearer.RADIO_868: BAND_868.tries, Bearer.POWER_LINE: 1}
_RADIO: Final = {Bearer.RADIO_2400, Bearer.RADIO_868}
_INSTEAD: Final = (Bearer.RADIO_868, Bearer.POWER_LINE)


def home_reach(seed: int, number: int) -> HomeReach:
    """The n-th home (from 1) of a seed's fleet; the same in a fleet of any size."""
    dice = Dice.of(seed, "reach", str(number))
    kind = _kind(dice.below(1_000))
    gas = _margins(dice, kind.gas, kind.boards, last_hop=True)
    display = _margins(dice, kind.display, kind.boards, last_hop=False)
    flagged = not all(LinkReach(one, None).reached_over(Bearer.RADIO_2400) for one in (gas, display))
    return HomeReach(number, kind.name, flagged, _link(gas, flagged), _link(display, flagged))


def fleet(homes: int, seed: int) -> FleetReach:
    """A fleet of homes, counted.

    Raises:
        UsageError: no homes, or more than ten million.
    """
    if not 1 <= homes <= _HOMES_MAX:
        raise UsageError(f"a fleet of {homes} homes is not 1 to 10 000 000")
    flagged = doubtful = radio_only = unreached = 0
    gas: Counter[str] = Counter()
    display: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {kind.name: Counter() for kind in _KINDS}
    for home in _homes(homes, seed):
        flagged += home.no_2400
        doubtful += home.doubtful
        taken = {home.gas.bearer, home.display.bearer}
        radio_only += taken <= _RADIO
        unreached += None in taken
        gas[_name(home.gas)] += 1
        display[_name(home.display)] += 1
        kinds[home.kind][_name(home.gas)] += 1
    return FleetReach(
        homes,
        seed,
        flagged,
        doubtful,
        radio_only,
        unreached,
        dict(sorted(gas.items())),
        dict(sorted(display.items())),
        {name: dict(sorted(counts.items())) for name, counts in kinds.items()},
    )


def _homes(homes: int, seed: int) -> Iterator[HomeReach]:
    return (home_reach(seed, number) for number in range(1, homes + 1))


def _name(link: LinkReach) -> str:
    return "none" if link.bearer is None else BANDS[link.bearer]


def _kind(drawn: int) -> _Kind:
    for kind in _KINDS:
        if drawn < kind.homes:
            return kind
        drawn -= kind.homes
    return _KINDS[-1]


def _link(margins: dict[Bearer, int], flagged: bool) -> LinkReach:  # noqa: FBT001 -- the home's flag
    drawn = LinkReach(margins, None)
    ways = _INSTEAD if flagged else (Bearer.RADIO_2400,)
    return LinkReach(margins, next((bearer for bearer in ways if drawn.reached_over(bearer)), None))


def _margins(dice: Dice, span: _Span, boards: int, *, last_hop: bool) -> dict[Bearer, int]:
    path = _path(dice, span)
    mains = mains_margin(MainsPath(10 + path.distance_dm // 5, dice.below(boards + 1), dice.below(_MAINS_LOAD + 1)))
    if last_hop:
        hops = [_path(dice, _Span((10, 50), (0, 1), (0, 1))) for _ in range(_SOCKETS)]
        mains = min(mains, max(radio_margin(hop, BAND_868) for hop in hops))
    bands: tuple[Band, ...] = (BAND_2400, BAND_868)
    return {**{band.bearer: radio_margin(path, band) for band in bands}, Bearer.POWER_LINE: mains}


def _path(dice: Dice, span: _Span) -> RadioPath:
    def within(bounds: _Range) -> int:
        return bounds[0] + dice.below(bounds[1] - bounds[0] + 1)

    uniforms = sum(dice.below(1_001) for _ in range(_UNIFORMS))
    shadow = (uniforms - 500 * _UNIFORMS) * _SHADOW // 1_000
    return RadioPath(
        within(span.distance_dm),
        within(span.inner),
        within(span.outer),
        within(span.timber),
        within(span.concrete),
        shadow,
    )
