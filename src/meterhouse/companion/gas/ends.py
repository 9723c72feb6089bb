"""The two secured ends of one gas link, and the manner in which they talk.

The manner, frozen:

1. Radio mode C2, frame format B. Everything in both directions is security mode 7 with an authentication layer: keys
   derived for each message, an 8-byte MAC, a counter for each direction that only rises. What has no right MAC or an
   old counter is not there: above all it never acknowledges a report.
2. Each half hour the meter wakes and sends SND-NR (C 44, extended link layer 8C, CI 7A): a `GasReport` with a new
   access number. It then listens for LISTEN_WINDOW.
3. In that window the hub answers, copying the access number, with one of: an acknowledgement (C 00, CI 80, no
   content), or an order (C 53, after it 73 and so on in turn, CI 5B), which acknowledges the report as well. An order
   ends with the message counter of the report: access numbers come round after 256 reports, and sooner by the button,
   so that an order which somebody kept back would else be about a later report as well.
4. The meter answers an order with RSP-UD (C 08), CI 7A and the values, or CI 6E and a code where it refuses, and
   listens for LISTEN_WINDOW again. An acknowledgement ends the exchange; where half hours still wait, the next report
   follows at once in place of the end (after orders: when a window has passed in silence).
5. The hub repeats nothing in a window, unless the meter's answer is missing: then the same order under a new counter.
   Every order may be done twice without harm.
6. A report that brought neither in its window is not acknowledged: its half hours go into the next one.
7. A press of the button makes the meter report at once, out of turn, with `button` set.
"""

from __future__ import annotations

from typing import Final

from meterhouse.companion.gas.messages import (
    Acknowledgement,
    CloseValve,
    ForbiddenOrderError,
    GasAddress,
    GasReport,
    OpenValve,
    Order,
    OrderAnswer,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.companion.gas.profile import (
    about_report,
    answer_of,
    order_of,
    order_records,
    report_of,
    report_records,
    status_records,
)
from meterhouse.model import ProtocolError
from meterhouse.protocols.wmbus import (
    Ci,
    Control,
    ExtendedControl,
    MasterKey,
    Session,
    Status,
    Telegram,
    TelegramError,
)

__all__ = ["HubEnd", "MeterEnd", "sender_link"]

_PERIODIC: Final = ExtendedControl.BIDIRECTIONAL | ExtendedControl.ACCESSIBLE | ExtendedControl.SYNCHRONOUS
_OUT_OF_TURN: Final = ExtendedControl.BIDIRECTIONAL | ExtendedControl.ACCESSIBLE
_NONE: Final = Status.OK
_ERROR_CODE_LENGTH: Final = 1


def sender_link(frame: bytes) -> bytes:
    """The eight address bytes of whoever sent a frame of format B, unproved; compare with `GasAddress.link`.

    Lets a station pass over its neighbours' telegrams without any cipher.
    """
    return frame[2:10]


def _from(frame: bytes, sender: GasAddress) -> None:
    if len(frame) >= 10 and sender_link(frame) != sender.link:
        raise ProtocolError(f"a telegram of another station than {sender}", remedy="Pass over it.")


class MeterEnd:
    """The gas meter's end: seals reports and answers, understands acknowledgements and orders of its one hub.

    Args:
        master_key: the 16-byte key shared with the hub.
        meter: our address.
        hub: the address of the only station that is listened to.
        sent: counter of the last telegram sent under this key.
        received: counter of the last telegram understood under this key.
    """

    __slots__ = ("_awaiting", "_reported", "_session", "hub", "meter")

    def __init__(
        self, master_key: bytes, meter: GasAddress, hub: GasAddress, *, sent: int = 0, received: int = 0
    ) -> None:
        self.meter = meter
        self.hub = hub
        self._session = Session(MasterKey(master_key), meter, sent=sent, received=received)
        self._awaiting: int | None = None
        self._reported = 0

    @property
    def sent(self) -> int:
        """Counter of the last telegram sent."""
        return self._session.sent

    @property
    def received(self) -> int:
        """Counter of the last telegram understood."""
        return self._session.received

    def report(self, report: GasReport, *, periodic: bool = True) -> bytes:
        """The frame of a report; from now on its access number is the one that counts.

        Raises:
            UsageError: the report does not fit the profile.
            StateError: the key's counters are used up.
        """
        self._awaiting = report.access_number
        frame = self._session.seal(
            Telegram(
                Control.SND_NR,
                self.meter,
                Ci.RESPONSE_SHORT,
                access_number=report.access_number,
                status=Status.LOW_BATTERY if report.low_battery else _NONE,
                extended=_PERIODIC if periodic else _OUT_OF_TURN,
                extended_access=report.access_number,
                records=report_records(report),
            )
        )
        self._reported = self._session.sent
        return frame

    def understand(self, frame: bytes) -> Acknowledgement | Order:
        """What the hub said, proved to be its own, new, and about our last report.

        Raises:
            TelegramError: no telegram we can read.
            AuthenticationError: not sealed with our key.
            ReplayError: an old telegram.
            ForbiddenOrderError: proved to be the hub's and new, but none of the six orders: answer `refuse`.
            ProtocolError: another station's, for another meter, or not about our last report.
        """
        _from(frame, self.hub)
        telegram = self._session.open(frame)
        if telegram.access_number != self._awaiting:
            raise ProtocolError(f"access number {telegram.access_number} is not that of the last report")
        if telegram.ci == Ci.TRANSPORT_TO_METER and telegram.control == Control.ACK and not telegram.payload:
            return Acknowledgement(telegram.access_number)
        if telegram.ci != Ci.COMMAND_LONG or telegram.control not in {Control.SND_UD, Control.SND_UD_FCB}:
            raise ForbiddenOrderError(f"{telegram.control.name} with CI {telegram.ci:02X}", Refusal.UNKNOWN_CI)
        return order_of(telegram, self._reported)

    def answer(self, order: Order, volume_l: int, cutoff_l: int, valve: ValveState, countdown: int) -> bytes:
        """The frame that answers a done order with what it asked for, or with the state it left behind."""
        match order:
            case ReadTotalVolume():
                records = status_records(volume_l, None, None, None)
            case ReadCutoffVolume():
                records = status_records(None, cutoff_l, None, None)
            case ReadPrepayStatus():
                records = status_records(volume_l, cutoff_l, valve, None)
            case WriteCutoff() | OpenValve() | CloseValve():
                records = status_records(volume_l, cutoff_l, valve, countdown)
        return self._session.seal(
            Telegram(
                Control.RSP_UD,
                self.meter,
                Ci.RESPONSE_SHORT,
                access_number=self._awaiting or 0,
                records=records,
            )
        )

    def refuse(self, refusal: Refusal) -> bytes:
        """The frame that refuses an order: an application error with its code, authenticated."""
        return self._session.seal(
            Telegram(
                Control.RSP_UD,
                self.meter,
                Ci.ERROR_SHORT,
                access_number=self._awaiting or 0,
                status=Status.APPLICATION_ERROR,
                payload=bytes((refusal,)),
            )
        )


class HubEnd:
    """The hub's end of one gas link: understands its meter, seals acknowledgements and orders.

    Args:
        master_key: the 16-byte key shared with the meter.
        meter: the address of the one meter.
        hub: our address.
        sent: counter of the last telegram sent under this key.
        received: counter of the last telegram understood under this key.
    """

    __slots__ = ("_control", "_last", "_reported", "_session", "hub", "meter")

    def __init__(
        self, master_key: bytes, meter: GasAddress, hub: GasAddress, *, sent: int = 0, received: int = 0
    ) -> None:
        self.meter = meter
        self.hub = hub
        self._session = Session(MasterKey(master_key), meter, sent=sent, received=received)
        self._control = Control.SND_UD_FCB
        self._last: tuple[Order, int] | None = None
        self._reported = 0

    @property
    def sent(self) -> int:
        """Counter of the last telegram sent."""
        return self._session.sent

    @property
    def received(self) -> int:
        """Counter of the last telegram understood."""
        return self._session.received

    def understand(self, frame: bytes) -> GasReport | OrderAnswer:
        """What the meter said, proved to be its own and new.

        Raises:
            TelegramError: no telegram we can read, or not of the gas profile.
            AuthenticationError: not sealed with our key.
            ReplayError: an old telegram.
            ProtocolError: another station's: a neighbour's meter, most often.
        """
        _from(frame, self.meter)
        telegram = self._session.open(frame)
        # The extended link layer is not under the MAC: what does not repeat what is under it is damaged.
        extended = None if telegram.extended is None else (telegram.extended, telegram.extended_access)
        if telegram.control == Control.SND_NR and telegram.ci == Ci.RESPONSE_SHORT:
            if extended in {(_PERIODIC, telegram.access_number), (_OUT_OF_TURN, telegram.access_number)}:
                report = report_of(telegram)
                self._reported = self._session.received
                return report
        elif telegram.control == Control.RSP_UD and extended is None:
            if telegram.ci == Ci.RESPONSE_SHORT:
                return answer_of(telegram)
            if telegram.ci == Ci.ERROR_SHORT:
                return self._refused(telegram)
        raise TelegramError(f"{telegram.control.name} with CI {telegram.ci:02X} is not of the gas profile")

    def _refused(self, telegram: Telegram) -> OrderAnswer:
        if len(telegram.payload) != _ERROR_CODE_LENGTH:
            raise TelegramError("an application error has one byte of code")
        code = telegram.payload[0]
        refusal: Refusal | int
        try:
            refusal = Refusal(code)
        except ValueError:
            refusal = code
        return OrderAnswer(telegram.meter, telegram.access_number, refusal=refusal)

    def acknowledge(self, access_number: int) -> bytes:
        """The frame that acknowledges the report with this access number and gives no order."""
        return self._session.seal(
            Telegram(Control.ACK, self.hub, Ci.TRANSPORT_TO_METER, application=self.meter, access_number=access_number)
        )

    def order(self, order: Order, access_number: int) -> bytes:
        """The frame of an order, which acknowledges the report with this access number as well.

        The same order for the same report again is a repetition: a new counter, the same frame count bit.

        Raises:
            UsageError: a volume or delay out of range.
            StateError: the key's counters are used up.
        """
        if self._last != (order, access_number):
            self._control = Control.SND_UD if self._control == Control.SND_UD_FCB else Control.SND_UD_FCB
            self._last = (order, access_number)
        return self._session.seal(
            Telegram(
                self._control,
                self.hub,
                Ci.COMMAND_LONG,
                application=self.meter,
                access_number=access_number,
                records=(*order_records(order), about_report(self._reported)),
            )
        )
