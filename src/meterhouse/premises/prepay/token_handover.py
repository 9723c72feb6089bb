"""A change of supplier, as an account's tokens see it: the gainer's count from then on, and nobody else's."""

from __future__ import annotations

from meterhouse.companion.sealed import SupplierChange
from meterhouse.companion.supplier_keys import unwrap_token_key
from meterhouse.companion.utrn import UtrnKey
from meterhouse.crypto import KeyPair, shared_secret
from meterhouse.model import AuthenticationError
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.token_slot import TokenSlot

__all__ = ["knows_tokens_of", "take_tokens_of"]


def knows_tokens_of(slot: TokenSlot | None, change: SupplierChange, own: KeyPair) -> bool:
    """Whether the gainer's wrapped key is one for here: a home that pays in advance is never left with the loser's.

    Args:
        slot: where tokens enter; None in a home on credit, which has no use for a key and takes none.
        change: checked.
        own: the device's key-agreement pair.
    """
    if slot is None:
        return not change.token_key
    try:
        unwrap_token_key(own, change.agreement, change.change.device, change.token_key)
    except AuthenticationError:
        return False
    return True


def take_tokens_of(slot: TokenSlot, account: PrepayAccount, change: SupplierChange, own: KeyPair, order: str) -> None:
    """Take the gainer's tokens, `knows_tokens_of` being true; once for the order that said so."""
    device, gainer = change.change.device, change.change.gainer
    key = unwrap_token_key(own, change.agreement, device, change.token_key)
    if slot.take_only(key, UtrnKey(shared_secret(own, change.agreement), gainer, device), order):
        account.debt_note = None  # what was owed to the loser is not shown as owed to the gainer
