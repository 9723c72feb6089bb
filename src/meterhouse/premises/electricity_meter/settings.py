"""What an electricity meter is made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import ConfigurationError, Eui64
from meterhouse.premises.electricity_meter.supply_switch import ARM_ONLY_MODE
from meterhouse.premises.orders import DeviceTrust
from meterhouse.premises.prepay import PrepaySetup
from meterhouse.protocols import dlms

__all__ = ["LONGEST_HUB_DELAY", "ElectricityMeterSettings"]

LONGEST_HUB_DELAY: Final = 48 * 62
"""Half hours: two months without a hub are an open supply by another name."""


@dataclass(frozen=True, slots=True)
class ElectricityMeterSettings:
    """What a meter is made with.

    Attributes:
        serial: its logical device name, up to 16 ASCII characters.
        head_end_keys, hub_keys: of the two clients that prove themselves.
        open_reader: whether a client without keys may read registers and profiles (for homes that own their meter).
        drift_ppm: of its clock.
        control_mode: of its switch: 0 never opens, 1 or 3 close by hand only; there is no other.
        arm_key: of the codes that arm it on the spot (`companion.arm_code`); empty for a meter that takes none.
        trust: whose sealed orders it takes; None for a meter without: then its head end arms it by DLMS.
        prepay: the account that it holds; None where it holds none.
        hub_account_delay: where its hub holds the account, the half hours that it goes on without that hub, 1 to
            `LONGEST_HUB_DELAY`; None where no hub may tell it when credit ends.

    Raises:
        ConfigurationError: an account in the meter and one in the hub, a delay that is none, or an account behind a
            switch that never opens.
    """

    name: str
    identity: Eui64
    serial: str
    head_end_keys: dlms.Keys = field(repr=False)
    hub_keys: dlms.Keys = field(repr=False)
    open_reader: bool = False
    drift_ppm: int = 0
    trust: DeviceTrust | None = None
    control_mode: int = ARM_ONLY_MODE
    arm_key: bytes = field(default=b"", repr=False)
    prepay: PrepaySetup | None = None
    hub_account_delay: int | None = None

    def __post_init__(self) -> None:
        """Refuse what would be two accounts, or one without effect."""
        if self.prepay is None and self.hub_account_delay is None:
            return
        if self.prepay is not None and self.hub_account_delay is not None:
            raise ConfigurationError(
                f"meter {self.serial} holds an account and has a delay for an account in its hub",
                why="One balance, in one place.",
                remedy="Give prepay, or hub_account_delay.",
            )
        if self.hub_account_delay is not None and not 1 <= self.hub_account_delay <= LONGEST_HUB_DELAY:
            raise ConfigurationError(
                f"meter {self.serial}: {self.hub_account_delay} half hours without its hub",
                why=f"It is 1 to {LONGEST_HUB_DELAY}: a hub that is restarted is no want of credit.",
            )
        if self.control_mode == 0:
            raise ConfigurationError(
                f"meter {self.serial} has an account and a switch that never opens (control mode 0)",
                why="Credit that ends would end nothing.",
            )
