"""What a hub is set up with."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterhouse.companion.gas import GasAddress
from meterhouse.companion.utrn import UtrnKey, UtrnLimits
from meterhouse.model import Eui64, HalfHour
from meterhouse.premises.hub.gas_account import CreditLimits
from meterhouse.premises.hub.gas_tariff import GasTariff
from meterhouse.premises.orders import DeviceTrust
from meterhouse.protocols import dlms, sts

__all__ = ["GasSetup", "HubSettings", "PrepaySetup"]


@dataclass(frozen=True, slots=True)
class PrepaySetup:
    """What a prepay home has: money in 10⁻⁵ of the unit, and how tokens are proved.

    Attributes:
        token_key, pan: for STS tokens.
        utrn_key: shared with the supplier for GB codes, taken as well as STS tokens; None where there are none.
        utrn_limits: the most in one code; None for all that a code can carry.
        limits: of emergency credit and of the low-credit warning.
        friendly: seven numbers, Monday first: bit n is the half hour n (UTC) in which no supply closes.
        exact_blocks: whether a block changes over at the litre, in place of the half hour after it.
        basis: where the hub takes another's place: the reading up to which that one had charged.
    """

    opening_balance: int
    tariff: GasTariff
    token_key: sts.DecoderKey = field(repr=False)
    pan: sts.MeterPan
    utrn_key: UtrnKey | None = None
    utrn_limits: UtrnLimits | None = None
    limits: CreditLimits = field(default_factory=CreditLimits)
    friendly: tuple[int, ...] = (0,) * 7
    exact_blocks: bool = False
    basis: HalfHour | None = None


@dataclass(frozen=True, slots=True)
class GasSetup:
    """The gas meter of the home and the key shared with it; `prepay` is None in a credit home."""

    meter: GasAddress
    own: GasAddress
    master_key: bytes = field(repr=False)
    no_comms_half_hours: int
    prepay: PrepaySetup | None


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
