"""What a hub that takes another's place must know of the gas: money, used tokens, what an order has closed; no key.

The head end reads it under its own association; whoever commissions the next hub gives it that, and what the books know
besides. So a hub that broke is replaced from its last record, and nothing is lost or counted twice: a token that the
record knows is not credited again, and one that it does not know was never in its balance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.model import SECOND, HalfHour, Instant, MalformedError, Quality, parse_instant
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_works import GasWorks
from meterhouse.premises.prepay import PrepayAccount, TokenSlot

__all__ = ["AccountRecord", "first_counter", "read_account_record", "write_account_record"]

_VERSION: Final = 1
_COUNTERS_BEGIN: Final = parse_instant("2020-01-01T00:00:00Z")
_ROWS: Final = 96
"""Newest half hours that travel with it: those of a day that the head end may not have collected."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One hub's record.

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

    def bring_in(self, account: PrepayAccount, slot: TokenSlot, rows: Iterable[HalfHour], tokens: Iterable[str]) -> int:
        """Charge half hours and credit tokens that the record does not know yet; how much was credited.

        Args:
            account: restored from this record.
            slot: of the new hub; knows what is used by this record.
            rows: that the supplier has collected, oldest first; those that were charged change nothing.
            tokens: that the supplier knows to have been accepted, oldest first; those that are used change nothing.
        """
        if account.charged is not None:
            account.charge(rows)
        return sum(slot.take_quietly(token) for token in tokens)


def write_account_record(
    account: PrepayAccount | None, slot: TokenSlot | None, works: GasWorks, mirror: GasMirror, received: int
) -> bytes:
    """The record as an octet string."""
    newest = mirror.log.newest
    rows = [] if newest is None else mirror.log.entries(max(1, mirror.log.count() - _ROWS + 1), mirror.log.count())
    told = {
        "version": _VERSION,
        "account": None if account is None else account.state(),
        "used": {} if slot is None else slot.used(),
        "works": works.orders_state(),
        "full_countdown": mirror.full_countdown,
        "countdown": mirror.countdown,
        "received": received,
        "rows": rows,
    }
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def read_account_record(octets: bytes) -> AccountRecord:
    """From an octet string.

    Raises:
        MalformedError: no record, or of another version.
    """
    try:
        told = json.loads(octets)
        if told["version"] != _VERSION:
            raise ValueError(f"version {told['version']}")  # noqa: TRY301 -- one sentence for all of them
        rows = tuple(HalfHour(Instant(end), int(register), Quality(status)) for end, status, register in told["rows"])
        account = told["account"]
        if account is not None:
            PrepayAccount.restored(account)
        return AccountRecord(
            account,
            dict(told["used"]),
            {str(name): int(value) for name, value in told["works"].items()},
            int(told["full_countdown"]),
            int(told["countdown"]),
            int(told["received"]),
            rows,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedError("the bytes are no record of a gas account", why=f"{error}.") from error


def first_counter(now: Instant) -> int:
    """The least counter of the gas link that this second may use: seconds of this century's twenties.

    A hub that takes another's place, or goes on twice from one snapshot, so never says again what was said before it:
    no hub sends a telegram a second for years.
    """
    return max(0, (now - _COUNTERS_BEGIN) // SECOND)
