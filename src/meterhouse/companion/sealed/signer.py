"""The sender's side: the party that signs an order, and the access-control broker that adds its MAC."""

from __future__ import annotations

from meterhouse.companion.sealed.agreement import Agreement
from meterhouse.companion.sealed.catalogue import Catalogue
from meterhouse.companion.sealed.envelope import Envelope, Kind
from meterhouse.companion.sealed.mandate import Mandate
from meterhouse.companion.sealed.signature import signed
from meterhouse.crypto import KeyPair
from meterhouse.model import Eui64, PolicyError

__all__ = ["Signer", "seal"]


class Signer:
    """Composes orders of one party. Keeps no counter: whoever asks hands one over that was never used.

    Args:
        originator: the party.
        pair: its signature key, P-256.
        catalogue: what may be asked for.
    """

    __slots__ = ("_catalogue", "_originator", "_pair")

    def __init__(self, originator: Eui64, pair: KeyPair, catalogue: Catalogue) -> None:
        self._originator = originator
        self._pair = pair
        self._catalogue = catalogue

    def order(self, target: Eui64, code: int, content: bytes, counter: int, mandate: Mandate | None = None) -> Envelope:
        """An order: signed where its use case is critical, otherwise left to the broker's MAC.

        Raises:
            PolicyError: the code is not in the catalogue, or critical without a mandate.
            SealedError: the content is not what the use case holds, or a field is outside its limits.
        """
        use_case = self._catalogue.get(code)
        if use_case is None:
            raise PolicyError(f"message code {code:#06x} is not in the catalogue")
        if use_case.critical and mandate is None:
            raise PolicyError(
                f"{use_case.name} needs a mandate", why="An order that changes anything ends with a time."
            )
        use_case.check(content)
        supplement = b"" if mandate is None else mandate.encode()
        envelope = Envelope(Kind.COMMAND, counter, self._originator, target, code, content, supplement)
        return signed(envelope, self._pair) if use_case.critical else envelope


def seal(envelope: Envelope, agreement: Agreement) -> Envelope:
    """What the access-control broker does: close an order with the MAC for its target. It can change nothing in it."""
    return envelope.with_mac(agreement.mac_of(envelope))
