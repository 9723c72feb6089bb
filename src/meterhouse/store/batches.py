"""Batch files of payment networks, taken through a till: each payment once, each file's report kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select

from meterhouse.model import Instant, MeterhouseError
from meterhouse.store.schema import batches
from meterhouse.store.till import Till
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.vending import (
    Batch,
    PaymentRefusedError,
    Reject,
    RequestConflictError,
    parse_batch,
    rejects_text,
)

__all__ = ["BatchReport", "take_batch"]

_AT_ONCE: Final = 1_000
"""Payments that wait for their commit together; what bounds the memory."""

_BY_DIGEST: Final = select(batches).where(batches.c.digest == bindparam("id"))
_BY_NAME: Final = select(batches).where(batches.c.network == bindparam("whose"), batches.c.name == bindparam("named"))


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch; the same for every repeat of the file.

    Attributes:
        taken: how many payments.
        taken_money5: their total, 10⁻⁵ of the unit.
        rejected: how many were refused.
        rejects: the file of rejects.
    """

    network: str
    name: str
    currency: str
    taken: int
    taken_money5: int
    rejected: int
    rejects: str


def take_batch(till: Till, content: bytes, now: Instant) -> BatchReport:
    """Take a batch file. The same file again gives the same report and takes nothing; after a crash, send it again.

    Raises:
        BatchError: it is not a whole batch: nothing was taken.
        RequestConflictError: another file had this name: nothing was taken.
        MeterhouseError: the store or the key store failed on the way: send the file again.
    """
    batch, digest = parse_batch(content), sha256(content).hexdigest()
    before = till.database.read(lambda tx: _before(tx, batch, digest))
    if before is not None:
        return before
    rejects: list[Reject] = []
    for start in range(0, len(batch.payments), _AT_ONCE):
        some = batch.payments[start : start + _AT_ONCE]
        asked = [(request, till.submit(request, now)) for request in some]
        failed: MeterhouseError | None = None
        for request, answer in asked:
            try:
                answer.result()
            except PaymentRefusedError as refusal:
                rejects.append(Reject(request, refusal.code, refusal.sentence()))
            except MeterhouseError as error:
                failed = error
        if failed is not None:
            raise failed
    report = _report(batch, rejects)
    till.database.run(lambda tx: _keep(tx, batch, digest, report, now))
    return report


def _report(batch: Batch, rejects: list[Reject]) -> BatchReport:
    refused = sum(reject.request.amount.amount for reject in rejects)
    return BatchReport(
        network=batch.network,
        name=batch.name,
        currency=batch.currency,
        taken=len(batch.payments) - len(rejects),
        taken_money5=batch.total.amount - refused,
        rejected=len(rejects),
        rejects=rejects_text(batch, rejects),
    )


def _before(transaction: Transaction, batch: Batch, digest: str) -> BatchReport | None:
    row: Row[Any] | None = transaction.first(_BY_DIGEST, {"id": digest})
    if row is not None:
        return BatchReport(**json.loads(row.report))
    if transaction.first(_BY_NAME, {"whose": batch.network, "named": batch.name}) is not None:
        raise RequestConflictError(
            f"batch {batch.name} of {batch.network} was taken before, with other contents",
            why="A batch's name is one content for ever.",
            remedy="Give the new file a name of its own.",
        )
    return None


def _keep(transaction: Transaction, batch: Batch, digest: str, report: BatchReport, now: Instant) -> None:
    if _before(transaction, batch, digest) is None:
        row = {"digest": digest, "network": batch.network, "name": batch.name, "at": now}
        transaction.execute(insert(batches), {**row, "report": json.dumps(asdict(report))})
