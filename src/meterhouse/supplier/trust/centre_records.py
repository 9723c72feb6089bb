"""What the security centre knows: products, devices, jobs, certificates; and the port behind which it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from meterhouse.companion.certificate import Domain
from meterhouse.crypto import PublicPoint, Purpose
from meterhouse.model import Eui64, Instant
from meterhouse.supplier.trust.life_cycle import LifeState

__all__ = ["CentreRecords", "CertificateRecord", "CertificateStatus", "Device", "Job", "Lapse", "Product"]

_NEVER: Final = Instant(0)


class CertificateStatus(StrEnum):
    """Whether a certificate may still be gone by."""

    GOOD = "good"
    REPLACED = "replaced"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that was issued.

    Attributes:
        serial: its serial number, hex.
        eui: the subject.
        role: of the subject.
        purpose: of its key.
        public: its key.
        ends: last instant of its validity.
        status: whether it may still be gone by.
        why: of its end.
    """

    serial: str
    eui: Eui64
    role: str
    purpose: Purpose
    public: PublicPoint
    ends: Instant
    status: CertificateStatus = CertificateStatus.GOOD
    why: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A model with a firmware, as it stands on the approved-products list (S0-87).

    Attributes:
        model: maker's and type's name.
        firmware: version.
        state: designed, type-tested (which is approved), or withdrawn.
        evidence: where the certificate of its tests is kept; empty before.
        digest: SHA-256 of that document, hex, so that it can be told from another.
        why: of its withdrawal.
    """

    model: str
    firmware: str
    state: LifeState = LifeState.DESIGNED
    evidence: str = ""
    digest: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A device.

    Attributes:
        eui: its identity, which is the unit's.
        role: such as electricity-meter.
        domain: of its certificates; a device has exactly one.
        model: of its product.
        firmware: of its product.
        state: in its life.
        signing: its signature key.
        agreement: its key for agreeing keys.
        home: where it is installed; empty before.
        proven: when its end-to-end test was passed.
        heard: when it was last heard of.
        why: of its suspension or withdrawal.
        supplier: who may order it about now; empty for whoever has installed it.
        frozen_until: no cut before this, after a change of credentials.
    """

    eui: Eui64
    role: str
    domain: Domain
    model: str
    firmware: str
    state: LifeState
    signing: PublicPoint
    agreement: PublicPoint
    home: str = ""
    proven: Instant | None = None
    heard: Instant | None = None
    why: str = ""
    supplier: str = ""
    frozen_until: Instant = _NEVER


@dataclass(frozen=True, slots=True)
class Job:
    """A device that is to be replaced, tracked until it is (S0-85).

    Attributes:
        device: which.
        home: where.
        why: what is wrong with it.
        opened: since when.
        closed: when it was replaced; None: still to do.
    """

    device: Eui64
    home: str
    why: str
    opened: Instant
    closed: Instant | None = None


@dataclass(frozen=True, slots=True)
class Lapse:
    """A device in the field that nobody has heard of for too long (S3-80)."""

    device: Eui64
    home: str
    heard: Instant | None


class CentreRecords(Protocol):
    """Where the centre keeps what it knows; with a history of each device and product."""

    def product(self, model: str, firmware: str) -> Product | None:
        """A product."""

    def products(self) -> Sequence[Product]:
        """All of them."""

    def put_product(self, product: Product, now: Instant, who: str, why: str) -> None:
        """Write one."""

    def device(self, eui: Eui64) -> Device | None:
        """A device."""

    def devices(self) -> Sequence[Device]:
        """All of them."""

    def devices_of(self, model: str, firmware: str) -> Sequence[Device]:
        """Those of one product."""

    def holder(self, key: PublicPoint) -> Eui64 | None:
        """Who has, or ever had, this key."""

    def put_device(self, device: Device, now: Instant, who: str, why: str) -> None:
        """Write one, and a line of its history."""

    def job(self, device: Eui64) -> Job | None:
        """The replacement job of a device."""

    def jobs(self) -> Sequence[Job]:
        """All of them."""

    def put_job(self, job: Job, now: Instant) -> None:
        """Write one."""

    def certificate(self, serial: str) -> CertificateRecord | None:
        """A certificate that was issued."""

    def certificates(self) -> Sequence[CertificateRecord]:
        """All of them."""

    def put_certificate(self, record: CertificateRecord, now: Instant, who: str) -> None:
        """Write one, and a line of its history."""
