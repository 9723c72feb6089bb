"""What people do at the security centre: look at devices, shut them out, let them in; approve and recall products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar

from meterhouse.model import Eui64, Event, Instant, PolicyError, StateError
from meterhouse.store import Database, SqlAuditChain, SqlCentreRecords, SqlEvents, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import (
    CertificateRecord,
    CertificateStatus,
    Credentials,
    Device,
    Job,
    LifeState,
    Product,
    SecurityCentre,
)

__all__ = ["CentreDesk", "DeviceFile", "asked_anew", "forget_asked"]

_ASKED: Final = "readmission"
_SOURCE: Final = "security centre"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """All about one device.

    Attributes:
        device: as it stands.
        certificates: every one that was issued to it.
        history: when, state, who, why.
    """

    device: Device
    certificates: tuple[CertificateRecord, ...]
    history: tuple[tuple[Instant, str, str, str], ...] = ()

    @property
    def ends(self) -> Instant | None:
        """When the first of its good certificates ends."""
        good = (each.ends for each in self.certificates if each.status is CertificateStatus.GOOD)
        return min(good, default=None)


@dataclass(frozen=True, slots=True)
class CentreDesk:
    """The desk. Each deed is one transaction with its line of the audit chain and its event.

    Attributes:
        database: of the house; a street may be running on it, which acts within seconds.
        who: does it; not checked, as whoever may write the books is believed to be who he says.
        now: when.
    """

    database: Database
    who: str
    now: Instant

    def devices(self, state: LifeState | None = None) -> list[DeviceFile]:
        """Every device, or those in one state; without their histories."""

        def look(transaction: Transaction) -> list[DeviceFile]:
            records, by_unit = SqlCentreRecords(transaction), dict[Eui64, list[CertificateRecord]]()
            for certificate in records.certificates():
                by_unit.setdefault(certificate.eui, []).append(certificate)
            found = (device for device in records.devices() if state in {None, device.state})
            return [DeviceFile(device, tuple(by_unit.get(device.eui, ()))) for device in found]

        return sorted(self.database.read(look), key=lambda each: (each.device.home, each.device.role))

    def device(self, eui: Eui64) -> DeviceFile:
        """One device with its history.

        Raises:
            NotFoundError: it is not known.
        """

        def look(transaction: Transaction) -> DeviceFile:
            records = SqlCentreRecords(transaction)
            device = SecurityCentre(records).device(eui)
            own = tuple(each for each in records.certificates() if each.eui == eui)
            return DeviceFile(device, own, tuple(records.history(eui)))

        return self.database.read(look)

    def suspend(self, eui: Eui64, why: str) -> Device:
        """Shut a device out: it takes no order, its word is not believed, and a hub's line ends.

        Raises:
            PolicyError: no reason is given.
            NotFoundError, StateError: it is not known, or suspended or withdrawn already.
        """
        _reason(why)
        return self._do("device.suspended", str(eui), why, lambda centre: centre.suspend(eui, why, self.who, self.now))

    def withdraw(self, eui: Eui64) -> Device:
        """End the life of a suspended device: it never comes back.

        Raises:
            NotFoundError, StateError: it is not known, or not suspended.
        """

        def end(transaction: Transaction) -> Device:
            records = SqlCentreRecords(transaction)
            gone = SecurityCentre(records).withdraw(eui, self.who, self.now)
            for each in records.certificates():
                if each.eui == eui and each.status is CertificateStatus.GOOD:
                    Credentials(records, {}).revoke(each.serial, "its device was withdrawn", self.who, self.now)
            forget_asked(transaction, eui, self.now)
            self._tell(transaction, "device.withdrawn", str(eui), gone.why)
            return gone

        return self.database.run(end)

    def admit(self, eui: Eui64, why: str) -> None:
        """Ask that a suspended device be challenged and proven anew; the running street does it.

        Raises:
            PolicyError: no reason is given.
            NotFoundError, StateError: it is not known, or not suspended.
        """
        _reason(why)

        def ask(transaction: Transaction) -> None:
            device = SecurityCentre(SqlCentreRecords(transaction)).device(eui)
            if device.state is not LifeState.SUSPENDED:
                raise StateError(f"device {eui} is {device.state}, and only one that is suspended is admitted anew")
            SqlTrustRecords(transaction).put(_ASKED, str(eui), "asked", {"eui": str(eui), "who": self.who}, self.now)
            self._tell(transaction, "device.readmission", str(eui), why)

        self.database.run(ask)

    def products(self) -> list[Product]:
        """The list of products, approved or not."""
        return self.database.read(lambda tx: list(SqlCentreRecords(tx).products()))

    def design(self, model: str, firmware: str) -> Product:
        """Put a product on the list.

        Raises:
            StateError: it is there.
        """
        name = f"{model} {firmware}"
        return self._do("product.designed", name, "", lambda centre: centre.design(model, firmware, self.who, self.now))

    def approve(self, model: str, firmware: str, evidence: str, document: bytes) -> Product:
        """Approve a product by the document of its type test, whose SHA-256 is kept.

        Raises:
            PolicyError: the document is empty, or it is not said where it is kept.
            NotFoundError, StateError: it is not on the list, or not newly there.
        """
        if not document:
            raise PolicyError("an empty document is no evidence")
        digest = sha256(document).hexdigest()

        def pass_it(centre: SecurityCentre) -> Product:
            return centre.type_test(model, firmware, evidence, digest, self.who, self.now)

        return self._do("product.approved", f"{model} {firmware}", f"{evidence} {digest}", pass_it)

    def recall(self, model: str, firmware: str, why: str) -> list[Job]:
        """Take a product from the list: its devices are suspended, each with a job to replace it.

        Raises:
            PolicyError: no reason is given.
            NotFoundError, StateError: it is not on the list, or was recalled already.
        """
        _reason(why)

        def end(centre: SecurityCentre) -> list[Job]:
            return centre.revoke_product(model, firmware, why, self.who, self.now)

        return self._do("product.recalled", f"{model} {firmware}", why, end)

    # inside ------------------------------------------------------------------------------------------------------

    def _do(self, deed: str, subject: str, why: str, act: Callable[[SecurityCentre], _T]) -> _T:
        def whole(transaction: Transaction) -> _T:
            done = act(SecurityCentre(SqlCentreRecords(transaction)))
            self._tell(transaction, deed, subject, why)
            return done

        return self.database.run(whole)

    def _tell(self, transaction: Transaction, deed: str, subject: str, why: str) -> None:
        about: dict[str, object] = {"subject": subject, "who": self.who, "why": why}
        SqlEvents(transaction).append([Event(self.now, _SOURCE, deed, about)])
        SqlAuditChain(transaction).write(self.now, self.who, deed, subject, {"why": why})


def asked_anew(transaction: Transaction) -> dict[Eui64, str]:
    """Devices that somebody wants to be proven anew, and who."""
    return {Eui64.parse(body["eui"]): str(body["who"]) for body in SqlTrustRecords(transaction).all(_ASKED, ["asked"])}


def forget_asked(transaction: Transaction, eui: Eui64, now: Instant) -> None:
    """It was done, or cannot be."""
    SqlTrustRecords(transaction).put(_ASKED, str(eui), "over", {"eui": str(eui)}, now)


def _reason(why: str) -> None:
    if not why.strip():
        raise PolicyError("no reason is given", why="The audit chain tells of each such deed why it was done.")
