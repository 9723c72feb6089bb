"""The file with which an old prepayment system hands over its sites: what each old meter held, and what is owed.

::

    H,old-keypads,2026-11-21-01,2026-11-21,GBP         header: old system, name of the file, date, currency
    M,000017,07,1007,12.34,1.50,0.00,85.00,20          site: its id in the old system, home, new account,
                                                         credit, emergency credit used, standing charges owed,
                                                         debt, share of each payment for the debt (per cent)
    T,1,12.34,85.00                                    trailer: how many sites, total credit, total debt

CSV (RFC 4180), UTF-8. It is taken whole or not at all; each bad line is told, once.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, Money, UsageError, parse_instant
from meterhouse.supplier.vending.batch import BATCH_BYTES, BatchError
from meterhouse.supplier.vending.debt import WHOLE_SHARE
from meterhouse.supplier.vending.opening import OldMeter
from meterhouse.supplier.vending.payment import REQUEST_ID_LENGTH

__all__ = ["SITES_MOST", "BadLine", "Migration", "MigrationError", "OldSite", "parse_migration"]

SITES_MOST: Final = 100_000
"""Most sites in one file: they are one transaction."""
_NAME_LENGTH: Final = 64
_HEADER: Final = 5
_SITE: Final = 9
_TRAILER: Final = 4
_LARGEST: Final = 10**12
"""10 000 000.00 of the unit: more stands on no meter."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken.

    Attributes:
        number: from 1; 0 for the file as a whole.
        why: one sentence.
    """

    number: int
    why: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.why}" if self.number else self.why


class MigrationError(BatchError):
    """The file cannot be taken, and nothing of it was. `lines` says why, a sentence for each bad line."""

    def __init__(self, lines: Sequence[BadLine]) -> None:
        count = len(lines)
        super().__init__(
            f"the file has {count} bad line{'s' if count > 1 else ''}; nothing of it was taken",
            why="; ".join(map(str, lines[:3])) + ("; …" if count > 3 else "."),
            remedy="Correct them and send the file again.",
        )
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class OldSite:
    """One site of the old system.

    Attributes:
        number: of its line.
        request_id: `old system/its own id`; names the opening token.
        home: where the new meter is.
        account: the new account; opened if it is not there.
        old: what the old meter held.
        debt_share: of each payment, in 1/100 of a per cent.
    """

    number: int
    request_id: str
    home: str
    account: str
    old: OldMeter
    debt_share: int


@dataclass(frozen=True, slots=True)
class Migration:
    """A whole file."""

    system: str
    name: str
    at: Instant
    currency: str
    sites: tuple[OldSite, ...]


def parse_migration(content: bytes) -> Migration:
    """The sites of a file, once every line has been found good.

    Raises:
        MigrationError: it is not a whole file, or lines of it are bad: all of them are told.
    """
    rows = _rows(content)
    system, name, at, currency = _header(rows[0])
    if len(rows) - 2 > SITES_MOST:
        raise MigrationError([BadLine(0, f"the file has {len(rows) - 2} sites; the most is {SITES_MOST}")])
    sites: list[OldSite] = []
    bad: list[BadLine] = []
    for number, row in enumerate(rows[1:-1], 2):
        try:
            sites.append(_site(number, row, system, currency))
        except UsageError as error:
            bad.append(BadLine(number, error.what))
    bad += _twice(sites)
    bad += [] if bad else _trailer(len(rows), rows[-1], sites, currency)
    if bad:
        raise MigrationError(sorted(bad, key=lambda line: line.number))
    return Migration(system, name, at, currency, tuple(sites))


def _rows(content: bytes) -> list[list[str]]:
    if len(content) > BATCH_BYTES:
        raise MigrationError([BadLine(0, f"the file has {len(content)} bytes; the most is {BATCH_BYTES}")])
    try:
        rows = list(csv.reader((f"{line}\n" for line in content.decode("utf-8").splitlines()), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MigrationError([BadLine(0, f"the file is not CSV in UTF-8: {error}")]) from error
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) < 2 or not rows[-1] or rows[-1][0] != "T":
        raise MigrationError([BadLine(0, "the file has no trailer at its end: it is half a file, or not one of sites")])
    return rows


def _header(row: Sequence[str]) -> tuple[str, str, Instant, str]:
    remedy = "write it like H,old system,name,2026-11-21,GBP"
    if len(row) != _HEADER or row[0] != "H" or not all(row):
        raise MigrationError([BadLine(1, f"it is no header; {remedy}")])
    _, system, name, date, currency = row
    if max(len(system), len(name)) > _NAME_LENGTH or not (system + name).isprintable() or "/" in system:
        raise MigrationError([BadLine(1, f"a name has up to {_NAME_LENGTH} printing characters, and a system's no /")])
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise MigrationError([BadLine(1, f"'{currency}' is no currency")])
    try:
        return system, name, parse_instant(date), currency
    except UsageError as error:
        raise MigrationError([BadLine(1, error.what)]) from error


def _site(number: int, row: Sequence[str], system: str, currency: str) -> OldSite:
    if len(row) != _SITE or row[0] != "M" or not all(row):
        raise UsageError("it is no site; write it like M,id,home,account,12.34,1.50,0.00,85.00,20")
    _, own_id, home, account, credit, emergency, charges, debt, share = row
    if max(len(system) + 1 + len(own_id), len(home), len(account)) > REQUEST_ID_LENGTH:
        raise UsageError(f"an id, a home or an account is longer than {REQUEST_ID_LENGTH} characters")
    amounts = [Money.parse(text, currency) for text in (credit, emergency, charges, debt)]
    if any(abs(amount.amount) > _LARGEST for amount in amounts):
        raise UsageError("an amount is larger than any meter holds")
    if min(amount.amount for amount in amounts[1:]) < 0:
        raise UsageError("emergency credit used, charges owed and debt are not below zero")
    percent = Money.parse(share, currency).amount
    debt_share = percent * (WHOLE_SHARE // 100) // 100_000
    if not 0 <= debt_share <= WHOLE_SHARE or debt_share * 1_000 != percent:
        raise UsageError(f"a share of {share} per cent is not 0 to 100, or finer than 0.01")
    return OldSite(number, f"{system}/{own_id}", home, account, OldMeter(*amounts), debt_share)


def _twice(sites: Iterable[OldSite]) -> list[BadLine]:
    """A site, a home or an account that stands on two lines: which is right nobody can tell."""
    found = {
        "id": [site.request_id for site in sites],
        "home": [site.home for site in sites],
        "account": [site.account for site in sites],
    }
    many = {what: {name for name, count in Counter(names).items() if count > 1} for what, names in found.items()}
    bad = []
    for site in sites:
        told = {"id": site.request_id, "home": site.home, "account": site.account}
        what = next((name for name, value in told.items() if value in many[name]), None)
        if what is not None:
            bad.append(BadLine(site.number, f"{what} {told[what]} stands on two lines"))
    return bad


def _trailer(lines: int, row: Sequence[str], sites: Sequence[OldSite], currency: str) -> list[BadLine]:
    credit = Money(sum(site.old.credit.amount for site in sites), currency)
    debt = Money(sum(site.old.debt.amount for site in sites), currency)
    try:
        amounts = [Money.parse(text, currency) for text in row[2:]]
        if len(row) == _TRAILER and (int(row[1]), *amounts) == (len(sites), credit, debt):
            return []
    except (UsageError, ValueError):
        pass  # not the totals of this file, whatever else it is
    held = f"{len(sites)} sites, credit {credit.decimal()}, debt {debt.decimal()}"
    return [BadLine(lines, f"the trailer says {', '.join(row[1:])}, and the file holds {held}")]
