"""What the head end does at a hub in one session, as procedures that speak DLMS end to end.

A job's `talk` yields (route, APDU) and is sent the answering APDU; so it runs the same over a carrier, over plain TCP
and in a test. It raises only `MeterhouseError`s; whether another try can help is the error's own word.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from meterhouse.companion import objects
from meterhouse.companion.hub_log import HubLogRow
from meterhouse.companion.token_status import TokenVerdict, decode_status
from meterhouse.model import (
    DAY,
    DayProfile,
    Eui64,
    Fuel,
    HalfHour,
    Instant,
    LinkError,
    MalformedError,
    Quality,
    RefusedError,
)
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import GAS_ACCOUNT, HUB, METER, AccountAddress, Talk, via
from meterhouse.supplier.headend.link_watch import GasLinkReading, LinkWatch
from meterhouse.supplier.headend.ports import Clients, HubEntry, MeterEntry, OrderBook, ReadingStore

__all__ = ["ArmSupply", "CollectDays", "DeliverToken", "Job", "ReadHubLog"]

_LARGEST_NOTE: Final = 0xFFFF_FFFF
"""42 949.67295 of the unit: a debt beyond is shown as this; the books keep the whole."""


class Job(Protocol):
    """Something to do at a hub."""

    @property
    def label(self) -> str:
        """In words, for events."""

    @property
    def order(self) -> str:
        """The order's id; empty for work that the head end gives itself."""

    @property
    def expires(self) -> Instant | None:
        """When it is no use any more."""

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """The conversation. `now` is the instant of its start."""


@dataclass(frozen=True, slots=True)
class CollectDays:
    """Read whole UTC days of every meter of a hub, and keep them one by one; of a gas link its countdown as well."""

    store: ReadingStore
    first: Instant
    last: Instant
    links: LinkWatch | None = None
    order: str = ""
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "collect half hours"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """One association a meter that has days missing."""
        for meter in hub.meters:
            days = self.store.missing(meter.identity, self.first, self.last)
            if not days:
                continue
            gas = meter.fuel is Fuel.GAS
            route, device = (HUB, hub.identity) if gas else (METER, meter.identity)
            client = clients.client(device)
            yield from via(route, client.associate())
            for day in days:
                profile = yield from via(route, _read_day(client, meter, day))
                self.store.keep(profile, now)
            if gas and self.links is not None:
                yield from via(route, _read_link(client, self.links, hub.identity, now))
            yield from via(route, client.release())


@dataclass(frozen=True, slots=True)
class ReadHubLog:
    """Read a hub's log and the countdown of its gas link, because it rang."""

    links: LinkWatch
    order: str = ""
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "read hub log"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """One association."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        yield from via(HUB, _read_link(client, self.links, hub.identity, now))
        yield from via(HUB, client.release())


def _read_link(client: dlms.Client, links: LinkWatch, hub: Eui64, now: Instant) -> dlms.Procedure[None]:
    """Nothing where a hub has no such objects: it is older than they are, or has no gas."""
    try:
        found = yield from client.get(dlms.DATA, objects.GAS_HAN_FAILURE, 2)
        span = dlms.Range(links.rows_from(hub), Instant(now + DAY))
        rows = yield from client.profile(objects.HUB_EVENT_LOG, span)
    except dlms.AccessRefusedError:
        return
    full, left, failed, misses = found.items(4)
    reading = GasLinkReading(full.whole(), left.whole(), bool(failed.value), misses.whole())
    links.take(hub, reading, [HubLogRow.of(at, code, packed) for at, code, packed in rows], now)


def _read_day(client: dlms.Client, meter: MeterEntry, day: Instant) -> dlms.Procedure[DayProfile]:
    profile = objects.GAS_PROFILE if meter.fuel is Fuel.GAS else objects.ELECTRICITY_PROFILE
    rows = yield from client.profile(profile, dlms.Range(day, Instant(day + DAY)))
    opening = next((register for end, _, register in rows if end == day), None)
    inside = tuple(HalfHour(end, register, Quality(status)) for end, status, register in rows if end > day)
    if any(row.end > day + DAY for row in inside) or any(a.end >= b.end for a, b in pairwise(inside)):
        raise MalformedError(f"profile of meter {meter.identity} has rows outside the day asked for or out of order")
    return DayProfile(meter.identity, meter.fuel, day, opening, inside)


@dataclass(frozen=True, slots=True)
class DeliverToken:
    """Carry a token to the token gateway of an account, and with it the debt that is left, for display (S3-88)."""

    order: str
    token: str
    debt_left: int
    book: OrderBook
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT

    @property
    def label(self) -> str:
        """In words."""
        return "deliver token"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Note, token, then the hub's verdict; a token that was credited already is as good as accepted."""
        client, route = clients.client(self.account.device(hub)), self.account.route
        yield from via(route, client.associate())
        self.book.stage(self.order, "carried", now)
        try:
            stage, why = yield from self._hand_over(client, now)
        except dlms.AccessRefusedError as error:  # no account there, or none for tokens: another try changes nothing
            stage, why = "refused", error.sentence()
        yield from via(route, client.release())
        self.book.stage(self.order, stage, now, why)

    def _hand_over(self, client: dlms.Client, now: Instant) -> Talk[tuple[str, str]]:
        at, route = self.account.at, self.account.route
        note = dlms.double_long_unsigned(min(self.debt_left, _LARGEST_NOTE))
        yield from via(route, client.set(dlms.DATA, at.debt_note, 2, note))
        if not self.token:
            return "accepted", "all of the payment went to debt"
        digits = dlms.octet_string(self.token.encode("ascii"))
        with suppress(dlms.AccessRefusedError):  # the verdict says more than the action's result
            yield from via(route, client.act(dlms.TOKEN_GATEWAY, at.token_gateway, 1, digits))
        self.book.stage(self.order, "hub", now)
        verdict = decode_status((yield from via(route, client.get(dlms.TOKEN_GATEWAY, at.token_gateway, 6))))
        if verdict is TokenVerdict.NONE_YET:
            who = self.account.holder
            raise LinkError(f"{who} forgot the token before it said what became of it", remedy="It is sent again.")
        if verdict in (TokenVerdict.ACCEPTED, TokenVerdict.USED):
            return "accepted", verdict.sentence if verdict is TokenVerdict.USED else ""
        return "refused", verdict.sentence


@dataclass(frozen=True, slots=True)
class ArmSupply:
    """Arm an electricity supply: a hand on the spot may then close it. There is no order that closes it."""

    order: str
    meter: Eui64
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "arm supply"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """Method 2 of the disconnect control, which in control mode 3 only arms (IEC 62056-6-2 §4.5.8)."""
        del hub
        client = clients.client(self.meter)
        yield from via(METER, client.associate())
        try:
            yield from via(
                METER,
                client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0)),
            )
        except RefusedError as error:
            self.book.stage(self.order, "refused", now, error.sentence())
        else:
            self.book.stage(self.order, "accepted", now)
        yield from via(METER, client.release())
