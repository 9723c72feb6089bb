"""What the head end keeps of sealed orders: signed words and receipts in SQL, and the work orders that they move."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from meterhouse.app.street_trust import StreetTrust
from meterhouse.companion.receipt import read_receipt, signer_of
from meterhouse.companion.sealed import (
    ORDER_RESULT,
    AlertContent,
    Envelope,
    OrderReply,
    OrderResult,
    SealedError,
)
from meterhouse.crypto import PublicPoint
from meterhouse.model import Eui64, Instant, MeterhouseError
from meterhouse.store import Database, SignedWord, SqlSignedWords, WordKind

__all__ = ["OrderProgress", "SealedBooks"]


class OrderProgress(Protocol):
    """Whoever keeps the life of work orders; told only what was verified."""

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """`carried`, `refused` or `expired`, by the way; what a device did is told by the two below."""

    def replied(self, order: str, reply: OrderReply, now: Instant) -> None:
        """The device's signed response."""

    def ended(self, result: OrderResult, device: Eui64, now: Instant) -> None:
        """The device's signed word about how an order ended."""

    def told(self, alert: Envelope, content: AlertContent, now: Instant) -> None:
        """Any other signed alert, such as of a refusal."""


class SealedBooks:
    """`headend.SealedBook` of a street.

    Args:
        database: where words are kept.
        trust: whose signatures are believed.
        progress: of work orders.
    """

    def __init__(self, database: Database, trust: StreetTrust, progress: OrderProgress) -> None:
        self._database = database
        self._trust = trust
        self._progress = progress
        self._alerts: dict[Eui64, int] = {}

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """See `headend.OrderBook`."""
        self._progress.stage(order, stage, now, why)

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """See `headend.SealedBook`."""
        return self._trust.signing_key(device)

    def newest_alert(self, device: Eui64) -> int:
        """See `headend.SealedBook`."""
        newest = self._alerts.get(device)
        if newest is None:
            newest = self._database.read(lambda tx: SqlSignedWords(tx).newest(device, WordKind.ALERT))
            self._alerts[device] = newest
        return newest

    def keep_alert(self, alert: Envelope, content: AlertContent, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`.

        What it changes comes before the word is kept: a word that is kept is never heard again, and the same end
        of an order twice changes nothing.
        """
        if alert.code == ORDER_RESULT:
            self._progress.ended(OrderResult.decode(alert.content), alert.originator, now)
        else:
            self._progress.told(alert, content, now)
        self._keep(SignedWord(now, alert.originator, WordKind.ALERT, alert.counter, "", octets))
        self._alerts[alert.originator] = alert.counter

    def keep_answer(self, order: str, answer: Envelope, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`. As with an alert, the word is kept last: till then the answer is asked for."""
        reply = None
        with suppress(SealedError):  # the answer to a read holds what was read
            reply = OrderReply.decode(answer.content)
        if reply is not None:
            self._progress.replied(order, reply, now)
        self._keep(SignedWord(now, answer.originator, WordKind.ANSWER, answer.counter, order, octets))

    def keep_receipt(self, order: str, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`. A receipt that its signer did not sign is no evidence, and is not kept."""
        try:
            signer = signer_of(octets)
            carrier = self._trust.parties.carrier
            of_carrier = self._trust.parties.carrier_signing.public
            key = of_carrier if signer == carrier else self._trust.signing_key(signer)
            receipt = None if key is None else read_receipt(octets, key)
        except MeterhouseError:
            return
        if receipt is not None:
            self._keep(SignedWord(now, signer, WordKind.RECEIPT, receipt.number, order, octets))

    def _keep(self, word: SignedWord) -> None:
        self._database.run(lambda tx: SqlSignedWords(tx).keep(word))
