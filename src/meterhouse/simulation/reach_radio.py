"""What of a signal arrives in a home: link budgets of the two radio bands and of the mains, in tenths of a decibel.

One number here is fitted, `RESERVE`; every other has a source beside it or is called an assumption. Sources that are
not open to all are cited from reading them elsewhere and marked so in docs/concepts/reach.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from meterhouse.simulation.bearer import Bearer

__all__ = [
    "BAND_868",
    "BAND_2400",
    "RELIABLE_LOSS",
    "RESERVE",
    "Band",
    "MainsPath",
    "RadioPath",
    "frame_loss",
    "mains_margin",
    "radio_margin",
    "telegram_loss",
    "ten_log",
]

RESERVE: Final = 193
"""Tenths of a dB that a link must have left for a bad day: doors, people, furniture, a cupboard, a neighbour's network.

FITTED, once, so that 2.4 GHz fails in three homes of ten: "in 30% of cases a 2.4GHz low power radio solution may not be
reliable to reach between the meters and in-home display" (Appendix A of the consultation response, L730-732). The same
number holds for both bands, so what 868 MHz and the mains then reach is the model's answer and not its input.
"""

RELIABLE_LOSS: Final = 10
"""Telegrams of a thousand: a link that loses more is out of reach. One in a hundred is how IEEE 802.15.4 defines
sensitivity (1 % of packets), and what S0-18 allows a reliable gas link."""


@dataclass(frozen=True, slots=True)
class Band:
    """One radio band and the equipment in it.

    Attributes:
        mhz: its middle.
        transmit: radiated power, tenths of dBm.
        sensitivity: level at which one frame of a hundred is lost, tenths of dBm.
        tries: how often the link itself sends a frame that is not acknowledged, in all.
        inner_wall, outer_wall, timber_floor, concrete_floor: loss of each, tenths of a dB.
    """

    bearer: Bearer
    mhz: int
    transmit: int
    sensitivity: int
    tries: int
    inner_wall: int
    outer_wall: int
    timber_floor: int
    concrete_floor: int


# Walls and floors: ITU-R P.2040-1 table 3 (conductivity, permittivity) through its low-loss formula, 1636 σ/√ε dB a
# metre, and the two faces' reflection. Inner wall 100 mm of brick, outer wall 220 mm of brick, floor of 22 mm of wood
# over 12.5 mm of plasterboard, slab of 200 mm of concrete. tests/unit/simulation reckons each of them again.
BAND_2400: Final = Band(Bearer.RADIO_2400, 2_440, 80, -970, 4, 41, 80, 15, 110)
"""IEEE 802.15.4 in the 2.4 GHz band. It demands -3 dBm and -85 dBm at least (10.3); 8 dBm and -97 dBm are what radios
of meters and displays had about 2012 (assumption). Four tries: macMaxFrameRetries is 3 by default."""
BAND_868: Final = Band(Bearer.RADIO_868, 869, 100, -1_000, 1, 41, 80, 11, 56)
"""Wireless M-Bus mode C. EN 13757-4 class H hears at -100 dBm; meters radiate 5 to 14 dBm (makers' data sheets), 14 dBm
being the band's limit (ERC/REC 70-03 annex 1): 10 dBm here. One try: a meter that is not heard waits for its next wake.
"""

_FREE_SPACE: Final = -476
"""20 log d + 20 log f - 27.55 dB for metres and MHz (ITU-R P.525); here d in decimetres, all in tenths."""
_NEAREST_DM: Final = 10

_WATERFALL: Final = ((10, 0), (5, 3), (0, 10), (-5, 100), (-10, 350), (-15, 700), (-20, 950), (-30, 1_000))
"""(margin in tenths of a dB, frames of a thousand that are lost). One in a hundred at the sensitivity is the definition
of that; that all is lost 3 dB below is an assumption, of the steepness of short uncoded frames."""

_MAINS_TRANSMIT: Final = 1_160
"""dBµV in tenths: the most that EN 50065-1 lets any equipment send in 95 to 148.5 kHz (class 116)."""
_MAINS_HEARD: Final = 600
"""dBµV in tenths that a receiver needs above the noise of a home (assumption)."""
_MAINS_A_METRE: Final = 2
_MAINS_A_BOARD: Final = 150
"""Tenths of a dB that a metre of loaded wire, and a board or another phase, take (assumptions)."""


@dataclass(frozen=True, slots=True)
class RadioPath:
    """What lies between two radios.

    Attributes:
        distance_dm: straight, decimetres.
        inner, outer: walls.
        timber, concrete: floors.
        shadow: what this path is worse than its kind, tenths of a dB; negative: better.
    """

    distance_dm: int
    inner: int
    outer: int
    timber: int
    concrete: int
    shadow: int


@dataclass(frozen=True, slots=True)
class MainsPath:
    """What lies between two sockets: wire (metres), boards or phases crossed, and what the appliances take (0.1 dB)."""

    metres: int
    boards: int
    load: int


@cache
def ten_log(number: int) -> int:
    """100 log₁₀ of a whole number from 1, rounded down: ten times its logarithm in tenths, exact on every machine."""
    return len(str(number**100)) - 1


def radio_margin(path: RadioPath, band: Band) -> int:
    """What a path leaves beyond sensitivity and reserve, tenths of a dB; the same both ways."""
    loss = 2 * ten_log(max(path.distance_dm, _NEAREST_DM)) + 2 * ten_log(band.mhz) + _FREE_SPACE
    loss += path.inner * band.inner_wall + path.outer * band.outer_wall
    loss += path.timber * band.timber_floor + path.concrete * band.concrete_floor
    return band.transmit - band.sensitivity - RESERVE - loss - path.shadow


def mains_margin(path: MainsPath) -> int:
    """What the mains leave beyond what a receiver needs, tenths of a dB."""
    loss = path.metres * _MAINS_A_METRE + path.boards * _MAINS_A_BOARD + path.load
    return _MAINS_TRANSMIT - _MAINS_HEARD - loss


def frame_loss(margin: int) -> int:
    """Frames of a thousand that are lost at a margin (tenths of a dB): linear between the points of the waterfall."""
    upper = _WATERFALL[0]
    if margin >= upper[0]:
        return upper[1]
    for lower in _WATERFALL[1:]:
        if margin >= lower[0]:
            return upper[1] + (lower[1] - upper[1]) * (upper[0] - margin) // (upper[0] - lower[0])
        upper = lower
    return _WATERFALL[-1][1]


def telegram_loss(margin: int, tries: int = 1) -> int:
    """Telegrams of a thousand that are lost although each is tried so often; tries are independent, and fit a frame."""
    return int(frame_loss(margin) ** tries // 1_000 ** (tries - 1))
