"""Limits that officers have tightened: kept with their signatures, and applied anew each time the catalogue is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.use_cases import own_catalogue, own_limits
from meterhouse.companion.limits import FieldRange, Limits, Tightening
from meterhouse.companion.sealed import Catalogue, UseCase
from meterhouse.crypto import PublicPoint
from meterhouse.model import Instant
from meterhouse.store import Database, SqlAuditChain, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import Duty, Staff

__all__ = ["KeptUseCases", "keep_tightening", "kept_limits", "tighten"]

_LIMIT: Final = "limit"


def kept_limits(transaction: Transaction, staff: Staff) -> Limits:
    """The house's limits with every tightening that was kept.

    Raises:
        PolicyError, AuthenticationError: a kept tightening is not what an officer signed: somebody wrote it by hand.
    """
    limits, kept = own_limits(), SqlTrustRecords(transaction).all(_LIMIT)
    officers = _officers(staff) if kept else {}
    for told in kept:
        to = FieldRange(told["least"], told["most"])
        change = Tightening(told["name"], to, told["officer"], bytes.fromhex(told["signature"]))
        limits = limits.tightened(change, officers)
    return limits


def keep_tightening(transaction: Transaction, staff: Staff, change: Tightening, now: Instant) -> Limits:
    """Keep an officer's word.

    Returns:
        The limits with it.

    Raises:
        PolicyError, AuthenticationError, ConfigurationError: see `Limits.tightened`.
    """
    limits = kept_limits(transaction, staff).tightened(change, _officers(staff))
    name, to = change.name, change.to
    body = {"name": name, "least": to.least, "most": to.most, "officer": change.officer}
    SqlTrustRecords(transaction).put(_LIMIT, name, "tightened", {**body, "signature": change.signature.hex()}, now)
    return limits


class KeptUseCases:
    """The use cases within the limits as they are kept; whoever holds `catalogue` sees each tightening after `look`.

    Args:
        read: what the limits are now; see `kept_limits` for what it raises.
    """

    def __init__(self, read: Callable[[], Limits]) -> None:
        self._read = read
        self._limits = read()
        self._use_cases: dict[int, UseCase] = dict(own_catalogue(self._limits))

    @property
    def catalogue(self) -> Catalogue:
        """Of all of them; the same object for ever."""
        return self._use_cases

    def look(self) -> None:
        """Take in what was tightened since.

        Raises:
            PolicyError, AuthenticationError: a kept tightening is not what an officer signed; all stays as it was.
        """
        limits = self._read()
        if limits != self._limits:
            self._limits = limits
            self._use_cases.update(own_catalogue(limits))


def tighten(
    database: Database,
    signing: SigningTalk,
    staff: Staff,
    name: str,
    to: FieldRange,
    officer: str,
    passphrase: str,
    now: Instant,
) -> Limits:
    """Tighten a limit by an officer's word; durable when it returns.

    Raises:
        PolicyError: it would loosen the limit, or this is no officer.
        ConfigurationError: there is no such limit.
        LinkError: the signing daemon, which holds the pen, is away.
    """
    word = signing.tighten_word(officer, passphrase, name, to)

    def keep(transaction: Transaction) -> Limits:
        limits = keep_tightening(transaction, staff, Tightening(name, to, officer, word), now)
        SqlAuditChain(transaction).write(now, officer, "limit.tightened", name, {"least": to.least, "most": to.most})
        return limits

    return database.run(keep)


def _officers(staff: Staff) -> dict[str, PublicPoint]:
    return {name: each.public for name, each in staff.items() if Duty.OFFICER in each.duties}
