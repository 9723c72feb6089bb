"""What a gas meter and its hub say to each other, as values.

From the meter: a report each half hour, and the answer to an order. From the hub: an acknowledgement, and the six
orders of the remote gas prepayment scheme, no seventh.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import HalfHour, Instant, ProtocolError
from meterhouse.protocols.wmbus import Address

__all__ = [
    "MAX_DELAY_HALF_HOURS",
    "Acknowledgement",
    "CloseValve",
    "ForbiddenOrderError",
    "GasAddress",
    "GasReport",
    "OpenValve",
    "Order",
    "OrderAnswer",
    "ReadCutoffVolume",
    "ReadPrepayStatus",
    "ReadTotalVolume",
    "Refusal",
    "ValveState",
    "WriteCutoff",
]

GasAddress = Address
"""A meter's or a hub's address on the gas link: manufacturer letters, eight digits, version, device type."""

MAX_DELAY_HALF_HOURS: Final = 672
"""The longest no-communication delay a meter takes: 14 days (S0-113)."""


class ValveState(IntEnum):
    """Where the valve stands; numbered like the DLMS disconnect control's control_state."""

    CLOSED = 0
    OPEN = 1
    ARMED = 2


class Refusal(IntEnum):
    """Why a meter refuses an order: the code in its application error answer.

    1 is the standard's own; those from F0 on are this profile's (EN 13757-3 leaves them to the manufacturer).
    """

    UNKNOWN_CI = 0x01
    """A CI-field that this meter takes no orders in, such as a clock setting."""
    NOT_AN_ORDER = 0xF0
    """Records that are none of the six orders."""
    OUT_OF_RANGE = 0xF1
    """One of the six, with a volume or delay outside its range."""
    NO_VALVE = 0xF2
    """The meter has no valve."""


class ForbiddenOrderError(ProtocolError):
    """An order from the right hub that the meter refuses; `refusal` is what to answer."""

    def __init__(self, what: str, refusal: Refusal) -> None:
        super().__init__(what, why="A gas meter takes six orders and no seventh (S0-115).")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class GasReport:
    """What a gas meter sends each half hour, and at once after a press of its button.

    Attributes:
        meter: who reports.
        access_number: 0 to 255; acknowledgement and orders copy it.
        clock: the meter's clock, UTC; whole minutes on the wire.
        volume_l: total register, litres.
        cutoff_l: cut-off volume held by the meter, litres; NO_LIMIT_LITRES for none.
        valve: where the valve stands.
        countdown: half hours without communication that are left before the valve may close.
        low_credit: less than the meter's threshold is left before the cut-off.
        button: a hand pressed the meter's button since the last acknowledged report.
        battery_days: days that the battery will last.
        half_hours: rows not yet acknowledged, oldest first, one each half hour without a gap, at most 16.
        more: others wait; they follow at once after the acknowledgement.
        low_battery: the status byte's battery bit.
    """

    meter: GasAddress
    access_number: int
    clock: Instant
    volume_l: int
    cutoff_l: int
    valve: ValveState
    countdown: int
    low_credit: bool = False
    button: bool = False
    battery_days: int = 0
    half_hours: tuple[HalfHour, ...] = ()
    more: bool = False
    low_battery: bool = False


@dataclass(frozen=True, slots=True)
class ReadTotalVolume:
    """Order 1: say the total register."""


@dataclass(frozen=True, slots=True)
class ReadCutoffVolume:
    """Order 2: say the cut-off volume."""


@dataclass(frozen=True, slots=True)
class ReadPrepayStatus:
    """Order 3: say total register, cut-off volume and valve."""


@dataclass(frozen=True, slots=True)
class WriteCutoff:
    """Order 4: take a new cut-off volume, and refill the countdown where a delay is given.

    Attributes:
        cutoff_l: 0 to 99 999 999 litres; NO_LIMIT_LITRES for a cut-off that never comes.
        delay_half_hours: 0 to MAX_DELAY_HALF_HOURS becomes the countdown; None leaves it as it is.
    """

    cutoff_l: int
    delay_half_hours: int | None = None


@dataclass(frozen=True, slots=True)
class OpenValve:
    """Order 5: open the valve."""


@dataclass(frozen=True, slots=True)
class CloseValve:
    """Order 6: close the valve."""


Order = ReadTotalVolume | ReadCutoffVolume | ReadPrepayStatus | WriteCutoff | OpenValve | CloseValve


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The hub has the report.

    Attributes:
        access_number: that of the report.
    """

    access_number: int


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The meter's answer to an order; what the order does not concern is None.

    Attributes:
        meter: who answers.
        access_number: that of the order, and so of the report before it.
        volume_l: total register, litres.
        cutoff_l: cut-off volume, litres.
        valve: where the valve stands after the order.
        countdown: half hours left after the order.
        refusal: why nothing was done; None where the order was done. A code outside `Refusal` stays an integer.
    """

    meter: GasAddress
    access_number: int
    volume_l: int | None = None
    cutoff_l: int | None = None
    valve: ValveState | None = None
    countdown: int | None = None
    refusal: Refusal | int | None = None
