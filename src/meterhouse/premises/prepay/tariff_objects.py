"""COSEM objects by which a supplier sets what energy costs, what may be owed, and when no supply closes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.model import DAY, HALF_HOUR, UNIT, Fuel, Instant
from meterhouse.premises.prepay.account import CreditLimits, PrepayAccount
from meterhouse.premises.prepay.tariff import COMING_LIMIT, EnergyTariff
from meterhouse.protocols import dlms
from meterhouse.rules import BLOCKS, RATES, SLOTS

__all__ = ["tariff_objects"]

_FURTHEST: Final = 366 * DAY
_LARGEST_LIMIT: Final = 100 * UNIT
_EMERGENCY: Final = 2
"""Credit type (IEC 62056-6-2, class 112)."""
_DAYS: Final = 7
_UNITS: Final = {Fuel.GAS: "litres", Fuel.ELECTRICITY: "Wh"}
_REGISTERS: Final = {Fuel.GAS: "register_l", Fuel.ELECTRICITY: "register_wh"}
_ENABLED, _SELECTABLE, _SELECTED, _IN_USE, _EXHAUSTED = range(5)


def _refuse(why: str) -> dlms.AccessRefusedError:
    return dlms.AccessRefusedError(dlms.DataAccessResult.OTHER_REASON, why)


def tariff_objects(account: PrepayAccount, tell: Callable[..., None]) -> list[dlms.ServerObject]:
    """Of one account."""
    of_gas = [_calorific(account, tell)] if account.fuel is Fuel.GAS else []
    return [
        *_prices(account, tell),
        _limits(account, tell),
        _calendar(account, tell),
        _emergency(account),
        _basis(account, tell),
        *of_gas,
    ]


def _prices(account: PrepayAccount, tell: Callable[..., None]) -> list[dlms.ServerObject]:
    def take(tariff: EnergyTariff, now: Instant, begins: Instant | None = None) -> None:
        why = tariff.refusal(account.fuel)
        if why:
            raise _refuse(f"not a sensible tariff: {why}")
        _room({one.begins for one in account.coming}, begins)
        from_ms = account.set_tariff(tariff, now, begins)
        tell(now, "tariff.set", from_ms=from_ms, **tariff.fields())

    def set_flat(value: dlms.CosemData, now: Instant) -> None:
        take(EnergyTariff.flat(*(item.whole() for item in value.items(3))), now)

    def set_matrix(value: dlms.CosemData, now: Instant) -> None:
        at, prices, rates, thresholds, day, cv = value.items(6)
        begins = _activation(at, now)
        tariff = EnergyTariff(
            tuple(item.whole() for item in prices.items(RATES * BLOCKS)),
            tuple(rates.octets()),
            tuple(item.whole() for item in thresholds.items(BLOCKS - 1)),
            day.whole(),
            cv.whole(),
        )
        take(tariff, now, begins)

    def flat() -> dlms.CosemData:
        tariff = account.tariff
        return dlms.structure(*map(dlms.double_long_unsigned, (tariff.price, tariff.standing_charge, tariff.cv)))

    def matrix() -> dlms.CosemData:
        tariff, coming = account.tariff, account.coming
        return dlms.structure(
            dlms.octet_string(dlms.encode_date_time(coming[-1].begins)) if coming else dlms.null,
            dlms.array([dlms.double_long_unsigned(price) for price in tariff.prices]),
            dlms.octet_string(bytes(tariff.rates)),
            dlms.array([dlms.long64_unsigned(threshold) for threshold in tariff.thresholds_wh]),
            dlms.double_long_unsigned(tariff.standing_charge),
            dlms.double_long_unsigned(tariff.cv),
        )

    return [
        dlms.ServerObject(dlms.DATA, ACCOUNT_OBJECTS[account.fuel].tariff, {2: lambda _s, _n: flat()}, {2: set_flat}),
        dlms.ServerObject(
            dlms.DATA, ACCOUNT_OBJECTS[account.fuel].tariff_matrix, {2: lambda _s, _n: matrix()}, {2: set_matrix}
        ),
    ]


def _limits(account: PrepayAccount, tell: Callable[..., None]) -> dlms.ServerObject:
    def write(value: dlms.CosemData, now: Instant) -> None:
        parts = tuple(item.whole() for item in value.items(3))
        if any(not 0 <= part <= _LARGEST_LIMIT for part in parts):
            raise _refuse(f"limits {parts} are not all 0 to {_LARGEST_LIMIT}")
        account.limits = CreditLimits(*parts)
        names = ("emergency_money5", "emergency_threshold_money5", "low_money5")
        tell(now, "limits.set", **dict(zip(names, parts, strict=True)))

    def read() -> dlms.CosemData:
        limits = account.limits
        return dlms.structure(
            *map(dlms.double_long_unsigned, (limits.emergency, limits.emergency_threshold, limits.low))
        )

    return dlms.ServerObject(
        dlms.DATA, ACCOUNT_OBJECTS[account.fuel].credit_limits, {2: lambda _s, _n: read()}, {2: write}
    )


def _calendar(account: PrepayAccount, tell: Callable[..., None]) -> dlms.ServerObject:
    def write(value: dlms.CosemData, now: Instant) -> None:
        week = [item.whole() for item in value.items(_DAYS)]
        if any(not 0 <= day < 1 << SLOTS for day in week):
            raise _refuse(f"a day of a calendar has {SLOTS} half hours")
        account.friendly = week
        tell(now, "calendar.set", half_hours=sum(day.bit_count() for day in week))

    def read() -> dlms.CosemData:
        return dlms.array([dlms.long64_unsigned(day) for day in account.friendly])

    return dlms.ServerObject(dlms.DATA, ACCOUNT_OBJECTS[account.fuel].calendar, {2: lambda _s, _n: read()}, {2: write})


def _calorific(account: PrepayAccount, tell: Callable[..., None]) -> dlms.ServerObject:
    def write(value: dlms.CosemData, now: Instant) -> None:
        at, cv = value.items(2)
        begins = _activation(at, now)
        why = replace(account.tariff_in_force, cv=cv.whole()).refusal()
        if why:
            raise _refuse(why)
        _room({one for one, _ in account.coming_cv}, begins)
        from_ms = account.set_cv(cv.whole(), now, begins)
        tell(now, "cv.set", from_ms=from_ms, cv_kj_m3=cv.whole())

    def read() -> dlms.CosemData:
        coming = account.coming_cv
        begins = dlms.octet_string(dlms.encode_date_time(Instant(coming[-1][0]))) if coming else dlms.null
        return dlms.structure(begins, dlms.double_long_unsigned(coming[-1][1] if coming else account.cv))

    return dlms.ServerObject(dlms.DATA, objects.GAS_CV, {2: lambda _s, _n: read()}, {2: write})


def _activation(at: dlms.CosemData, now: Instant) -> Instant | None:
    begins = None if at == dlms.null else dlms.instant_from(at)
    if begins is not None and (begins % HALF_HOUR or not now <= begins <= now + _FURTHEST):
        raise _refuse(f"activation {begins} is no half hour of the year to come")
    return begins


def _room(coming: set[int], begins: Instant | None) -> None:
    if len(coming) >= COMING_LIMIT and begins not in coming:
        raise _refuse(f"{len(coming)} are to come, and no more are kept")


def _basis(account: PrepayAccount, tell: Callable[..., None]) -> dlms.ServerObject:
    def write(value: dlms.CosemData, now: Instant) -> None:
        register = value.whole()
        if not 0 <= register < account.measure.limit:
            raise _refuse(f"register {register} is not 0 to {account.measure.limit - 1} {_UNITS[account.fuel]}")
        if not account.disbelieved:
            raise _refuse("the register is believed: there is nothing to begin anew")
        account.rebase(register, Instant(now - now % HALF_HOUR))
        tell(now, f"{account.fuel.value}.rebased", **{_REGISTERS[account.fuel]: register})

    def read() -> dlms.CosemData:
        wide = dlms.double_long_unsigned if account.fuel is Fuel.GAS else dlms.long64_unsigned
        return wide(account.charged or 0)

    return dlms.ServerObject(
        dlms.DATA, ACCOUNT_OBJECTS[account.fuel].reading_basis, {2: lambda _s, _n: read()}, {2: write}
    )


def _emergency(account: PrepayAccount) -> dlms.ServerObject:
    def left() -> int:
        return account.emergency_limit + min(account.balance, 0)

    def status() -> int:
        if account.emergency_active:
            if left() <= 0:
                return _EXHAUSTED
            return _IN_USE if account.balance < 0 else _SELECTED
        return _SELECTABLE if account.emergency else _ENABLED

    return dlms.ServerObject(
        dlms.CREDIT,
        ACCOUNT_OBJECTS[account.fuel].emergency_credit,
        {
            2: lambda _s, _n: dlms.double_long(max(left(), 0)),
            3: dlms.constant(dlms.enum(_EMERGENCY)),
            6: lambda _s, _n: dlms.double_long(0),
            8: lambda _s, _n: dlms.enum(status()),
            9: lambda _s, _n: dlms.double_long(account.emergency_limit),
            10: lambda _s, _n: dlms.double_long(account.emergency_threshold),
        },
    )
