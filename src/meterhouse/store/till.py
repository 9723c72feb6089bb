"""The counter over a database: each act durable when it returns; tokens made in the transaction, or apart from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Final

from meterhouse.model import Instant, MeterhouseError, Money, StorageError
from meterhouse.store.database import Database
from meterhouse.store.group import Payment
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.supplier.vending import (
    Customer,
    EncryptionServices,
    Issue,
    MeterRecord,
    PaymentLimitError,
    PaymentLimits,
    PaymentRequest,
    Proof,
    Receipt,
    Revoked,
    Vend,
    VendState,
    issue,
    make,
    parse_limits,
    pay,
    post_token,
    receipt_of,
    reserve,
    reverse,
    revoke,
    void,
)

__all__ = ["LIMITS_FILE", "Till", "read_limits"]

LIMITS_FILE: Final = "limits.toml"

_NO_LIMITS: Final = PaymentLimits()
_APART_AT_ONCE: Final = 8
"""Tokens that are being made at the same time outside the transaction."""


def read_limits(folder: Path | None = None) -> Mapping[str, PaymentLimits]:
    """The limits of a data folder, or those that come with the program where it has none of its own.

    Raises:
        UsageError: the file is not one of limits.
        StorageError: it cannot be read.
    """
    own = None if folder is None else folder / LIMITS_FILE
    if own is None or not own.exists():
        return parse_limits(resources.files("meterhouse.companion").joinpath(LIMITS_FILE).read_text("utf-8"))
    try:
        return parse_limits(own.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{own} cannot be read", why=f"{error}.") from error


class Till:
    """Takes payments. Thread-safe.

    Args:
        database: opened; whoever opened it closes it.
        services: make tokens.
        entropy: for random numbers in tokens.
        limits: by currency; a currency without any is held to one payment of 1 to 200.
        apart: whether tokens are made outside the transaction, in the caller's thread: for a service that is far or
            slow. A payment then waits for the disk twice, and those that are submitted are worked at by threads.
    """

    def __init__(
        self,
        database: Database,
        services: EncryptionServices,
        entropy: Callable[[int], bytes],
        *,
        limits: Mapping[str, PaymentLimits] | None = None,
        apart: bool = False,
    ) -> None:
        self.database = database
        self._services = services
        self._entropy = entropy
        self._limits = read_limits() if limits is None else limits
        self._threads = ThreadPoolExecutor(_APART_AT_ONCE, "tokens") if apart else None
        self._resuming: Future[Sequence[Vend]] | None = None

    def pay(self, request: PaymentRequest, now: Instant) -> Receipt:
        """Take a payment; see `vending.pay`. Where the token cannot be made now, it stays pending: pay again later.

        Raises:
            PaymentRefusedError: no; which of its kinds says why.
            MeterhouseError: the token could not be made, or nothing could be stored.
        """
        if self._threads is None:
            return self.submit(request, now).result()
        limits = self._of(request)
        vend = self.database.submit(
            Payment(
                request,
                lambda records: reserve(records, self._services, request, now, self._entropy, limits=limits),
                now,
            )
        ).result()
        return receipt_of(self._finish(vend, now))

    def submit(self, request: PaymentRequest, now: Instant) -> Future[Receipt]:
        """Queue a payment; its future is resolved once it is durable."""
        if self._threads is not None:
            return self._threads.submit(self.pay, request, now)
        limits, services, entropy = self._of(request), self._services, self._entropy
        return self.database.submit(
            Payment(request, lambda records: pay(records, services, request, now, entropy, limits=limits), now)
        )

    def resume(self, now: Instant) -> Sequence[Vend]:
        """Make the tokens of payments that a crash or an absent service left pending; those that cannot stay so.

        Returns:
            What is still pending.
        """
        left = []
        for vend in self.database.read(lambda tx: SqlVendingRecords(tx).pending()):
            try:
                self._finish(vend, now)
            except MeterhouseError:
                left.append(vend)
        return tuple(left)

    def resume_apart(self, now: Instant) -> None:
        """The same in a thread, one at a time; nothing where tokens are made inside the transaction."""
        if self._threads is not None and (self._resuming is None or self._resuming.done()):
            self._resuming = self._threads.submit(self.resume, now)

    def void(self, request_id: str, why: str, now: Instant) -> Vend:
        """Give a pending payment back."""
        return self.database.run(lambda tx: void(SqlVendingRecords(tx), request_id, why, now))

    def issue(self, asked: Issue, now: Instant) -> Receipt:
        """Make a token that nobody pays for."""
        return self.database.run(lambda tx: self.issue_within(tx, asked, now))

    def issue_within(self, transaction: Transaction, asked: Issue, now: Instant) -> Receipt:
        """The same in a transaction of the caller's, with all else that it does."""
        limits = self._limits.get(asked.value.currency, _NO_LIMITS)
        return issue(SqlVendingRecords(transaction), self._services, asked, now, self._entropy, limits=limits)

    def check_opening(self, meter: MeterRecord, value: Money) -> None:
        """Let an opening credit pass that a token for this meter could carry.

        Raises:
            MeterhouseError: it could not: its scheme, its key or the limits.
        """
        limits = self._limits.get(value.currency, _NO_LIMITS)
        if value.amount > limits.most:
            most = Money(limits.most, value.currency)
            raise PaymentLimitError(f"an opening credit of {value} is above {most}, the most in one token")
        self._services.of(meter).carried(value)

    def reverse(self, request_id: str, why: str, now: Instant, proof: Proof | None = None) -> Vend:
        """Undo a payment whose token cannot have been used."""
        return self.database.run(lambda tx: reverse(SqlVendingRecords(tx), request_id, why, now, proof))

    def revoke(self, network: str, first: Instant, last: Instant, why: str, now: Instant) -> Revoked:
        """Take back a stolen batch."""
        return self.database.run(lambda tx: revoke(SqlVendingRecords(tx), network, first, last, why, now))

    def last_response(self, request_id: str) -> Receipt | None:
        """The answer that a client lost; None means that the payment was never taken, and may safely be sent anew."""
        vend = self.database.read(lambda tx: SqlVendingRecords(tx).vend(request_id))
        return None if vend is None else receipt_of(vend)

    def _of(self, request: PaymentRequest) -> PaymentLimits:
        return self._limits.get(request.amount.currency, _NO_LIMITS)

    def _finish(self, vend: Vend, now: Instant) -> Vend:
        if vend.state is not VendState.PENDING:
            return vend
        customer = self.database.read(lambda tx: SqlVendingRecords(tx).customer_unlocked(vend.account_id))
        assert isinstance(customer, Customer)
        token = make(self._services, customer, vend)
        return self.database.run(lambda tx: post_token(SqlVendingRecords(tx), vend.request_id, token, now))
