"""Why no token can be made although the payment is good: the key, its cap, its store, or the scheme's own limits.

::

    PaymentRefusedError
    ├── KeyExpiredError       the meter's key makes no tokens at this time: change it first
    ├── KeyCapError           the key has made as many tokens, or as much value, as it may
    └── TokenLimitError       more than one token of this scheme can carry
    LinkError
    └── KeyStoreAwayError     the key store does not answer: nothing was done, try again
"""

from __future__ import annotations

from meterhouse.model import LinkError
from meterhouse.supplier.vending.refusals import PaymentRefusedError

__all__ = ["KeyCapError", "KeyExpiredError", "KeyStoreAwayError", "TokenLimitError"]


class KeyExpiredError(PaymentRefusedError):
    """The vending key is expired, or not yet valid, at the time of the sale (IEC 62055-41 §6.1.10)."""

    code = "key_expired"


class KeyCapError(PaymentRefusedError):
    """A cap of the vending key is reached: the loss, should the key be misused, ends here (S0-71)."""

    code = "key_cap"


class TokenLimitError(PaymentRefusedError):
    """No token of the meter's scheme carries this much."""

    code = "token_limit"


class KeyStoreAwayError(LinkError):
    """The key store does not answer. Nothing was made or written; the same request may be sent again."""

    code = "key_store_away"
