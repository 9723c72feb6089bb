"""a prepay account of either fuel, with its tariff and its tokens: in a hub or in a meter"""

from meterhouse.premises.prepay.account import CreditLimits, PrepayAccount
from meterhouse.premises.prepay.account_objects import account_objects
from meterhouse.premises.prepay.account_state import INSTANTS, check_account, check_used
from meterhouse.premises.prepay.prepaid_electricity import CutoffOrder, PrepaidElectricity
from meterhouse.premises.prepay.setup import PrepaySetup, open_account, open_slot
from meterhouse.premises.prepay.tariff import COMING_LIMIT, UNUSED_BLOCK, ComingTariff, EnergyTariff
from meterhouse.premises.prepay.token_handover import knows_tokens_of, take_tokens_of
from meterhouse.premises.prepay.token_slot import BALANCE_LIMIT, Entry, TokenSlot
from meterhouse.premises.prepay.token_taker import EitherTaker, StsTaker, Taken, TokenTaker, UtrnTaker

__all__ = [
    "BALANCE_LIMIT",
    "COMING_LIMIT",
    "INSTANTS",
    "UNUSED_BLOCK",
    "ComingTariff",
    "CreditLimits",
    "CutoffOrder",
    "EitherTaker",
    "EnergyTariff",
    "Entry",
    "PrepaidElectricity",
    "PrepayAccount",
    "PrepaySetup",
    "StsTaker",
    "Taken",
    "TokenSlot",
    "TokenTaker",
    "UtrnTaker",
    "account_objects",
    "check_account",
    "check_used",
    "knows_tokens_of",
    "open_account",
    "open_slot",
    "take_tokens_of",
]
