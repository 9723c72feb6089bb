"""What is fixed about one gas meter when it is made and installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterhouse.companion.gas import LISTEN_WINDOW, MAX_DELAY_HALF_HOURS, GasAddress
from meterhouse.model import MINUTE, SECOND, Duration, UsageError
from meterhouse.premises.gas_meter.battery import BatteryModel

__all__ = ["DEFAULT_DELAY_HALF_HOURS", "GasMeterSettings"]

DEFAULT_DELAY_HALF_HOURS: Final = 144
"""Three days, in the order that a site visit takes (S0-113)."""

_LATEST_WAKE: Final = 20 * MINUTE
_SPREAD: Final = 20_000
_STRIDE: Final = 7_919


@dataclass(frozen=True, slots=True)
class GasMeterSettings:
    """One gas meter. There is no tariff, currency or balance in it (S0-32): all that is in the hub.

    Attributes:
        address: the meter's address on the gas link.
        hub: the one station it listens to.
        master_key: 16 bytes shared with that hub.
        has_valve: False for the plain credit variant: it measures and reports, and refuses orders about a valve.
        low_credit_threshold_l: the warning is on while less than this is left before the cut-off, litres (S0-110).
        delay_half_hours: countdown with which the meter leaves the factory.
        clock_drift_ppm: how much too fast its clock runs, parts per million.
        wake_offset_ms: how long after each half hour it reports; None derives 1 to 21 s from the identification, so
            that neighbours don't talk at the same time.
        listen_window_ms: how long it listens after each of its telegrams.
        battery: capacity and what each act takes.
        mains: True where it is fed by the hub or electricity meter beside it (S0-27): it listens always, so that an
            order is obeyed at once, and it has no battery to watch. Its supply lost, the valve stays as it is.
    """

    address: GasAddress
    hub: GasAddress
    master_key: bytes = field(repr=False)
    has_valve: bool = True
    low_credit_threshold_l: int = 2_000
    delay_half_hours: int = DEFAULT_DELAY_HALF_HOURS
    clock_drift_ppm: int = 0
    wake_offset_ms: int | None = None
    listen_window_ms: Duration = LISTEN_WINDOW
    battery: BatteryModel = field(default_factory=BatteryModel)
    mains: bool = False

    def __post_init__(self) -> None:
        """Refuse what no meter can be built with."""
        for name, value, largest in (
            ("delay", self.delay_half_hours, MAX_DELAY_HALF_HOURS),
            ("wake offset", self.wake_offset, _LATEST_WAKE),
            ("listen window", self.listen_window_ms, MINUTE),
            ("clock drift", abs(self.clock_drift_ppm), 999),
        ):
            if not 0 <= value <= largest:
                raise UsageError(f"{name} {value} is not 0 to {largest}")

    @property
    def wake_offset(self) -> Duration:
        """How long after each half hour the meter reports, ms."""
        if self.wake_offset_ms is not None:
            return self.wake_offset_ms
        return SECOND + self.address.identification * _STRIDE % _SPREAD

    @property
    def name(self) -> str:
        """The machine's name."""
        return f"gas_meter/{self.address.identification:08d}"
