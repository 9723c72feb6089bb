"""the account, the gas mirror and the keypad, between the meters and the supplier"""

from meterhouse.premises.hub.gas_account import CreditLimits, GasAccount
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_tariff import UNUSED_BLOCK, GasTariff
from meterhouse.premises.hub.hub import GasSetup, Hub, HubSettings, PrepaySetup
from meterhouse.premises.hub.token_slot import BALANCE_LIMIT, Entry, TokenSlot

__all__ = [
    "BALANCE_LIMIT",
    "UNUSED_BLOCK",
    "CreditLimits",
    "Entry",
    "GasAccount",
    "GasMirror",
    "GasSetup",
    "GasTariff",
    "Hub",
    "HubSettings",
    "PrepaySetup",
    "TokenSlot",
]
