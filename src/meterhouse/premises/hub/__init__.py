"""the account, the gas mirror and the keypad, between the meters and the supplier"""

from meterhouse.premises.hub.account_record import AccountRecord, read_account_record
from meterhouse.premises.hub.by_hand import ByHand, HandVerdict
from meterhouse.premises.hub.display import DisplayLine, DisplayPage, display_of
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.hub import Hub
from meterhouse.premises.hub.meter_credit import MirroredCredit, MirroredTerms
from meterhouse.premises.hub.settings import ElectricitySetup, GasSetup, HubSettings

__all__ = [
    "AccountRecord",
    "ByHand",
    "DisplayLine",
    "DisplayPage",
    "ElectricitySetup",
    "GasMirror",
    "GasSetup",
    "HandVerdict",
    "Hub",
    "HubSettings",
    "MirroredCredit",
    "MirroredTerms",
    "display_of",
    "read_account_record",
]
