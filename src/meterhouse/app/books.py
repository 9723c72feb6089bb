"""What a street remembers, in one database: registry, ledger, orders, readings, counters, checkpoints.

Implements the ports of head end and counter over the store. Calls return when their work is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.app.site import SUPPLY_GROUP, HomeSite
from meterhouse.app.street import StreetPlan
from meterhouse.carrier import UsageRow
from meterhouse.model import DAY, HOUR, DayProfile, Eui64, Event, Fuel, Instant, Money, NotFoundError, day_start
from meterhouse.store import (
    CommandState,
    Database,
    DebtMismatch,
    HomeRecord,
    RegisteredMeter,
    SqlCarrierUsage,
    SqlCommands,
    SqlCounters,
    SqlDeviceState,
    SqlEvents,
    SqlIntervals,
    SqlRegistry,
    SqlVendingRecords,
    Till,
    Transaction,
    compare_debt,
    verify,
)
from meterhouse.supplier.ledger import Breach
from meterhouse.supplier.vending import (
    AccountRecord,
    EncryptionServices,
    MeterRecord,
    PaymentLimits,
    PaymentRequest,
    Receipt,
    StageName,
    StageRecord,
    Vend,
    advance,
    tell_debt,
)

__all__ = ["Books", "DueDelivery"]

_LEASE: Final = 24 * HOUR
"""The head end works on an order itself for so long before anybody may take it anew."""
_ENDS: Final = frozenset({"accepted", "refused", "expired"})
_STREET: Final = "street"
_RECORD: Final = "/orders"


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """An order for an account that is to be carried now.

    Attributes:
        meter, fuel: of the account; which device holds it is the site's affair.
    """

    order: str
    hub: Eui64
    meter: Eui64
    fuel: Fuel
    token: str
    debt_left: int
    expires: Instant


class Books:
    """The books of one street.

    Args:
        database: opened; whoever opened it closes it.
        services: make tokens.
        entropy: for random numbers in tokens.
        limits: of what may be sold, by currency; None for those that come with the program.
        apart: whether tokens are made outside the transaction; see `store.Till`.
    """

    def __init__(
        self,
        database: Database,
        services: EncryptionServices,
        entropy: Callable[[int], bytes],
        *,
        limits: Mapping[str, PaymentLimits] | None = None,
        apart: bool = False,
    ) -> None:
        self.database = database
        self._services = services
        self._till = Till(database, services, entropy, limits=limits, apart=apart)
        self._held: set[str] = set()
        self._believed: dict[str, int] = {}
        self._since: Instant = Instant(0)
        self._states = database.read(lambda tx: SqlDeviceState(tx).all())

    # checkpoints -------------------------------------------------------------------------------------------------

    def resumed_at(self) -> Instant | None:
        """The street's time at the last checkpoint; None in new books."""
        street = self._states.get(_STREET)
        return None if street is None else Instant(int(str(street["now"])))

    def state_of(self, machine: str) -> Mapping[str, Any] | None:
        """A machine's state at the last checkpoint."""
        return self._states.get(machine)

    def checkpoint(self, states: Mapping[str, Mapping[str, object]], now: Instant) -> None:
        """Keep the state of every machine at one instant, all or nothing."""

        def keep(tx: Transaction) -> None:
            kept = SqlDeviceState(tx)
            for name, state in states.items():
                kept.save(name, state, now)
            kept.save(_STREET, {"now": now, "since": self._since}, now)
            self._keep_believed(tx)

        self.database.run(keep)
        self._believed.clear()

    def keep_record(self, machine: str, record: Mapping[str, object], now: Instant) -> None:
        """Keep a device's record of sealed orders; returns when it stands there, before the device acts.

        Raises:
            StorageError: it could not be kept.
        """
        name = f"{machine}{_RECORD}"
        self.database.run(lambda tx: SqlDeviceState(tx).save(name, record, now))

    def record_of(self, machine: str) -> dict[str, Any] | None:
        """The record that a device kept last, when these books were opened; None for none."""
        record = self._states.get(f"{machine}{_RECORD}")
        return None if record is None else dict(record)

    # registry ----------------------------------------------------------------------------------------------------

    def register(self, plan: StreetPlan, sites: Iterable[HomeSite], start: Instant) -> None:
        """Enter homes, meters and accounts; what is there already stays as it is.

        No device is entered before tokens could be made for every prepaid one: keys and service come first (S3-01).

        Raises:
            ConfigurationError: for one of them they could not; nothing was entered.
        """
        sites = tuple(sites)
        for site in sites:
            for record in (_registered(site, identity, fuel).record for identity, fuel in site.fuels):
                if record.pan:
                    self._services.of(record).ready(record)
        street = self._states.get(_STREET)
        self._since = start if street is None else Instant(int(str(street["since"])))

        def enter(tx: Transaction) -> None:
            registry = SqlRegistry(tx)
            known = {account.account_id for account in registry.accounts()}
            for site in sites:
                registry.add_home(HomeRecord(site.plan.home, site.names.hub, site.plan.note))
                for identity, fuel in site.fuels:
                    registry.add_meter(_registered(site, identity, fuel))
                owed, share = site.plan.debt, site.plan.share_permille * 10
                for fuel, number in site.accounts.items():  # the first of them bears the home's debt
                    meter, debt = _registered(site, site.names.meter(fuel), fuel).record, Money(owed, plan.currency)
                    registry.open_account(AccountRecord(number, site.plan.home, debt, share), meter.meter, start)
                    if owed and number not in known:
                        tell_debt(SqlVendingRecords(tx), meter, f"opening/{number}", debt, start)
                    owed = share = 0

        self.database.run(enter)

    # the counter -------------------------------------------------------------------------------------------------

    def pay(self, request: PaymentRequest, now: Instant) -> Receipt:
        """Take a payment and wait until it is durable; see `Till.pay`."""
        return self._till.pay(request, now)

    def submit(self, request: PaymentRequest, now: Instant) -> Future[Receipt]:
        """Queue a payment: those that stand side by side share one commit. Books in memory take it at once."""
        return self._till.submit(request, now)

    def resume(self, now: Instant) -> int:
        """Make the tokens that a crash or an absent key store left pending; how many payments still wait for one."""
        return len(self._till.resume(now))

    def resume_apart(self, now: Instant) -> None:
        """Try again, in threads of the till's, to make the tokens that an absent key store left pending."""
        self._till.resume_apart(now)

    def vend(self, request: str) -> tuple[Vend, Sequence[StageRecord]]:
        """A vend and its life line.

        Raises:
            NotFoundError: no such request.
        """
        vend, stages = self.database.read(
            lambda tx: (SqlVendingRecords(tx).vend(request), SqlVendingRecords(tx).stages(request))
        )
        if vend is None:
            raise NotFoundError(f"no payment '{request}'", remedy="Look at the latest payments at the counter.")
        return vend, stages

    def vends(self, limit: int, home: str | None = None) -> list[tuple[Vend, Sequence[StageRecord]]]:
        """The newest vends with their life lines, newest first."""

        def look(tx: Transaction) -> list[tuple[Vend, Sequence[StageRecord]]]:
            records = SqlVendingRecords(tx)
            return [(vend, records.stages(vend.request_id)) for vend in records.newest(limit, home)]

        return self.database.read(look)

    def compare_debt(self, hub: Eui64, fuel: Fuel, shown: int, now: Instant) -> DebtMismatch | None:
        """Compare the debt that a home shows with what is owed; see `store.compare_debt`."""
        return self.database.run(lambda tx: compare_debt(tx, hub, fuel, shown, now))

    def keep_usage(self, rows: Iterable[UsageRow]) -> None:
        """Keep what was used of the carrier's lines."""
        counted = list(rows)
        if counted:
            self.database.run(lambda tx: SqlCarrierUsage(tx).add(counted))

    def breaches(self) -> Sequence[Breach]:
        """What the ledger's invariants find wrong; empty when money adds up."""
        return self.database.read(verify)

    # orders (headend.OrderBook) ----------------------------------------------------------------------------------

    def take_back_orders(self) -> None:
        """Free the orders that an earlier run had claimed and not ended: it holds them no more."""

        def free(tx: Transaction) -> None:
            commands = SqlCommands(tx)
            for command in commands.open():
                if command.state is CommandState.LEASED:
                    commands.postpone(command.command_id, command.due)

        self.database.run(free)

    def claim_deliveries(self, now: Instant) -> list[DueDelivery]:
        """Orders that wait to be carried, oldest first; each is handed out once a run."""
        claimed = self.database.run(lambda tx: SqlCommands(tx).claim(now, lease=_LEASE, limit=1_000))
        due = []
        for command in claimed:
            order = str(command.command_id)
            if order in self._held:
                continue  # its lease ran out, yet the head end is still at it
            self._held.add(order)
            owed = command.payload["debt_left_money5"]
            assert isinstance(owed, int)
            meter, fuel = Eui64(bytes.fromhex(str(command.payload["meter"]))), Fuel(str(command.payload["fuel"]))
            token = str(command.payload["token"])
            due.append(DueDelivery(order, command.hub, meter, fuel, token, owed, command.expiry))
        return due

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """Note how far an order has come, in the vend's life line and in the outbox."""

        def note(tx: Transaction) -> None:
            self._keep_believed(tx)
            commands = SqlCommands(tx)
            if stage == "expired":
                commands.expire(now)
                return
            command = commands.get(int(order))
            if command is None:
                raise NotFoundError(f"no order '{order}'")
            name, request, records = StageName(stage), str(command.payload["request"]), SqlVendingRecords(tx)
            if records.vend(request) is not None:  # else the order only shows a debt: no token has a life line
                advance(records, request, name, now, why if name is StageName.REFUSED else "")
            if name is StageName.ACCEPTED:
                commands.complete(int(order))
            elif name is StageName.REFUSED:
                commands.refuse(int(order), why)

        self.database.run(note)
        self._believed.clear()
        if stage in _ENDS:
            self._held.discard(order)

    def open_orders(self) -> list[tuple[int, Instant]]:
        """(id, expiry) of every order that has not ended."""
        return [(one.command_id, one.expiry) for one in self.database.read(lambda tx: SqlCommands(tx).open())]

    # readings (headend.ReadingStore) -----------------------------------------------------------------------------

    def missing(self, meter: Eui64, first: Instant, last: Instant) -> Sequence[Instant]:
        """Days that are not whole, none from before the street began."""
        begin = Instant(max(first, day_start(self._since)))
        if begin > last:
            return ()
        return self.database.read(lambda tx: SqlIntervals(tx).days_missing(meter, begin, Instant(last + DAY)))

    def keep(self, profile: DayProfile, now: Instant) -> None:
        """Land a day."""

        def land(tx: Transaction) -> None:
            self._keep_believed(tx)
            SqlIntervals(tx).put_day(profile, now)

        self.database.run(land)
        self._believed.clear()

    def day(self, meter: Eui64, day: Instant) -> DayProfile | None:
        """What has landed of a day."""
        return self.database.read(lambda tx: SqlIntervals(tx).get_day(meter, day))

    def days(self, meter: Eui64, first: Instant, last: Instant) -> list[DayProfile]:
        """What has landed of the UTC days from `first` to `last`, both ends included, oldest first."""

        def look(tx: Transaction) -> list[DayProfile]:
            found = SqlIntervals(tx)
            profiles = (found.get_day(meter, day) for day in found.days(day_start(first), Instant(last + 1)))
            return [profile for profile in profiles if profile is not None]

        return self.database.read(look)

    def last_half_hour(self, meter: Eui64) -> Instant | None:
        """The end of the newest half hour that has landed."""
        return self.database.read(lambda tx: SqlIntervals(tx).last_half_hour(meter))

    def half_hours_stored(self) -> int:
        """How many half hours have landed in all."""
        end = Instant(self._since + 100_000 * DAY)
        return self.database.read(
            lambda tx: sum(len(profile.rows) for profile in SqlIntervals(tx).export(day_start(self._since), end))
        )

    # counters (CounterKeeper) ------------------------------------------------------------------------------------

    def reserved(self, name: str) -> int:
        """The first invocation counter that was never reserved."""
        return self.database.read(lambda tx: SqlCounters(tx).reserved(name))

    def reserve(self, name: str, limit: int) -> None:
        """Reserve all below `limit`, durably."""
        self.database.run(lambda tx: SqlCounters(tx).raise_to(name, limit))

    def believed(self, name: str, value: int) -> None:
        """Keep a device's counter with the next thing that is kept of what it said."""
        self._believed[name] = value

    def _keep_believed(self, tx: Transaction) -> None:
        for name in sorted(self._believed):
            SqlCounters(tx).raise_to(name, self._believed[name] + 1)

    # events ------------------------------------------------------------------------------------------------------

    def note_events(self, events: Sequence[Event]) -> None:
        """Queue events for keeping; they are not waited for."""
        self.database.submit(lambda tx: SqlEvents(tx).append(events))

    def events_of(self, sources: Sequence[str], limit: int) -> list[Event]:
        """The newest events of some machines, newest first."""

        def look(tx: Transaction) -> list[Event]:
            found = [event for source in sources for event in SqlEvents(tx).newest(limit, source)]
            return sorted(found, key=lambda event: event.at, reverse=True)[:limit]

        return self.database.read(look)


def _registered(site: HomeSite, identity: Eui64, fuel: Fuel) -> RegisteredMeter:
    pan = site.accounts.get(fuel, "")
    group = SUPPLY_GROUP if pan else ""
    record = MeterRecord(meter=identity, fuel=fuel, hub=site.names.hub, pan=pan, supply_group=group)
    return RegisteredMeter(site.plan.home, site.serial(fuel), record)
