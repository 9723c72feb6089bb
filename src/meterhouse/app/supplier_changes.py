"""Changes of supplier in a running street: the carrier follows them at once, the order goes to the device, and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from meterhouse.app.change_desk import Change, kept_changes, put_change
from meterhouse.app.driver import Driver
from meterhouse.app.street_trust import StreetTrust
from meterhouse.companion.sealed import Role
from meterhouse.model import Eui64, Instant
from meterhouse.store import Database, Transaction
from meterhouse.supplier.headend import HeadEnd
from meterhouse.supplier.trust import ChangeOffice, ChangeOrder

__all__ = ["SupplierChanges"]

_ORDERED: Final = "ordered"


class SupplierChanges:
    """Of one street. Other processes order them (`change_desk`); they are looked for every few seconds.

    Args:
        database: of the house.
        trust: of the street; what it says of suppliers is kept up here.
        driver: pump or world.
        tell: notes an event: kind, fields.

    Attributes:
        office: the change-of-supplier party's machine; None where the street has none.
    """

    def __init__(self, database: Database, trust: StreetTrust, driver: Driver, tell: Callable[..., None]) -> None:
        self._database = database
        self._trust = trust
        self._driver = driver
        self._tell = tell
        self._head_end: HeadEnd | None = None
        self._seen: dict[Eui64, bytes] = {}
        party = trust.parties.office
        self.office = None if party is None else ChangeOffice("change office", party, trust, self._ended)
        self._follow()

    def begin(self, head_end: HeadEnd) -> None:
        """Serve no more what was lost before this start, and bring out what was not taken yet."""
        self._head_end = head_end
        for change in self._changes():
            self._apply(change)

    def look(self, now: Instant) -> None:
        """Follow what was ordered since."""
        del now
        for change in self._follow():
            if self._seen.get(change.device) != change.octets:
                self._apply(change)

    # inside ------------------------------------------------------------------------------------------------------

    def _changes(self) -> list[Change]:
        return [] if self.office is None else list(self._database.read(kept_changes).values())

    def _follow(self) -> list[Change]:
        """Every change, once it is taken into what carrier and broker ask: whose each device is."""
        changes = self._changes()
        for change in changes:
            self._trust.others |= {change.gainer: Role.SUPPLIER, change.confirm: Role.CONFIRM}
            self._trust.gained[change.device] = change.gainer
        return changes

    def _apply(self, change: Change) -> None:
        head_end, office, unit = self._head_end, self.office, self._trust.units.get(change.device)
        if head_end is None or office is None or unit is None:
            return
        self._seen[change.device] = change.octets
        if change.gainer != self._trust.parties.supplier:
            self._driver.call(head_end, lambda now: head_end.release(unit.hub, unit.device, now))
        if change.state == _ORDERED and change.not_after > self._driver.now:
            order = ChangeOrder(change.device, unit.hub, change.octets, change.not_after)
            self._driver.call(office, lambda now: office.submit(order, now))

    def _ended(self, device: Eui64, changed: bool, why: str, now: Instant) -> None:  # noqa: FBT001 -- the office's
        def keep(tx: Transaction) -> None:
            change = kept_changes(tx).get(device)
            if change is not None:
                put_change(tx, replace(change, state="done" if changed else "failed", why=why, ended=now), now)

        self._database.run(keep)
        gainer = str(self._trust.supplier_of(device))
        self._tell(
            "device.handed_over" if changed else "device.not_handed_over", device=str(device), to=gainer, why=why
        )
