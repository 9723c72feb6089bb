"""What a hub is set up with."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterhouse.companion.gas import GasAddress
from meterhouse.model import ConfigurationError, Eui64
from meterhouse.premises.orders import DeviceTrust
from meterhouse.premises.prepay import PrepaySetup
from meterhouse.protocols import dlms

__all__ = ["ElectricitySetup", "GasSetup", "HubSettings"]


@dataclass(frozen=True, slots=True)
class GasSetup:
    """The gas meter of the home and the key shared with it; `prepay` is None in a credit home."""

    meter: GasAddress
    own: GasAddress
    master_key: bytes = field(repr=False)
    no_comms_half_hours: int
    prepay: PrepaySetup | None


@dataclass(frozen=True, slots=True)
class ElectricitySetup:
    """An account of electricity that stands in the hub.

    Attributes:
        no_comms_half_hours: the meter goes on so long without its hub; as its own `hub_account_delay`.
        prepay: the account.
    """

    no_comms_half_hours: int
    prepay: PrepaySetup


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What a hub is set up with.

    Attributes:
        serial: its logical device name, up to 16 ASCII characters.
        meter_title: system title of the electricity meter on the wire.
        head_end_keys: of the head end's association with this hub.
        meter_keys: of the hub's own association with the electricity meter.
        trust: whose sealed orders it takes for the gas; its identity is the gas meter's. None: by plain DLMS.
        sealed_meter: whether the electricity meter takes sealed orders, whose notes the hub carries.
        electricity: the account of electricity where it stands in the hub; else None.
        mirrors_credit: whether the electricity meter holds an account of its own, which the hub then shows.
    """

    name: str
    identity: Eui64
    serial: str
    meter_title: bytes
    head_end_keys: dlms.Keys = field(repr=False)
    meter_keys: dlms.Keys = field(repr=False)
    gas: GasSetup | None = None
    trust: DeviceTrust | None = None
    sealed_meter: bool = False
    electricity: ElectricitySetup | None = None
    mirrors_credit: bool = False

    def __post_init__(self) -> None:
        """Refuse two accounts for one meter.

        Raises:
            ConfigurationError: an account in the hub, and another in the meter.
        """
        if self.electricity is not None and self.mirrors_credit:
            raise ConfigurationError(
                f"hub {self.serial} holds an electricity account and shows another of the meter's",
                why="A meter has one account.",
            )
