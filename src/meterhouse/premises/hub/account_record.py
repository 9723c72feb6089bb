"""What a hub that takes another's place must know: money, used tokens, what an order has closed; no key.

The head end reads it under its own association; whoever commissions the next hub gives it that, and what the books know
besides. So a hub that broke is replaced from its last record, and nothing is lost or counted twice: a token that the
record knows is not credited again, and one that it does not know was never in its balance.

Version 1 tells of gas alone; version 2 of either fuel or both, and is written only where an account of electricity
stands in the hub, so that whoever knows no other than the first never loses an account by reading past it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.model import (
    REGISTER_LIMIT_LITRES,
    SECOND,
    Fuel,
    HalfHour,
    Instant,
    MalformedError,
    Quality,
    parse_instant,
)
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_works import GasWorks
from meterhouse.premises.prepay import (
    INSTANTS,
    PrepaidElectricity,
    PrepayAccount,
    TokenSlot,
    check_account,
    check_used,
)

__all__ = [
    "AccountRecord",
    "ElectricityRecord",
    "GasRecord",
    "first_counter",
    "gas_record",
    "read_account_record",
    "write_account_record",
]

_GAS_ALONE: Final = 1
_BY_FUEL: Final = 2
_COUNTERS_BEGIN: Final = parse_instant("2020-01-01T00:00:00Z")
_ROWS: Final = 96
"""Newest half hours that travel with it: those of a day that the head end may not have collected."""
_LONGEST: Final = 1 << 18
"""Octets; one with both fuels and a tariff to come has some 8 000."""
_WORKS: Final = {"disabled": range(2), "was_disabled": range(2), "vend_at": range(-1, INSTANTS.stop)}
_COUNTDOWNS: Final = range(1 << 16)
_COUNTERS: Final = range(1 << 62)
_QUALITIES: Final = range(1 << 16)


@dataclass(frozen=True, slots=True)
class GasRecord:
    """What one hub knew of the gas.

    Attributes:
        account: the account's state; None in a home that pays by bill.
        used: what the token slot knows of used tokens.
        works: what of the supply an order has closed or armed.
        full_countdown, countdown: half hours without communication.
        received: counter of the newest telegram of the gas meter.
        rows: newest half hours, oldest first.
    """

    account: dict[str, Any] | None
    used: dict[str, Any]
    works: dict[str, int]
    full_countdown: int
    countdown: int
    received: int
    rows: tuple[HalfHour, ...]


@dataclass(frozen=True, slots=True)
class ElectricityRecord:
    """What it knew of an account of electricity; the half hours are still in the meter.

    Attributes:
        account: the account's state.
        used: what the token slot knows of used tokens.
    """

    account: dict[str, Any]
    used: dict[str, Any]

    def bring_in(self, prepaid: PrepaidElectricity) -> None:
        """Go on with this account in place of a new one."""
        prepaid.restore({"account": self.account, "slot": prepaid.slot.state()})
        prepaid.slot.take_used(self.used)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One hub's record: of the fuels that it had something to tell of."""

    gas: GasRecord | None
    electricity: ElectricityRecord | None = None

    @property
    def account(self) -> dict[str, Any] | None:
        """State of the gas account, where there is one."""
        return None if self.gas is None else self.gas.account


def gas_record(
    account: PrepayAccount | None, slot: TokenSlot | None, works: GasWorks, mirror: GasMirror, received: int
) -> dict[str, Any]:
    """The part about gas."""
    newest = mirror.log.newest
    rows = [] if newest is None else mirror.log.entries(max(1, mirror.log.count() - _ROWS + 1), mirror.log.count())
    return {
        "account": None if account is None else account.state(),
        "used": {} if slot is None else slot.used(),
        "works": works.orders_state(),
        "full_countdown": mirror.full_countdown,
        "countdown": mirror.countdown,
        "received": received,
        "rows": rows,
    }


def write_account_record(gas: dict[str, Any] | None, electricity: PrepaidElectricity | None) -> bytes:
    """The record as an octet string; empty where there is nothing to tell of."""
    told: dict[str, Any]
    if electricity is not None:
        account = {"account": electricity.account.state(), "used": electricity.slot.used()}
        told = {"version": _BY_FUEL, "gas": gas, "electricity": account}
    elif gas is not None:
        told = {"version": _GAS_ALONE} | gas
    else:
        return b""
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def read_account_record(octets: bytes) -> AccountRecord:
    """From an octet string.

    Raises:
        MalformedError: no record, of another version, or with a value that no hub could go on with.
    """
    try:
        if len(octets) > _LONGEST:
            raise ValueError(f"{len(octets)} octets are more than {_LONGEST}")  # noqa: TRY301 -- one sentence for all
        told = json.loads(octets.decode("ascii"))  # as text it is kept by whoever reads it
        version = told["version"]
        if version == _GAS_ALONE:
            return AccountRecord(_read_gas(told))
        if version != _BY_FUEL:
            raise ValueError(f"version {version}")  # noqa: TRY301 -- one sentence for all of them
        electricity = told["electricity"]
        return AccountRecord(
            None if told["gas"] is None else _read_gas(told["gas"]),
            ElectricityRecord(check_account(electricity["account"], Fuel.ELECTRICITY), check_used(electricity["used"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MalformedError) as error:
        why = error.sentence() if isinstance(error, MalformedError) else f"{error}."
        raise MalformedError("the bytes are no record of a hub's accounts", why=why) from error


def _read_gas(told: dict[str, Any]) -> GasRecord:
    account, used, works = told["account"], told["used"], told["works"]
    if account is not None:
        account, used = check_account(account, Fuel.GAS), check_used(used)
    rows = told["rows"]
    if not isinstance(rows, list) or len(rows) > _ROWS:
        raise ValueError(f"the half hours are no row of up to {_ROWS}")
    return GasRecord(
        account,
        dict(used),
        {name: _whole(works[name], allowed) for name, allowed in _WORKS.items()},
        _whole(told["full_countdown"], _COUNTDOWNS),
        _whole(told["countdown"], _COUNTDOWNS),
        _whole(told["received"], _COUNTERS),
        tuple(_row(*row) for row in rows),
    )


def _row(end: object, status: object, register: object) -> HalfHour:
    registered = _whole(register, range(REGISTER_LIMIT_LITRES))
    return HalfHour(Instant(_whole(end, INSTANTS)), registered, Quality(_whole(status, _QUALITIES)))


def _whole(value: object, allowed: range) -> int:
    if type(value) is not int or value not in allowed:
        raise ValueError(f"{str(value)[:40]} is no whole number of {allowed.start} to {allowed.stop - 1}")
    return value


def first_counter(now: Instant) -> int:
    """The least counter of the gas link that this second may use: seconds of this century's twenties.

    A hub that takes another's place, or goes on twice from one snapshot, so never says again what was said before it:
    no hub sends a telegram a second for years.
    """
    return max(0, (now - _COUNTERS_BEGIN) // SECOND)
