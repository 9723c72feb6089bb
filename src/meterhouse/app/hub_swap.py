"""A home's hub is replaced by another while its meters go on: asked for, read out, commissioned, locked out (S0-98).

::

    asked ──▶ the old hub's record of the gas is read, or the last that was kept ──▶ old hub withdrawn, its line ended
          ──▶ new hub: identity, keys and certificates of its own; the account as the record and the books have it
          ──▶ met by the head end over wire and air: proven, in service

The meters stay as they are. What a new hub is given of them is what the installer is given: the key of the wire, and
that of the gas link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from meterhouse.app.books import Books
from meterhouse.app.change_desk import kept_changes
from meterhouse.app.driver import Driver
from meterhouse.app.keys import StreetKeys
from meterhouse.app.sealed_street import SealedStreet
from meterhouse.app.site import HomeSite, SiteNames, TakenPlace, hub_settings, new_hub
from meterhouse.app.street import AccountPlace, HomePlan
from meterhouse.crypto import Purpose
from meterhouse.model import (
    DAY,
    MINUTE,
    Duration,
    Eui64,
    Event,
    Fuel,
    HalfHour,
    Instant,
    MalformedError,
    MeterhouseError,
    NotFoundError,
    PolicyError,
)
from meterhouse.premises.hub import Hub, read_account_record
from meterhouse.store import (
    Database,
    SqlAuditChain,
    SqlCentreRecords,
    SqlCommands,
    SqlDeviceState,
    SqlIntervals,
    SqlRegistry,
    SqlTrustRecords,
    SqlVendingRecords,
    Transaction,
)
from meterhouse.supplier.headend import HeadEnd, ReadAccount
from meterhouse.supplier.trust import Credentials, LifeState, SecurityCentre, ask_rotation
from meterhouse.supplier.vending import StageName

__all__ = ["HubSwaps", "SwapStreet", "ask_swap", "kept_swaps", "street_time", "taken_places"]

_KIND: Final = "hub-swap"
_RECORD: Final = "hub-record"
_WHO: Final = "hub swap"
_READ_FOR: Final[Duration] = 20 * MINUTE
"""An old hub that has not told its record by then is taken for broken."""
_VENDS: Final = 200
"""More than a token slot remembers."""
_COLLECT: Final = "collect half hours"
_ASKED, _READ, _DONE = "asked", "read", "done"


class SwapStreet(Protocol):
    """What a swap needs of a live street."""

    sites: dict[str, HomeSite]
    books: Books
    driver: Driver
    head_end: HeadEnd
    sealed: SealedStreet | None

    def checkpoint(self) -> None:
        """Keep the state of every device."""

    def stand_in(self, site: HomeSite, old: HomeSite) -> None:
        """A home has another hub: lay its links, and know it from now on."""


def ask_swap(database: Database, home: str, why: str, now: Instant) -> dict[str, Any]:
    """Ask that a home's hub be replaced; a running street does it within minutes.

    Raises:
        NotFoundError: no such home.
        PolicyError: one is under way, no reason was given, or the gas is another supplier's by now.
    """
    if not why.strip():
        raise PolicyError(f"the hub of home {home} is not replaced without a reason")

    def ask(tx: Transaction) -> dict[str, Any]:
        before = SqlTrustRecords(tx).get(_KIND, home)
        if before is not None and before["state"] != _DONE:
            raise PolicyError(f"the hub of home {home} is being replaced already")
        registered = SqlRegistry(tx).meters(home)
        if not registered:
            raise NotFoundError(f"no home '{home}'", remedy="Look at the homes of the street.")
        gone = kept_changes(tx)
        if any(one.record.fuel is Fuel.GAS and one.record.meter in gone for one in registered):
            raise PolicyError(
                f"the gas of home {home} is another supplier's",
                why="The account in the hub is kept under that supplier's keys.",
                remedy="This version swaps no hub under another supplier's account: hand the gas back first.",
            )
        module = 1 + (0 if before is None else int(before["module"]))
        asked = {"home": home, "module": module, "state": _ASKED, "why": why, "at": now}
        SqlTrustRecords(tx).put(_KIND, home, _ASKED, asked, now)
        SqlAuditChain(tx).write(now, _WHO, "hub.swap-asked", home, {"why": why, "module": module})
        return asked

    return database.run(ask)


def street_time(database: Database) -> Instant:
    """The street's own time at its last checkpoint: at most half an hour of it ago while it runs."""
    street = database.read(lambda tx: SqlDeviceState(tx).load("street"))
    return Instant(0) if street is None else Instant(int(str(street["now"])))


def kept_swaps(tx: Transaction) -> dict[str, dict[str, Any]]:
    """The newest swap of every home that has had one, or is to."""
    return {body["home"]: body for body in SqlTrustRecords(tx).all(_KIND)}


def taken_places(database: Database, homes: Iterable[HomePlan]) -> dict[str, TakenPlace]:
    """Homes whose hub has taken another's place, for a street that starts."""
    held = {plan.home: _held(plan) for plan in homes}

    def look(tx: Transaction) -> dict[str, TakenPlace]:
        found = {}
        for home, swap in kept_swaps(tx).items():
            module = int(swap["module"]) - (swap["state"] != _DONE)
            if module:
                found[home] = _place(tx, home, module, held.get(home, frozenset()))
        return found

    return database.read(look)


@dataclass(slots=True)
class _Waiting:
    """A swap whose old hub is being read out."""

    asked: dict[str, Any]
    until: Instant
    job: ReadAccount


class HubSwaps:
    """Of one running street.

    Args:
        street: the street.
        keys: of its devices.
        entropy: for a new hub's challenges.
        keep_record: keeps a hub's record of sealed orders; None in a street without.
    """

    def __init__(
        self,
        street: SwapStreet,
        keys: StreetKeys,
        entropy: Callable[[str], Callable[[int], bytes]],
        keep_record: Callable[[str, dict[str, Any]], None] | None,
    ) -> None:
        self._street = street
        self._keys = keys
        self._entropy = entropy
        self._keep_record = keep_record
        self._waiting: dict[str, _Waiting] = {}
        if street.sealed is not None:  # a hub may break before anybody asks it
            street.driver.on_event(self._collected, "job.done")

    def account_read(self, hub: Eui64, record: bytes, now: Instant) -> None:
        """See `headend.AccountPort`. What is no record is not kept."""
        home = next((one for one, site in self._street.sites.items() if site.names.hub == hub), None)
        if home is None:
            return
        try:
            read_account_record(record)
        except MalformedError as error:
            self._street.head_end.note(now, "account.not_believed", hub=str(hub), why=error.sentence())
            return
        body = {"home": home, "hub": str(hub), "record": record.decode("ascii"), "at": now}
        self._street.books.database.run(lambda tx: SqlTrustRecords(tx).put(_RECORD, home, _READ, body, now))
        if home in self._waiting:
            self._street.driver.at(now, lambda at: self._swap_waiting(home, at))

    def read_out(self, hub: Eui64) -> ReadAccount:
        """Read a hub's record, against the day when it breaks."""
        head_end, job = self._street.head_end, ReadAccount(self)
        self._street.driver.call(head_end, lambda now: head_end.submit(hub, job, now))
        return job

    def look(self, now: Instant) -> None:
        """Begin what was asked for, and go on without the record of a hub that does not answer."""
        for home, swap in self._street.books.database.read(kept_swaps).items():
            site = self._street.sites.get(home)
            if swap["state"] != _ASKED or home in self._waiting or site is None:
                continue
            job = self.read_out(site.names.hub)
            self._waiting[home] = _Waiting(swap, Instant(now + _READ_FOR), job)
        for home in [home for home, waiting in self._waiting.items() if now >= waiting.until]:
            self._swap_waiting(home, now)

    def _collected(self, event: Event) -> None:
        """A day's readings came: the record of that hub is a day old at most from now on."""
        if event.fields.get("job") == _COLLECT:
            hub = Eui64.parse(str(event.fields["hub"]))
            if any(site.names.hub == hub and _tells(site) for site in self._street.sites.values()):
                self._street.driver.at(event.at, lambda _now: self._read_again(hub))

    def _read_again(self, hub: Eui64) -> None:
        self.read_out(hub)

    # inside ------------------------------------------------------------------------------------------------------

    def _swap_waiting(self, home: str, now: Instant) -> None:
        waiting = self._waiting.pop(home, None)
        if waiting is None:
            return
        try:
            self._swap(home, waiting.asked, now)
        except MeterhouseError as error:  # before anything was moved: it begins anew at the next look
            self._street.head_end.note(now, "hub.not_swapped", home=home, why=error.sentence())

    def _swap(self, home: str, asked: dict[str, Any], now: Instant) -> None:
        street, old, module = self._street, self._street.sites[home], int(asked["module"])
        database = street.books.database
        names = SiteNames(old.names.number, module)

        def move(tx: Transaction) -> None:
            if street.sealed is not None:
                self._at_centre(tx, old, module, now)
            SqlRegistry(tx).replace_hub(old.names.hub, names.hub)
            SqlCommands(tx).replace_hub(old.names.hub, names.hub)
            SqlTrustRecords(tx).put(_KIND, home, _DONE, {**asked, "state": _DONE, "done_at": now}, now)
            fields = {"from": str(old.names.hub), "to": str(names.hub), "why": asked["why"]}
            SqlAuditChain(tx).write(now, _WHO, "hub.swapped", home, fields)

        database.run(move)  # all of it, or the old hub stays
        street.driver.remove(old.hub)  # off the wall; what it knew last is what was read
        if street.sealed is not None:
            street.sealed.shut_out(old.names.hub)
            for unit in [one for one in street.sealed.trust.units.values() if one.hub == old.names.hub]:
                street.sealed.trust.renew(replace(unit, hub=names.hub), module)
        place = database.read(lambda tx: _place(tx, home, module, _held(old.plan)))
        hub = self._commissioned(old, names, place, now)
        site = replace(old, names=names, hub=hub)
        street.head_end.replace_hub(old.names.hub, names.hub)
        street.stand_in(site, old)
        street.checkpoint()  # before the new hub says a word
        if street.sealed is not None:
            street.sealed.take_in(now)
        street.head_end.note(now, "hub.swapped", home=home, old=str(old.names.hub), new=str(names.hub))

    def _commissioned(self, old: HomeSite, names: SiteNames, place: TakenPlace, now: Instant) -> Hub:
        sealed, slots = self._street.sealed, None
        if sealed is not None:
            units = [one for one in sealed.trust.units.values() if one.hub == names.hub]
            slots = sealed.trust.slots(next((one for one in units if one.fuel is Fuel.GAS), units[0]))
        settings = hub_settings(old.plan, names, self._keys, slots)
        keep = self._keep_record
        keeper = None if keep is None else lambda record: keep(settings.name, record)
        return new_hub(settings, self._entropy(f"{settings.name}/{names.module}"), now, keeper, place)

    def _at_centre(self, tx: Transaction, old: HomeSite, module: int, now: Instant) -> None:
        """The old hub's life ends; the unit that it answered for has new keys, by its own last word."""
        sealed = self._street.sealed
        assert sealed is not None
        records = SqlCentreRecords(tx)
        centre, device = SecurityCentre(records), records.device(old.names.hub)
        if device is not None and device.state is not LifeState.WITHDRAWN:
            if device.state is not LifeState.SUSPENDED:
                centre.suspend(old.names.hub, "another hub takes its place", _WHO, now)
            centre.withdraw(old.names.hub, _WHO, now)
        if old.gas is None or records.device(old.names.gas) is None:
            return
        credentials, gas = Credentials(records, {}), old.names.gas
        last = sealed.trust.signing(gas)
        for purpose, name in ((Purpose.AGREE, "agree"), (Purpose.SIGN, "sign")):
            new = self._keys.pair(f"{name} {module}", gas).public
            credentials.rotate(gas, purpose, new, ask_rotation(last, gas, purpose, new), _WHO, now)


def _held(plan: HomePlan) -> frozenset[Fuel]:
    """The fuels whose accounts are in the hub of a home: it takes no token for any other."""
    electricity = plan.electricity.prepaid_in is AccountPlace.HUB
    return frozenset([Fuel.ELECTRICITY] * electricity + [Fuel.GAS] * (plan.gas is not None))


def _tells(site: HomeSite) -> bool:
    """Whether its hub has a record to be read."""
    return bool(_held(site.plan))


def _place(tx: Transaction, home: str, module: int, held: frozenset[Fuel]) -> TakenPlace:
    kept = SqlTrustRecords(tx).get(_RECORD, home)
    if kept is None:
        return TakenPlace(module)
    record = read_account_record(str(kept["record"]).encode("ascii"))
    charged = None if record.account is None else record.account["charged_until"]
    registered = [one.record for one in SqlRegistry(tx).meters(home)]
    gas = next((one.meter for one in registered if one.fuel is Fuel.GAS), None)
    rows: list[HalfHour] = []
    if charged is not None and gas is not None:
        intervals = SqlIntervals(tx)
        for day in intervals.days(Instant(charged - DAY), Instant(int(kept["at"]) + DAY)):
            profile = intervals.get_day(gas, day)
            rows += () if profile is None else profile.rows
    vending = SqlVendingRecords(tx)
    sold = [vend for vend in vending.newest(_VENDS, home) if vend.token and vend.fuel in held]
    tokens = [
        vend.token
        for vend in reversed(sold)
        if any(stage.name is StageName.ACCEPTED for stage in vending.stages(vend.request_id))
    ]
    return TakenPlace(module, record, tuple(rows), tuple(tokens))
