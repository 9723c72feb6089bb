"""The wire between hub and electricity meter: the hub's own talk, and the head end's APDUs passed through.

Both share the connection under their own client addresses; the meter keeps an association for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion import objects
from meterhouse.model import HALF_HOUR, MINUTE, SECOND, Instant, MalformedError, MeterhouseError
from meterhouse.premises.hub.electricity_wire import ElectricityWire
from meterhouse.premises.hub.meter_credit import CreditMirror
from meterhouse.premises.hub.meter_mail import MeterMail
from meterhouse.protocols import dlms

__all__ = ["MLink"]

_READ_AFTER: Final = 2 * SECOND
"""The hub reads the meter so long after each half hour, when the new row is surely there."""
_ANSWER_WITHIN: Final = 30 * SECOND
_TRY_AGAIN: Final = MINUTE
_MAIL_AFTER: Final = 5 * SECOND
"""A head end that speaks with the meter may have set an order: its words are fetched so soon."""

_READING: Final = (
    (dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2),
    (dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 3),
)
"""Asked for in one request, so that both are of one instant."""

Reading = tuple[int, int]
"""(import register in Wh, control state of the disconnect control)."""


class MLink:
    """The protocol of the `m_bus` port.

    Args:
        client: the hub's own client of the meter.
        back: takes (server SAP, client SAP, APDU, prefix of the request) of an answer for the head end.
        send: puts bytes on the port; empty bytes close it.
        tell: notes an event.
    """

    def __init__(
        self,
        client: Callable[[], dlms.Client],
        back: Callable[[int, int, bytes, dlms.gateway.Prefixed], None],
        send: Callable[[bytes], None],
        tell: Callable[..., None],
    ) -> None:
        self._new_client = client
        self._back = back
        self._send = send
        self._tell = tell
        self._decoder = dlms.wrapper.Decoder()
        self._client: dlms.Client | None = None
        self._talk: dlms.Procedure[Reading] | None = None
        self._asked: dict[int, dlms.gateway.Prefixed] = {}
        self._answer_by: Instant | None = None
        self._read_at: Instant = Instant(0)
        self._now = Instant(0)
        self.mail: MeterMail | None = None
        self.account: ElectricityWire | None = None
        self.credit: CreditMirror | None = None
        self.failed = False
        self.reading: Reading | None = None
        self.read_at: Instant | None = None

    def deadline(self) -> Instant | None:
        """When to read, or to give an answer up."""
        return self._read_at if self._answer_by is None else self._answer_by

    def elapse(self, now: Instant) -> None:
        """Read the meter, or give up waiting."""
        if self._answer_by is not None:
            if now >= self._answer_by:
                self._lost(now, "the meter does not answer")
                self._send(b"")
        elif now >= self._read_at:
            self._now = now
            self._talk = self._read()
            self._ask(next(self._talk), now)

    def hasten(self, now: Instant) -> None:
        """Read at once where there is something for the meter and the wire works."""
        if self.failed or self._answer_by is not None:
            return
        mail, account = self.mail, self.account
        if (mail is not None and mail.waits) or (account is not None and account.waits):
            self._read_at = min(self._read_at, now)

    def forward(self, client_sap: int, server_sap: int, apdu: bytes, now: Instant) -> bool:
        """Pass a prefixed APDU of the head end to the meter."""
        prefixed = dlms.gateway.unwrap(apdu)
        if prefixed is None or (prefixed.network, prefixed.device) != (objects.METER_NETWORK, objects.METER_ADDRESS):
            return False
        if client_sap == objects.HUB_SAP:
            return False  # nobody may speak in the hub's own name
        self._asked[client_sap] = prefixed
        if self.mail is not None:  # what the head end sets may have the meter say something
            self._read_at = min(self._read_at, Instant(now + _MAIL_AFTER))
        self._send(dlms.wrapper.encode(client_sap, server_sap, prefixed.apdu))
        return True

    def forget(self, now: Instant) -> None:
        """The head end's session is over; where the meter still owes it an answer, end the connection and that with it.

        Nothing in an answer says to which session it belongs, so a late one must not live on into the next.
        """
        if self._asked:
            self._send(b"")
            self._start_anew()
            self._read_at = min(self._read_at, Instant(now + _TRY_AGAIN))

    def receive(self, data: bytes, now: Instant) -> None:
        """Bytes from the meter."""
        try:
            for frame in self._decoder.feed(data):
                if frame.destination == objects.HUB_SAP:
                    self._answered(frame.apdu, now)
                elif frame.destination in self._asked:
                    self._back(frame.source, frame.destination, frame.apdu, self._asked.pop(frame.destination))
        except MalformedError as error:
            self._send(b"")
            self._lost(now, error.what)

    def down(self, now: Instant) -> None:
        """The wire is down."""
        self._lost(now, "the wire to the meter is down")

    def _read(self) -> dlms.Procedure[Reading]:
        if self._client is None:
            self._client = self._new_client()
            yield from self._client.associate()
        mail, credit = self.mail, self.credit
        wanted = _READING if mail is None else (*_READING, *mail.ATTRIBUTES)
        of_meter = len(wanted)
        if credit is not None:
            wanted = (*wanted, *credit.attributes)
        register, state, *rest = yield from self._client.get_list(wanted)
        if mail is not None:
            yield from mail.talk(self._client, rest[: len(mail.ATTRIBUTES)], self._now)
        if credit is not None:
            credit.take(rest[of_meter - len(_READING) :])
        if self.account is None:
            return _whole(register), _whole(state)
        yield from self.account.talk(self._client, _whole(register), self._now)
        seen = self.account.seen  # what it was told may have opened or armed the switch
        return _whole(register), _whole(state) if seen is None else seen.state

    def _ask(self, apdu: bytes, now: Instant) -> None:
        self._answer_by = Instant(now + _ANSWER_WITHIN)
        self._send(dlms.wrapper.encode(objects.HUB_SAP, objects.MANAGEMENT_DEVICE, apdu))

    def _answered(self, apdu: bytes, now: Instant) -> None:
        if self._talk is None:
            return
        try:
            self._ask(self._talk.send(apdu), now)
        except StopIteration as end:
            self.reading, self.read_at = end.value, now
            self._talk, self._answer_by = None, None
            self._read_at = Instant(now - now % HALF_HOUR + HALF_HOUR + _READ_AFTER)
            for errand in (self.mail, self.account):
                soon = None if errand is None else errand.next_reading(now)
                if soon is not None:
                    self._read_at = min(self._read_at, soon)
            if self.failed:
                self.failed = False
                self._tell(now, "m_link.up")
        except MeterhouseError as error:
            self._lost(now, error.sentence())

    def _lost(self, now: Instant, why: str) -> None:
        if not self.failed:
            self._tell(now, "m_link.failed", why=why)
        self.failed = True
        self._start_anew()
        self._read_at = Instant(now + _TRY_AGAIN)

    def _start_anew(self) -> None:
        """Forget all that hangs on the connection."""
        self._decoder = dlms.wrapper.Decoder()
        self._client, self._talk, self._answer_by = None, None, None
        self._asked.clear()


def _whole(value: dlms.CosemData | dlms.AccessRefusedError) -> int:
    if isinstance(value, dlms.AccessRefusedError):
        raise value
    return value.whole()
