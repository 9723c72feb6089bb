"""What the trust office knows of homes, out of the registry and the counter's journal; and devices' keys in service."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, select

from meterhouse.companion.sealed import premises_binding
from meterhouse.crypto import P256, PublicPoint
from meterhouse.model import Eui64, Fuel, Instant
from meterhouse.store.schema import accounts, meters, vends
from meterhouse.store.transaction import Transaction
from meterhouse.store.trust_records import SqlTrustRecords
from meterhouse.store.visits import SqlVisits
from meterhouse.supplier.trust import HomeStanding

__all__ = ["DEVICE", "IN_SERVICE", "SqlDeviceKeys", "SqlHomeBook"]

DEVICE: Final = "device"
"""Kind of the record of a device."""
IN_SERVICE: Final = "in-service"
_HOME: Final = "home"

_METER: Final = select(meters).where(meters.c.meter == bindparam("id"))
_METERS: Final = select(meters).where(meters.c.home == bindparam("id")).order_by(meters.c.meter)
_TENANCIES: Final = select(func.count()).select_from(accounts).where(accounts.c.meter == bindparam("id"))
_PAID: Final = select(func.max(vends.c.at)).where(
    vends.c.home == bindparam("id"), vends.c.kind == "payment", vends.c.state.in_(("pending", "posted"))
)


class SqlHomeBook:
    """`HomeBook` within one transaction. Protection and feeder of a home are records of the trust office."""

    __slots__ = ("_records", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._records = SqlTrustRecords(transaction)

    def standing(self, home: str, device: Eui64) -> HomeStanding | None:
        """How a home stands; None where that device is not in it."""
        meter = self._transaction.first(_METER, {"id": device.octets.hex()})
        if meter is None or meter.home != home:
            return None
        about = self._records.get(_HOME, home) or {}
        paid = self._transaction.first(_PAID, {"id": home})
        last = None if paid is None or paid[0] is None else Instant(int(paid[0]))
        unit = self._records.get(DEVICE, str(device)) or {}
        visit = SqlVisits(self._transaction).holding(home)
        return HomeStanding(
            self._binding(meter.pan, device),
            about.get("feeder", ""),
            about.get("protected", ""),
            last,
            Instant(unit.get("frozen_until", 0)),
            unit.get("supplier", ""),
            "" if visit is None else f"{visit.worker} is at visit {visit.number}, {visit.state}",
        )

    def fuel(self, device: Eui64) -> Fuel | None:
        """What a registered meter measures; None for one that is not."""
        meter = self._transaction.first(_METER, {"id": device.octets.hex()})
        return None if meter is None else Fuel(meter.fuel)

    def meters(self, home: str) -> tuple[tuple[Eui64, Fuel], ...]:
        """The registered meters of a home; none where it is not known."""
        rows = self._transaction.rows(_METERS, {"id": home})
        return tuple((Eui64(bytes.fromhex(row.meter)), Fuel(row.fuel)) for row in rows)

    def mark(
        self, home: str, now: Instant, who: str, *, protected: str | None = None, feeder: str | None = None
    ) -> None:
        """Say why a home is protected (empty: no longer), or on which feeder it hangs."""
        about = dict(self._records.get(_HOME, home) or {"protected": "", "feeder": ""})
        if protected is not None:
            about["protected"] = protected
        if feeder is not None:
            about["feeder"] = feeder
        self._records.put(_HOME, home, "protected" if about["protected"] else "plain", about, now)
        self._records.step(
            _HOME, home, now, "marked", who, f"protected: {about['protected']}; feeder: {about['feeder']}"
        )

    def premises(self, device: Eui64) -> bytes | None:
        """The binding of a device to its supply point and its present tenancy."""
        meter = self._transaction.first(_METER, {"id": device.octets.hex()})
        return None if meter is None else self._binding(meter.pan, device)

    def _binding(self, pan: str, device: Eui64) -> bytes:
        row = self._transaction.first(_TENANCIES, {"id": device.octets.hex()})
        tenancy = max(0, int(row[0]) - 1) if row else 0
        return premises_binding("".join(filter(str.isdigit, pan)) or "0", device, tenancy)


class SqlDeviceKeys:
    """`DeviceKeys` within one transaction: only what is in service has a key."""

    __slots__ = ("_homes", "_records")

    def __init__(self, transaction: Transaction) -> None:
        self._records = SqlTrustRecords(transaction)
        self._homes = SqlHomeBook(transaction)

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """The signature key of a device in service; None for any other."""
        body = self._records.get(DEVICE, str(device))
        if body is None or body["state"] != IN_SERVICE:
            return None
        return PublicPoint(P256, bytes.fromhex(body["signing"]))

    def premises(self, device: Eui64) -> bytes | None:
        """The binding of its premises."""
        return self._homes.premises(device)
