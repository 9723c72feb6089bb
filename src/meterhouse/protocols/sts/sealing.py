"""Block to token and back under a decoder key, and what a vending point must refuse to make."""

from __future__ import annotations

from meterhouse.model import UsageError, isoformat
from meterhouse.protocols.sts.container import Block, Token, join, split
from meterhouse.protocols.sts.keys import NEVER_EXPIRES, DecoderKey
from meterhouse.protocols.sts.results import ResultCode, TokenError
from meterhouse.protocols.sts.tid import LARGEST_TID, instant_of_tid

__all__ = ["identified_payload", "key_expired", "seal", "unseal"]

_TEST = 1
_RESERVED = 3


def key_expired(key: DecoderKey, tid: int) -> bool:
    """Whether a token of this TID is beyond the key's expiry number (IEC 62055-41 §7.3.7)."""
    return key.ken != NEVER_EXPIRES and tid >> 16 > key.ken


def identified_payload(key: DecoderKey, nibble: int, tid: int, field: int) -> int:
    """The payload all ordinary tokens share: 4 bits (RND, or sign and exponent), TID, 16-bit field.

    Raises:
        UsageError: the TID is outside 24 bits or past the key's expiry, or the nibble outside 4 bits.
    """
    if not 0 <= tid <= LARGEST_TID:
        raise UsageError(f"token identifier {tid} is not 0 to {LARGEST_TID}", why="IEC 62055-41 §6.3.5.")
    if key_expired(key, tid):
        raise UsageError(
            f"the key expired (KEN {key.ken}) before {isoformat(instant_of_tid(tid, key.base_date))}",
            why="IEC 62055-41 §6.1.10: no token may be made past its key's expiry.",
            remedy="Change the meter's key first.",
        )
    if not 0 <= nibble <= 15:
        raise UsageError(f"token random number {nibble} is not 0 to 15")
    return nibble << 40 | tid << 16 | field


def seal(key: DecoderKey, token_class: int, subclass: int, payload: int) -> Token:
    """The token of a payload: CRC, encryption, class bits."""
    return join(token_class, key.cipher.encrypt(Block(token_class, subclass, payload).bits()))


def unseal(key: DecoderKey, token: Token) -> Block:
    """The block in a token. Class 1 is not encrypted (§6.4.3).

    Raises:
        TokenError: FORMAT_ERROR for the reserved class 3, CRC_ERROR for anything this key does not open.
    """
    token_class, bits = split(token)
    if token_class == _RESERVED:
        raise TokenError(ResultCode.FORMAT_ERROR)
    return Block.read(token_class, bits if token_class == _TEST else key.cipher.decrypt(bits))
