"""The state of an account and of its used tokens, written down by another device: looked at before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meterhouse.model import Fuel, MalformedError
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.measure import MEASURES
from meterhouse.premises.prepay.tariff import COMING_LIMIT, UNUSED_BLOCK
from meterhouse.protocols import sts
from meterhouse.rules import BLOCKS, RATES, SLOTS
from meterhouse.rules.emergency import ACTIVE

__all__ = ["INSTANTS", "check_account", "check_used"]

INSTANTS: Final = range(1 << 47)
"""ms: up to the year 6429, which every date on a wire can say."""

_DAYS: Final = 7
_MONEY: Final = range(-(1 << 31), 1 << 31)
_PRICES: Final = range(1 << 32)
_SUMS: Final = range(-(1 << 62), 1 << 62)
_COUNTS: Final = range(1 << 62)
_CALORIFIC: Final = range(1, 1 << 17)
_USED: Final = 100
"""Used tokens that any scheme remembers, at most."""
_TIDS: Final = range(1 << 24)
_COUNTERS: Final = range(1 << 32)

_WHOLE: Final[Mapping[str, range]] = {
    "balance": _MONEY,
    "standing_charge": _PRICES,
    "price": _PRICES,
    "used_wh": _COUNTS,
    "emergency": range(ACTIVE + 1),
    "emergency_limit": range(1 << 31),
    "emergency_threshold": range(1 << 31),
    "low_threshold": range(1 << 31),
    "residue": _COUNTS,
    "credited": _COUNTS,
    "tokens": _COUNTS,
    "consumed": _SUMS,
    "opening": _SUMS,
    "provisional": _SUMS,
}
_MAYBE: Final[Mapping[str, range]] = {"charged_until": INSTANTS, "debt_note": _COUNTERS}
_FLAGS: Final = ("exact_blocks", "disbelieved")


def check_account(state: object, fuel: Fuel) -> dict[str, Any]:
    """The state, if it is one that `PrepayAccount.state` could have written and that can be reckoned with.

    Raises:
        MalformedError: a field is missing, unknown, of another kind, or out of every range.
    """
    if not isinstance(state, dict):
        raise _malformed("the state of an account", "it is no object")
    try:
        account = PrepayAccount.restored(state, fuel)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _malformed("the state of an account", f"{error}") from error
    for name, allowed in _WHOLE.items():
        _whole(name, getattr(account, name), allowed)
    for name, maybe in _MAYBE.items():
        _whole(name, getattr(account, name), maybe, optional=True)
    registers = range(MEASURES[fuel].limit)
    _whole("charged", account.charged, registers, optional=True)
    _whole("provisional register", account.provisional_register, registers, optional=True)
    if (account.charged is None) is not (account.charged_until is None):
        raise _malformed("the state of an account", "it is charged up to a reading or up to a time, and not to both")
    if any(type(getattr(account, name)) is not bool for name in _FLAGS):
        raise _malformed("the state of an account", "what is yes or no is neither")
    _rows("friendly", account.friendly, range(1 << SLOTS), _DAYS)
    calorific = _CALORIFIC if fuel is Fuel.GAS else range(1)
    _tariff(account, calorific)
    if len(account.coming) > COMING_LIMIT or len(account.coming_cv) > COMING_LIMIT:
        raise _malformed("the state of an account", f"more than {COMING_LIMIT} tariffs are to come")
    for coming in account.coming:
        _whole("begin of a tariff", coming.begins, INSTANTS)
        _tariff(coming.tariff, calorific)
    for begins, cv in account.coming_cv:
        _whole("begin of a calorific value", begins, INSTANTS)
        _whole("calorific value", cv, calorific)
    return state


def _tariff(tariff: Any, calorific: range) -> None:
    _rows("prices", tariff.prices, _PRICES, RATES * BLOCKS)
    _rows("rates", tariff.rates, range(RATES), 2 * SLOTS)
    _rows("thresholds", tariff.thresholds_wh, range(1, UNUSED_BLOCK + 1), BLOCKS - 1)
    _whole("standing charge", tariff.standing_charge, _PRICES)
    _whole("calorific value", tariff.cv, calorific)


def check_used(used: object) -> dict[str, Any]:
    """What `TokenSlot.used` could have written of either scheme, or of both.

    Raises:
        MalformedError: it is something else.
    """
    if not isinstance(used, dict):
        raise _malformed("what is known of used tokens", "it is no object")
    of_sts = used.get("sts", used)
    if not isinstance(of_sts, dict):
        raise _malformed("what is known of used tokens", "what it says of STS is no object")
    _rows("used identifiers", of_sts.get("tids"), _TIDS, sts.TID_MEMORY, rising=True)
    if "utrn" in used:
        codes = used["utrn"]
        if not isinstance(codes, dict):
            raise _malformed("what is known of used tokens", "what it says of codes is no object")
        _whole("first counter", codes.get("first"), _COUNTERS)
        counters = codes.get("counters")
        if not isinstance(counters, list) or len(counters) > _USED:
            raise _malformed("what is known of used tokens", f"used counters are a row of up to {_USED}")
        _rows("used counters", counters, _COUNTERS, len(counters), rising=True)
        if len(set(counters)) < len(counters):
            raise _malformed("what is known of used tokens", "a counter stands there twice")
    return used


def _whole(name: str, value: object, allowed: range, *, optional: bool = False) -> None:
    if optional and value is None:
        return
    if type(value) is not int or value not in allowed:
        raise _malformed(name, f"{str(value)[:40]} is no whole number of {allowed.start} to {allowed.stop - 1}")


def _rows(name: str, row: object, allowed: range, length: int, *, rising: bool = False) -> None:
    if not isinstance(row, list | tuple) or len(row) != length:
        raise _malformed(name, f"it is no row of {length}")
    for value in row:
        _whole(name, value, allowed)
    if rising and list(row) != sorted(row):
        raise _malformed(name, "it does not rise")


def _malformed(what: str, why: str) -> MalformedError:
    return MalformedError(f"malformed: {what}", why=f"{why}.", remedy="Take an older record, or read the hub again.")
