"""The hub's side of the gas link: takes reports, keeps the account, answers inside the meter's listen window.

One exchange: the meter's report, then as many orders as are due, one at a time, each after the meter's answer to the
one before. In a credit home there is nothing to order: the hub acknowledges and that is all (S0-34). In a prepay home
every exchange carries the newest cut-off (S0-108); the countdown is refilled with it only when all recovered gas has
been charged and the balance is still above zero (C-07).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from meterhouse.companion.gas import (
    CloseValve,
    GasReport,
    HubEnd,
    OpenValve,
    Order,
    OrderAnswer,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.companion.hub_log import RowRefusal
from meterhouse.model import (
    DAY,
    AuthenticationError,
    HalfHour,
    Instant,
    MalformedError,
    ProtocolError,
    ReplayError,
)
from meterhouse.premises.hub.gas_hand import GasHand
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.hub_orders import HubOrders
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.rules import countdown_may_reset

__all__ = ["GasLink"]

_REPEAT_AFTER: Final = 30
"""ms: an order without answer is sent again this soon, while the meter still listens."""
_REPEATS: Final = 2
_CLOCK_OFF: Final = DAY
"""A gas meter's clock drifts by minutes a year, and no order sets it; a day off it is broken."""


class GasLink:
    """The protocol of the `gas_radio` port.

    Args:
        end: the secured end of the link.
        mirror: filled by reports.
        account: None in a credit home.
        send: puts a telegram on the air.
        tell: notes an event.
    """

    def __init__(
        self,
        end: HubEnd,
        mirror: GasMirror,
        account: PrepayAccount | None,
        send: Callable[[bytes], None],
        tell: Callable[..., None],
    ) -> None:
        self._end = end
        self._mirror = mirror
        self._account = account
        self._send = send
        self._tell = tell
        self._orders: deque[Order] = deque()
        self._access_number = 0
        self._tries = 0
        self._repeat_at: Instant | None = None
        self._clock_off = False
        self.orders: HubOrders | None = None
        self.hand = GasHand()

    def deadline(self) -> Instant | None:
        """When to repeat an order, or to miss a report."""
        return self._mirror.deadline() if self._repeat_at is None else self._repeat_at

    def elapse(self, now: Instant) -> None:
        """Repeat, or count a missed half hour."""
        if self._repeat_at is not None:
            if now >= self._repeat_at:
                self._repeat(now)
        elif self._mirror.missed(now):
            self._tell(now, "gas_link.failed", countdown_half_hours=self._mirror.countdown)

    def take_hand(self, now: Instant) -> None:
        """A hand on the spot (a token keyed in, a button pressed): counts only with credit in and the valve shut.

        One from before the valve closed proves nothing: nobody has looked at the hobs since the gas went off.
        """
        if self.orders is not None and self.orders.gas_disabled:
            return  # closed by order: a hand counts once it is armed
        if self._account is not None and self._account.spendable > 0 and self._mirror.valve is ValveState.CLOSED:
            self.hand.give(now, self._mirror.countdown)

    def receive(self, telegram: bytes, now: Instant) -> None:
        """A telegram from the air; what isn't our meter's, or isn't true, changes nothing."""
        try:
            heard = self._end.understand(telegram)
        except ProtocolError:
            return  # a neighbour's: the air is shared
        except (MalformedError, AuthenticationError, ReplayError) as error:
            self._tell(now, "gas_link.refused", why=error.what)
            return
        if isinstance(heard, GasReport):
            self._take_report(heard, now)
        else:
            self._take_answer(heard, now)

    def _take_report(self, report: GasReport, now: Instant) -> None:
        was_failed, missed = self._mirror.link_failed, self._mirror.missed_now
        believed = self._believes_clock(report, now)
        self.hand.hear(report, now)
        rows = self._mirror.take(report if believed else replace(report, half_hours=()), now)
        self._access_number = report.access_number
        self._orders.clear()
        if was_failed:
            countdown = self._mirror.countdown
            self._tell(now, "gas_link.restored", countdown_half_hours=countdown, missed_half_hours=missed)
        if self._account is not None and believed:
            self._charge(report, rows, now)
        if self._orders:
            self._tries = 0
            self._order(now)
        else:
            self._repeat_at = None
            self._send(self._end.acknowledge(report.access_number))

    def _believes_clock(self, report: GasReport, now: Instant) -> bool:
        """Whether the half hours can be of this time. Else none is kept or charged, nor any cut-off sent."""
        newest = report.half_hours[-1].end if report.half_hours else now
        believed = abs(report.clock - now) <= _CLOCK_OFF and newest <= now + _CLOCK_OFF
        if not believed and not self._clock_off:
            self._refuse_rows(RowRefusal.CLOCK, now)
        self._clock_off = not believed
        return believed

    def _refuse_rows(self, refusal: RowRefusal, now: Instant) -> None:
        self._tell(now, "gas_rows.refused", refusal=int(refusal), why=refusal.sentence)

    def _charge(self, report: GasReport, rows: list[HalfHour], now: Instant) -> None:
        account = self._account
        assert account is not None
        if account.charged is None:
            first = report.half_hours[0] if report.half_hours else None
            account.begin(report.volume_l if first is None else first.register, now if first is None else first.end)
        disbelieved = account.disbelieved
        account.charge(rows)
        if account.disbelieved and not disbelieved:
            self._refuse_rows(RowRefusal.REGISTER, now)
        if report.more:
            return  # the rest of the outage comes next: no cut-off and no refill before all of it is charged
        pressed = self.hand.pressed(now)
        was_offered = account.emergency
        if account.offer_emergency() and not was_offered:
            self._tell(now, "emergency.offered", balance_money5=account.balance)
        if self.orders is not None and self.orders.works is not None and self.orders.gas_disabled:
            self.hand.spend()
            self._orders += self.orders.works.orders(report)
            return
        refill = self._mirror.full_countdown if countdown_may_reset(account.balance) else None
        cutoff_l = account.cutoff() if self.orders is None else self.orders.cutoff_l(account.cutoff(), now)
        self._orders.append(WriteCutoff(cutoff_l, refill))
        if pressed:
            self.take_hand(now)
        if account.spendable <= 0:
            self.hand.spend()
        elif self.hand.counts(now):
            self._orders.append(OpenValve())
            self._tell(now, "valve.open_ordered", balance_money5=account.balance)

    def _take_answer(self, answer: OrderAnswer, now: Instant) -> None:
        if not self._orders:
            return
        order = self._orders.popleft()
        if answer.refusal is not None:
            why = answer.refusal.name.lower() if isinstance(answer.refusal, Refusal) else f"code {answer.refusal}"
            self._tell(now, "order.refused", order=type(order).__name__, why=why, refusal=int(answer.refusal))
        elif isinstance(order, WriteCutoff):
            self._mirror.settled(order.cutoff_l, None, order.delay_half_hours)
            if order.delay_half_hours is not None:
                self._mirror.countdown = order.delay_half_hours
        elif isinstance(order, CloseValve):
            self._mirror.settled(None, ValveState.CLOSED, None)
            self._tell(now, "valve.closed", by="order")
        elif isinstance(order, OpenValve):
            self.hand.spend()
            self._opened(answer, now)
        self._tries = 0
        if self._orders:
            self._order(now)
        else:
            self._repeat_at = None

    def _opened(self, answer: OrderAnswer, now: Instant) -> None:
        """Where the half hour under way has used the credit up, the meter obeys and its valve stays closed."""
        closed = answer.valve is ValveState.CLOSED
        self._mirror.settled(None, ValveState.CLOSED if closed else ValveState.OPEN, None)
        self._tell(now, "valve.stays_closed" if closed else "valve.opened")

    def _order(self, now: Instant) -> None:
        self._repeat_at = Instant(now + _REPEAT_AFTER)
        if isinstance(self._orders[0], OpenValve):
            self.hand.spend()  # used up, whatever is heard: the meter may open now, and close again, unheard
        self._send(self._end.order(self._orders[0], self._access_number))

    def _repeat(self, now: Instant) -> None:
        self._tries += 1
        if self._tries > _REPEATS:
            self._repeat_at = None
            self._tell(now, "order.unanswered", order=type(self._orders[0]).__name__, tries=self._tries)
            self._orders.clear()
            return
        self._order(now)
