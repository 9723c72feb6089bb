"""The way of one work order, put together from what was kept of it, and who is at fault where it went wrong."""

from __future__ import annotations

from meterhouse.app.order_files import OrderView
from meterhouse.app.street_trust import StreetTrust
from meterhouse.companion.receipt import Receipt, read_receipt
from meterhouse.model import Eui64, Instant, MeterhouseError
from meterhouse.store import Database, SignedWord, SqlCentreRecords, SqlSignedWords, Transaction, WordKind
from meterhouse.supplier.headend import Trail
from meterhouse.supplier.trust import LifeState, WorkState

__all__ = ["trail_of"]


def trail_of(view: OrderView, database: Database, trust: StreetTrust, hub_reached: Instant | None) -> Trail | None:
    """All that is known of an order's way; None for one that was never signed, or whose device does not serve yet.

    Args:
        view: the order with its history.
        database: of the signed words.
        trust: whose keys are believed.
        hub_reached: when its hub last answered for itself.
    """
    order = view.order
    composed = next((step.at for step in view.history if step.state is WorkState.SIGNED), None)
    if composed is None or trust.waits(order.device):
        return None
    served = database.read(lambda tx: _serves_since(tx, order.device))
    words = database.read(lambda tx: list(SqlSignedWords(tx).of_order(order.number)))
    receipts = [receipt for word in words if (receipt := _receipt(word, trust)) is not None]
    sealed = next((one for one in receipts if one.signer == trust.parties.carrier), None)
    answer = next((word for word in words if word.kind is WordKind.ANSWER), None)
    taken = next((step.at for step in view.history if step.state in {WorkState.SENT, WorkState.PENDING}), None)
    return Trail(
        order=order.order_hash,
        device=order.device,
        composed=max(composed, served if sealed is None else min(served, sealed.at)),
        sealed=sealed,
        returned=None if sealed is None else order.order_hash,
        hub_reached=hub_reached,
        set_at=taken,
        answered=None if answer is None else (answer.signer, order.order_hash),
        answered_at=None if answer is None else answer.at,
    )


def _serves_since(transaction: Transaction, device: Eui64) -> Instant:
    """From when on orders for it were handed to the carrier: until it is proven they wait here."""
    steps = SqlCentreRecords(transaction).history(device)
    return max((at for at, state, _, _ in steps if state == LifeState.IN_SERVICE), default=Instant(0))


def _receipt(word: SignedWord, trust: StreetTrust) -> Receipt | None:
    if word.kind is not WordKind.RECEIPT:
        return None
    of_carrier = trust.parties.carrier_signing.public
    key = of_carrier if word.signer == trust.parties.carrier else trust.signing_key(word.signer)
    try:
        return None if key is None else read_receipt(word.octets, key)
    except MeterhouseError:
        return None
