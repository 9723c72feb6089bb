"""Taking back what was sold: only while its token cannot have been used, or with a proof that it never will be.

A till that made a mistake reverses before the order is claimed for delivery. After that the token is on its way or in
somebody's hand, and only a proof will do. A batch that was stolen is revoked whole; its tokens die when the meters'
keys change. Whatever is used all the same becomes debt (`lifeline`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.model import Eui64, Instant, UsageError
from meterhouse.supplier.ledger import TransferKind, free_back_entries, post, reversal_entries
from meterhouse.supplier.vending.debt import counted
from meterhouse.supplier.vending.outbox import tell_debt
from meterhouse.supplier.vending.records import (
    StageName,
    StageRecord,
    Vend,
    VendingRecords,
    VendKind,
    VendState,
)
from meterhouse.supplier.vending.refusals import ReversalRefusedError

__all__ = ["Proof", "Revoked", "reverse", "revoke", "undo"]


class Proof(StrEnum):
    """Why a token that was handed out can never be used any more."""

    METER_REFUSED = "meter_refused"
    """Its meter said no, and said why; the life line holds it."""
    METER_GONE = "meter_gone"
    """The meter was taken away before it took the token."""
    KEY_CHANGED = "key_changed"
    """The meter's key was changed: every older token is dead."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """What became of a stolen batch.

    Attributes:
        revoked: request ids whose tokens were taken back.
        used: request ids whose tokens had been accepted already: nothing was done.
        meters: those whose key must be changed now, so that the revoked tokens die.
    """

    revoked: tuple[str, ...]
    used: tuple[str, ...]
    meters: tuple[Eui64, ...]


def reverse(records: VendingRecords, request_id: str, why: str, now: Instant, proof: Proof | None = None) -> Vend:
    """Undo a posted vend whole: token, rounding and debt share, and the money to the network. One transaction.

    Again does nothing.

    Raises:
        UsageError: no such vend, or no reason is given.
        ReversalRefusedError: the token was accepted; or it has been handed out and there is no proof.
    """
    vend = records.vend(request_id)
    if vend is None or not why:
        raise UsageError(f"reversal of '{request_id}': no such payment, or no reason")
    if vend.state in (VendState.REVERSED, VendState.VOIDED):
        return vend
    told = {stage.name for stage in records.stages(request_id)}
    if vend.state is VendState.PENDING or StageName.ACCEPTED in told:
        raise ReversalRefusedError(
            f"payment {request_id} cannot be reversed",
            why="Its token was accepted at the premises." if told else "Its token is being made.",
            remedy="Refund the customer from the balance of the home." if told else "Void it instead.",
        )
    withdrawn = records.withdraw_delivery(request_id, f"reversed: {why}")
    proven = proof is not None and (proof is not Proof.METER_REFUSED or StageName.REFUSED in told)
    if not withdrawn and not proven:
        raise ReversalRefusedError(
            f"payment {request_id} cannot be reversed: its token is on its way or delivered",
            why="A token that has left can be used at any time.",
            remedy="Wait until the meter has refused it, or change the meter's key first, and say so as proof.",
        )
    return undo(records, vend, why if proof is None else f"{why} ({proof.value})", now)


def revoke(records: VendingRecords, network: str, first: Instant, last: Instant, why: str, now: Instant) -> Revoked:
    """Take back every token that a network sold from `first` up to and with `last` and that was not used: a theft.

    The network's debt to us for them is undone with them. One transaction.

    Raises:
        UsageError: no reason is given.
    """
    if not why:
        raise UsageError(f"revocation of the batch of {network} has no reason")
    revoked: list[Vend] = []
    used: list[str] = []
    for vend in records.vends_of_network(network, first, last):
        if vend.state is not VendState.POSTED:
            continue
        if any(stage.name is StageName.ACCEPTED for stage in records.stages(vend.request_id)):
            used.append(vend.request_id)
            continue
        records.withdraw_delivery(vend.request_id, f"revoked: {why}")
        undo(records, vend, f"revoked: {why}", now)
        revoked.append(vend)
    meters = dict.fromkeys(vend.meter for vend in revoked if vend.token)
    return Revoked(tuple(vend.request_id for vend in revoked), tuple(used), tuple(meters))


def undo(records: VendingRecords, vend: Vend, why: str, now: Instant) -> Vend:
    """Take back a posted vend whose order is withdrawn or proven dead; the rules of when are `reverse`'s."""
    customer = records.customer(vend.account_id)
    assert customer is not None
    records.settle_vend(vend.request_id, VendState.REVERSED, vend.token)
    account, rounding = customer.account, vend.value - vend.in_token
    if vend.kind is VendKind.PAYMENT:
        post(
            records.book,
            reversal_entries(
                vend.request_id,
                account=vend.account_id,
                network=vend.network,
                to_debt=vend.to_debt,
                in_token=vend.in_token,
                rounding=rounding,
                at=now,
            ),
        )
        tally = counted(account.tally, now, -vend.paid.amount, -vend.to_debt.amount)
        records.save_owed(vend.account_id, account.debt + vend.to_debt, tally)
        if vend.to_debt.amount:
            tell_debt(records, customer.meter, f"reversed/{vend.request_id}", account.debt + vend.to_debt, now)
    else:
        made_as = TransferKind.FREE if vend.kind is VendKind.FREE else TransferKind.OPENING_CREDIT
        lines = free_back_entries(
            vend.request_id, made_as, account=vend.account_id, value=vend.in_token, rounding=rounding, at=now
        )
        post(records.book, lines)
    records.save_stage(vend.request_id, StageRecord(StageName.REFUSED, now, why))
    return vend.in_state(VendState.REVERSED)
