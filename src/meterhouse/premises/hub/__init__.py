"""the account, the gas mirror and the keypad, between the meters and the supplier"""

from meterhouse.premises.hub.account_record import AccountRecord, read_account_record
from meterhouse.premises.hub.by_hand import ByHand, HandVerdict
from meterhouse.premises.hub.display import DisplayLine, DisplayPage, display_of
from meterhouse.premises.hub.gas_account import CreditLimits, GasAccount
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_tariff import UNUSED_BLOCK, GasTariff
from meterhouse.premises.hub.hub import Hub
from meterhouse.premises.hub.settings import GasSetup, HubSettings, PrepaySetup
from meterhouse.premises.hub.token_slot import BALANCE_LIMIT, Entry, TokenSlot

__all__ = [
    "BALANCE_LIMIT",
    "UNUSED_BLOCK",
    "AccountRecord",
    "ByHand",
    "CreditLimits",
    "DisplayLine",
    "DisplayPage",
    "Entry",
    "GasAccount",
    "GasMirror",
    "GasSetup",
    "GasTariff",
    "HandVerdict",
    "Hub",
    "HubSettings",
    "PrepaySetup",
    "TokenSlot",
    "display_of",
    "read_account_record",
]
