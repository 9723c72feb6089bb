"""The device's own words: a signed answer to an order, and a signed alert; and how their receiver checks them."""

from __future__ import annotations

from meterhouse.companion.sealed.counters import Counters
from meterhouse.companion.sealed.envelope import Envelope, Kind, decode_envelope
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.gbz import AlertContent, decode_alert_head, zigbee_time
from meterhouse.companion.sealed.signature import is_low, signed
from meterhouse.companion.sealed.verdict import Accepted, Reason
from meterhouse.crypto import KeyPair, PublicPoint, verify
from meterhouse.model import AuthenticationError, Eui64, Instant, ProtocolError, ReplayError

__all__ = ["REFUSAL_ALERTS", "AlertBuilder", "Responder", "read_alert", "read_answer"]

REFUSAL_ALERTS = 0xF000
"""Alert code of a refused order: this and the number of its `Reason`."""


class Responder:
    """Answers orders that were accepted.

    Args:
        own: the device.
        pair: its signature key, P-256.
        counters: where the answer is kept for an identical repeat.
    """

    __slots__ = ("_counters", "_own", "_pair")

    def __init__(self, own: Eui64, pair: KeyPair, counters: Counters) -> None:
        self._own = own
        self._pair = pair
        self._counters = counters

    def answer(self, order: Accepted, content: bytes) -> bytes:
        """The signed response to the order's sender, echoing counter and code; kept before it is returned.

        Raises:
            StorageError: it could not be kept.
        """
        asked = order.envelope
        response = Envelope(Kind.RESPONSE, asked.counter, self._own, asked.originator, asked.code, content)
        octets = signed(response, self._pair).encode()
        self._counters.keep_answer(order.party.role, order.use_case.counter_class, asked.counter, octets)
        return octets


class AlertBuilder:
    """Makes signed alerts.

    Args:
        own: the device.
        pair: its signature key, P-256.
    """

    __slots__ = ("_own", "_pair")

    def __init__(self, own: Eui64, pair: KeyPair) -> None:
        self._own = own
        self._pair = pair

    def alert(self, target: Eui64, code: int, alert_code: int, counter: int, now: Instant) -> bytes:
        """An alert to a party; `counter` is the device's own and must rise."""
        return self.words(target, code, AlertContent(alert_code, zigbee_time(now)).encode(), counter)

    def words(self, target: Eui64, code: int, content: bytes, counter: int) -> bytes:
        """An alert with any content that begins with the head of one."""
        return signed(Envelope(Kind.ALERT, counter, self._own, target, code, content), self._pair).encode()

    def refusal(self, target: Eui64, code: int, reason: Reason, counter: int, now: Instant) -> bytes:
        """The alert that an order of that message code was refused, and why."""
        return self.alert(target, code, REFUSAL_ALERTS + reason, counter, now)


def read_answer(octets: bytes, order: Envelope, device: PublicPoint) -> Envelope:
    """The device's answer to `order`, believed.

    Raises:
        SealedError: malformed.
        ProtocolError: it answers something else: another kind, device, party, counter or code.
        AuthenticationError: not signed by the device.
    """
    answer = decode_envelope(octets)
    got = (answer.kind, answer.originator, answer.target, answer.counter, answer.code)
    if got != (Kind.RESPONSE, order.target, order.originator, order.counter, order.code):
        raise ProtocolError(
            "the answer is not to this order", why="Device, party, counter and code must be the order's."
        )
    _believe(answer, device)
    return answer


def read_alert(
    octets: bytes, own: Eui64, device: Eui64, key: PublicPoint, newest: int
) -> tuple[Envelope, AlertContent]:
    """A device's alert, believed: the message, and the head of its content; a body may follow there.

    Args:
        octets: the message.
        own: who reads it.
        device: whose it should be.
        key: the device's signature key.
        newest: the highest counter of an alert that was read from it; -1 before the first.

    Raises:
        SealedError: malformed.
        ProtocolError: not an alert of this device to us.
        AuthenticationError: not signed by the device.
        ReplayError: its counter does not rise.
    """
    alert = decode_envelope(octets)
    if (alert.kind, alert.originator, alert.target) != (Kind.ALERT, device, own):
        raise ProtocolError("the message is no alert of this device to us")
    _believe(alert, key)
    if alert.counter <= newest:
        raise ReplayError(f"alert {alert.counter} of {device} is not newer than {newest}")
    return alert, decode_alert_head(alert.content)[0]


def _believe(envelope: Envelope, key: PublicPoint) -> None:
    if envelope.mac:
        raise SealedError("a device's own words carry no MAC")
    if not is_low(envelope.signature):
        raise AuthenticationError("authentication failed", why="The signature's s is high.")
    verify(key, envelope.to_be_signed(), envelope.signature)
