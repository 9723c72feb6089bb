"""Limits that officers have tightened: kept with their signatures, and applied anew each time the catalogue is read."""

from __future__ import annotations

from typing import Final

from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.use_cases import own_limits
from meterhouse.companion.limits import FieldRange, Limits, Tightening
from meterhouse.model import Instant
from meterhouse.store import Database, SqlAuditChain, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import Duty, Staff

__all__ = ["kept_limits", "tighten"]

_LIMIT: Final = "limit"


def kept_limits(transaction: Transaction, staff: Staff) -> Limits:
    """The house's limits with every tightening that was kept.

    Raises:
        PolicyError, AuthenticationError: a kept tightening is not what an officer signed: somebody wrote it by hand.
    """
    limits, officers = own_limits(), {name: each.public for name, each in staff.items() if Duty.OFFICER in each.duties}
    for told in SqlTrustRecords(transaction).all(_LIMIT):
        to = FieldRange(told["least"], told["most"])
        change = Tightening(told["name"], to, told["officer"], bytes.fromhex(told["signature"]))
        limits = limits.tightened(change, officers)
    return limits


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
    officers = {each: person.public for each, person in staff.items() if Duty.OFFICER in person.duties}

    def keep(transaction: Transaction) -> Limits:
        limits = kept_limits(transaction, staff).tightened(Tightening(name, to, officer, word), officers)
        body = {"name": name, "least": to.least, "most": to.most, "officer": officer, "signature": word.hex()}
        SqlTrustRecords(transaction).put(_LIMIT, name, "tightened", body, now)
        SqlAuditChain(transaction).write(now, officer, "limit.tightened", name, {"least": to.least, "most": to.most})
        return limits

    return database.run(keep)
