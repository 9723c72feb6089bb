"""What the security centre knows, in SQL: `CentreRecords` over the trust office's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from meterhouse.companion.certificate import Domain
from meterhouse.crypto import P256, PublicPoint, Purpose
from meterhouse.model import Eui64, Instant
from meterhouse.store.transaction import Transaction
from meterhouse.store.trust_homes import DEVICE
from meterhouse.store.trust_records import SqlTrustRecords
from meterhouse.supplier.trust import (
    CertificateRecord,
    CertificateStatus,
    Device,
    Job,
    LifeState,
    Product,
)

__all__ = ["SqlCentreRecords", "SqlLifeStates"]

_PRODUCT: Final = "product"
_JOB: Final = "replacement"
_KEY: Final = "key"
_CERTIFICATE: Final = "certificate"


class SqlCentreRecords:
    """`CentreRecords` within one transaction."""

    __slots__ = ("_records",)

    def __init__(self, transaction: Transaction) -> None:
        self._records = SqlTrustRecords(transaction)

    def product(self, model: str, firmware: str) -> Product | None:
        """A product."""
        body = self._records.get(_PRODUCT, _name(model, firmware))
        return None if body is None else _product(body)

    def products(self) -> Sequence[Product]:
        """All of them."""
        return [_product(body) for body in self._records.all(_PRODUCT)]

    def put_product(self, product: Product, now: Instant, who: str, why: str) -> None:
        """Write one, and a line of its history."""
        body = {
            "model": product.model,
            "firmware": product.firmware,
            "state": product.state.value,
            "evidence": product.evidence,
            "digest": product.digest,
            "why": product.why,
        }
        name = _name(product.model, product.firmware)
        self._records.put(_PRODUCT, name, product.state.value, body, now)
        self._records.step(_PRODUCT, name, now, product.state.value, who, why)

    def device(self, eui: Eui64) -> Device | None:
        """A device."""
        body = self._records.get(DEVICE, str(eui))
        return None if body is None or not _is_whole(body) else _device(body)

    def devices(self) -> Sequence[Device]:
        """All of them."""
        return [_device(body) for body in self._records.all(DEVICE) if _is_whole(body)]

    def devices_of(self, model: str, firmware: str) -> Sequence[Device]:
        """Those of one product."""
        return [_device(body) for body in self._records.of_subject(DEVICE, _name(model, firmware))]

    def holder(self, key: PublicPoint) -> Eui64 | None:
        """Who has, or ever had, this key."""
        body = self._records.get(_KEY, key.octets.hex())
        return None if body is None else Eui64.parse(body["eui"])

    def put_device(self, device: Device, now: Instant, who: str, why: str) -> None:
        """Write one, and a line of its history where there is something to say."""
        body = {
            "eui": str(device.eui),
            "role": device.role,
            "domain": device.domain.value,
            "model": device.model,
            "firmware": device.firmware,
            "state": device.state.value,
            "signing": device.signing.octets.hex(),
            "agreement": device.agreement.octets.hex(),
            "home": device.home,
            "proven": device.proven,
            "heard": device.heard,
            "why": device.why,
            "supplier": device.supplier,
            "frozen_until": device.frozen_until,
        }
        name = str(device.eui)
        self._records.put(DEVICE, name, device.state.value, body, now, subject=_name(device.model, device.firmware))
        for key in (device.signing, device.agreement):
            self._records.put(_KEY, key.octets.hex(), "held", {"eui": name}, now)
        if why:
            self._records.step(DEVICE, name, now, device.state.value, who, why)

    def history(self, eui: Eui64) -> list[tuple[Instant, str, str, str]]:
        """A device's history: when, state, who, why."""
        return self._records.steps(DEVICE, str(eui))

    def job(self, device: Eui64) -> Job | None:
        """The replacement job of a device."""
        body = self._records.get(_JOB, str(device))
        return None if body is None else _job(body)

    def jobs(self) -> Sequence[Job]:
        """All of them."""
        return [_job(body) for body in self._records.all(_JOB)]

    def put_job(self, job: Job, now: Instant) -> None:
        """Write one."""
        body = {
            "device": str(job.device),
            "home": job.home,
            "why": job.why,
            "opened": job.opened,
            "closed": job.closed,
        }
        self._records.put(_JOB, str(job.device), "open" if job.closed is None else "done", body, now, subject=job.home)

    def certificate(self, serial: str) -> CertificateRecord | None:
        """A certificate that was issued."""
        body = self._records.get(_CERTIFICATE, serial)
        return None if body is None else _certificate(body)

    def certificates(self) -> Sequence[CertificateRecord]:
        """All of them."""
        return [_certificate(body) for body in self._records.all(_CERTIFICATE)]

    def put_certificate(self, record: CertificateRecord, now: Instant, who: str) -> None:
        """Write one, and a line of its history."""
        body = {
            "serial": record.serial,
            "eui": str(record.eui),
            "role": record.role,
            "purpose": record.purpose.value,
            "public": record.public.octets.hex(),
            "ends": record.ends,
            "status": record.status.value,
            "why": record.why,
        }
        status = record.status.value
        self._records.put(_CERTIFICATE, record.serial, status, body, now, subject=str(record.eui))
        self._records.step(_CERTIFICATE, record.serial, now, status, who, record.why)


class SqlLifeStates:
    """Where devices are in their lives, within one transaction: the question that doors ask."""

    __slots__ = ("_records",)

    def __init__(self, transaction: Transaction) -> None:
        self._records = SqlTrustRecords(transaction)

    def state(self, eui: Eui64) -> LifeState | None:
        """A device's state; None for one that the security centre did not let in."""
        body = self._records.get(DEVICE, str(eui))
        return None if body is None or not _is_whole(body) else LifeState(body["state"])

    def those(self, states: Iterable[LifeState]) -> set[Eui64]:
        """Every device in one of these states."""
        found = self._records.all(DEVICE, [state.value for state in states])
        return {Eui64.parse(body["eui"]) for body in found if _is_whole(body)}


def _is_whole(body: Mapping[str, Any]) -> bool:
    """Whether the security centre let the device in; the first streets only noted their keys."""
    return "role" in body


def _name(model: str, firmware: str) -> str:
    return f"{model}\n{firmware}"


def _point(text: str) -> PublicPoint:
    return PublicPoint(P256, bytes.fromhex(text))


def _product(body: Mapping[str, Any]) -> Product:
    return Product(**{**body, "state": LifeState(body["state"])})


def _device(body: Mapping[str, Any]) -> Device:
    told = {
        **body,
        "eui": Eui64.parse(body["eui"]),
        "domain": Domain(body["domain"]),
        "state": LifeState(body["state"]),
        "signing": _point(body["signing"]),
        "agreement": _point(body["agreement"]),
    }
    return Device(**told)


def _job(body: Mapping[str, Any]) -> Job:
    return Job(**{**body, "device": Eui64.parse(body["device"])})


def _certificate(body: Mapping[str, Any]) -> CertificateRecord:
    told = {
        **body,
        "eui": Eui64.parse(body["eui"]),
        "purpose": Purpose(body["purpose"]),
        "public": _point(body["public"]),
        "status": CertificateStatus(body["status"]),
    }
    return CertificateRecord(**told)
