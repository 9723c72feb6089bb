"""Old prepayment sites brought to their new meters by a file, all of them in one transaction (S3-63, S3-76)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, insert, select

from meterhouse.model import Instant, MeterhouseError, Money, StateError
from meterhouse.store.registry import RegisteredMeter, SqlRegistry
from meterhouse.store.schema import accounts, batches
from meterhouse.store.till import Till
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.store.vending_rows import account_record
from meterhouse.supplier.ledger import opening_debt_entry, post
from meterhouse.supplier.vending import (
    AccountRecord,
    AccountState,
    Agreement,
    BadLine,
    Issue,
    Migration,
    MigrationError,
    OldSite,
    Opening,
    RequestConflictError,
    VendKind,
    agree,
    opening_of,
    parse_migration,
)

__all__ = ["MigratedSite", "MigrationReport", "migrate_sites"]

_BY_DIGEST: Final = select(batches).where(batches.c.digest == bindparam("id"))
_BY_NAME: Final = select(batches).where(batches.c.network == bindparam("whose"), batches.c.name == bindparam("named"))
_ACCOUNT: Final = select(accounts).where(accounts.c.account == bindparam("id"))


@dataclass(frozen=True, slots=True)
class MigratedSite:
    """What became of one site. Money in 10⁻⁵ of the unit.

    Attributes:
        request_id: of the opening token; its receipt holds the digits.
        steps: (what, how much) from the old credit to the opening credit.
        opening: the value of the opening token; the token itself carries this, rounded up to what it can tell.
        debt: owed on the new account.
        debt_share: of each payment, in 1/100 of a per cent.
    """

    request_id: str
    home: str
    account: str
    steps: tuple[tuple[str, int], ...]
    opening: int
    debt: int
    debt_share: int


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What became of a file; the same for every repeat of it."""

    system: str
    name: str
    currency: str
    sites: tuple[MigratedSite, ...]


def migrate_sites(till: Till, content: bytes, now: Instant) -> MigrationReport:
    """Open the accounts of a file, book their debt, and make each an opening token: all of it, or nothing.

    A site without credit gets a token of no value: it proves the way to the new meter, and carries the debt to show.
    The same file again gives the same report and changes nothing.

    Raises:
        MigrationError: the file, or lines of it, cannot be taken; every bad line is told, and nothing was done.
        RequestConflictError: another file had this name.
        MeterhouseError: the store or the key store failed; nothing was done.
    """
    digest = sha256(content).hexdigest()
    before = till.database.read(lambda tx: _before(tx, digest))
    if before is not None:
        return before
    migration = parse_migration(content)
    return till.database.run(lambda tx: _take(tx, till, migration, digest, now))


def _take(tx: Transaction, till: Till, migration: Migration, digest: str, now: Instant) -> MigrationReport:
    before = _before(tx, digest)
    if before is not None:
        return before
    if tx.first(_BY_NAME, {"whose": migration.system, "named": migration.name}) is not None:
        raise RequestConflictError(
            f"file {migration.name} of {migration.system} was taken before, with other contents",
            why="A file's name is one content for ever.",
            remedy="Give the new file a name of its own.",
        )
    meters: dict[str, RegisteredMeter] = {}
    bad: list[BadLine] = []
    for site in migration.sites:
        try:
            meters[site.request_id] = _checked(tx, till, site)
        except MeterhouseError as error:
            bad.append(BadLine(site.number, error.what))
    if bad:
        raise MigrationError(bad)
    moved = [_move(tx, till, site, meters[site.request_id], now) for site in migration.sites]
    report = MigrationReport(migration.system, migration.name, migration.currency, tuple(moved))
    row = {"digest": digest, "network": migration.system, "name": migration.name, "at": now}
    tx.execute(insert(batches), {**row, "report": json.dumps(asdict(report))})
    return report


def _checked(tx: Transaction, till: Till, site: OldSite) -> RegisteredMeter:
    """The new meter of a site that can be moved; whatever it takes is looked at before anything is written."""
    found = [meter for meter in SqlRegistry(tx).meters(site.home) if meter.record.pan]
    row = tx.first(_ACCOUNT, {"id": site.account})
    if row is not None and len(found) > 1:  # of a home that prepays both fuels, the account says which is meant
        found = [meter for meter in found if meter.record.meter.octets.hex() == row.meter] or found
    if len(found) != 1:
        raise StateError(f"home {site.home} has {len(found)} prepayment meters, not one")
    meter = found[0]
    till.check_opening(meter.record, opening_of(site.old).credit)
    if row is not None:
        account = account_record(row)
        currency = site.old.credit.currency
        if (account.home, row.meter) != (site.home, meter.record.meter.octets.hex()):
            raise StateError(f"account {site.account} is another home's")
        if account.state is not AccountState.OPEN or account.debt != Money(0, currency):
            raise StateError(f"account {site.account} is closed, owes already, or is in another currency")
        if SqlVendingRecords(tx).latest(site.account) is not None:
            raise StateError(f"account {site.account} has been sold to already")
    return meter


def _move(tx: Transaction, till: Till, site: OldSite, meter: RegisteredMeter, now: Instant) -> MigratedSite:
    opening = opening_of(site.old)
    _open(tx, site, opening, meter, now)
    kind = VendKind.OPENING if opening.credit.amount else VendKind.TEST
    till.issue_within(tx, Issue(site.request_id, site.account, kind, opening.credit), now)
    return MigratedSite(
        request_id=site.request_id,
        home=site.home,
        account=site.account,
        steps=tuple((step.what, step.amount.amount) for step in opening.steps),
        opening=opening.credit.amount,
        debt=opening.debt.amount,
        debt_share=site.debt_share,
    )


def _open(tx: Transaction, site: OldSite, opening: Opening, meter: RegisteredMeter, now: Instant) -> None:
    registry, records = SqlRegistry(tx), SqlVendingRecords(tx)
    row = tx.first(_ACCOUNT, {"id": site.account})
    if row is None:
        account = AccountRecord(site.account, site.home, opening.debt, site.debt_share)
        registry.open_account(account, meter.record.meter, now)
        return
    agree(records, site.account, Agreement(now, site.debt_share, why=f"moved from {site.request_id}"))
    if opening.debt.amount:
        post(records.book, [opening_debt_entry(site.request_id, account=site.account, debt=opening.debt, at=now)])
        records.save_owed(site.account, opening.debt, account_record(row).tally)


def _before(tx: Transaction, digest: str) -> MigrationReport | None:
    row = tx.first(_BY_DIGEST, {"id": digest})
    if row is None:
        return None
    told = json.loads(row.report)
    sites = [MigratedSite(**{**site, "steps": tuple(map(tuple, site["steps"]))}) for site in told.pop("sites")]
    return MigrationReport(**told, sites=tuple(sites))
