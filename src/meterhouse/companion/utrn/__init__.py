"""the GB prepayment code of 20 digits, made and taken (GBCS §14)"""

from meterhouse.companion.utrn.check_digit import check_digit, check_digit_is_right
from meterhouse.companion.utrn.key import UtrnKey
from meterhouse.companion.utrn.reader import COUNTER_CACHE, UtrnLimits, UtrnReader, UtrnResult
from meterhouse.companion.utrn.refusal import UtrnError, UtrnRefusal
from meterhouse.companion.utrn.token import LARGEST_COUNTER, Utrn, in_utrn_range, make_utrn
from meterhouse.companion.utrn.value import LARGEST_MONEY5, UtrnValue, ValueClass

__all__ = [
    "COUNTER_CACHE",
    "LARGEST_COUNTER",
    "LARGEST_MONEY5",
    "Utrn",
    "UtrnError",
    "UtrnKey",
    "UtrnLimits",
    "UtrnReader",
    "UtrnRefusal",
    "UtrnResult",
    "UtrnValue",
    "ValueClass",
    "check_digit",
    "check_digit_is_right",
    "in_utrn_range",
    "make_utrn",
]
