"""The security centre: which products are approved, which devices exist, and what each may do now.

A device is let in by its certificates, proves that it has their keys, and is watched for as long as it serves. It is
bound to its unit: a radio identity in other hardware has not the unit's key, and fails (S3-11).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterhouse.companion.certificate import Domain, Identity
from meterhouse.crypto import KeyPair, Purpose, sign, verify
from meterhouse.model import (
    DAY,
    HOUR,
    AuthenticationError,
    Duration,
    Eui64,
    Instant,
    NotFoundError,
    PolicyError,
    StateError,
)
from meterhouse.supplier.trust.centre_records import CentreRecords, CertificateStatus, Device, Job, Lapse, Product
from meterhouse.supplier.trust.life_cycle import LifeState, check_step
from meterhouse.supplier.trust.scheme import Scheme

__all__ = ["SecurityCentre", "admit_domain", "attest"]

_ATTEST: Final = b"MHAT1"
_SILENCE: Final = 3 * DAY
_MONITORED: Final = frozenset({LifeState.REGISTERED, LifeState.PROVEN, LifeState.IN_SERVICE})
_SYSTEM: Final = "security-centre"


def attest(pair: KeyPair, eui: Eui64, nonce: bytes) -> bytes:
    """A unit's answer to the centre's challenge: its signature key over identity and nonce."""
    return sign(pair, _challenge(eui, nonce))


class SecurityCentre:
    """The rules, within one transaction.

    Args:
        records: what is known.
        silence: ms after which a device in the field counts as lost sight of.
    """

    __slots__ = ("_records", "_silence")

    def __init__(self, records: CentreRecords, silence: Duration = _SILENCE) -> None:
        self._records = records
        self._silence = silence

    # products ----------------------------------------------------------------------------------------------------

    def design(self, model: str, firmware: str, who: str, now: Instant) -> Product:
        """Put a new product on the list; it is not approved yet.

        Raises:
            StateError: it is there.
        """
        if self._records.product(model, firmware) is not None:
            raise StateError(f"{model} {firmware} is on the list already")
        return self._keep_product(Product(model, firmware), now, who, "designed")

    def type_test(self, model: str, firmware: str, evidence: str, digest: str, who: str, now: Instant) -> Product:
        """Approve a product by the certificate of its tests.

        Raises:
            PolicyError: no evidence, or no digest of it.
            StateError, NotFoundError: it is not newly designed.
        """
        product = self._product(model, firmware)
        if not evidence.strip() or len(digest) != 64:
            raise PolicyError(
                f"{model} {firmware} is not approved without evidence",
                remedy="Say where its certificate is kept, and give its SHA-256.",
            )
        check_step(f"{model} {firmware}", product.state, LifeState.TYPE_TESTED)
        tested = replace(product, state=LifeState.TYPE_TESTED, evidence=evidence, digest=digest)
        return self._keep_product(tested, now, who, f"approved by {evidence}")

    def revoke_product(self, model: str, firmware: str, why: str, who: str, now: Instant) -> list[Job]:
        """Take a product from the list; every device of it is suspended, and a job to replace it opened.

        Returns:
            The jobs: every affected premises.
        """
        product = self._product(model, firmware)
        if product.state is LifeState.WITHDRAWN:
            raise StateError(f"{model} {firmware} was withdrawn already")
        self._keep_product(replace(product, state=LifeState.WITHDRAWN, why=why), now, who, why)
        opened = []
        for device in self._records.devices_of(model, firmware):
            if device.state is LifeState.WITHDRAWN:
                continue
            if device.state is not LifeState.SUSPENDED:
                self.suspend(device.eui, why, who, now)
            job = Job(device.eui, device.home, why, now)
            self._records.put_job(job, now)
            opened.append(job)
        return opened

    def open_jobs(self) -> list[Job]:
        """What is still to be replaced."""
        return [job for job in self._records.jobs() if job.closed is None]

    # devices -----------------------------------------------------------------------------------------------------

    def manufacture(
        self, signing: Identity, agreement: Identity, model: str, firmware: str, who: str, now: Instant
    ) -> Device:
        """Take a new device in, by its two certificates, whose chains were verified (S0-84).

        Raises:
            PolicyError: its product is not approved, its certificates are not of one unit, are for other purposes, are
                revoked, or are not of the utilities' domain; or another unit has one of its keys.
            StateError: a device has this identity.
        """
        self._approved(model, firmware)
        self._check_certificates(signing, agreement)
        device = Device(
            signing.eui,
            signing.role.value,
            signing.domain,
            model,
            firmware,
            LifeState.MANUFACTURED,
            signing.certified.public,
            agreement.certified.public,
        )
        if self._records.device(device.eui) is not None:
            raise StateError(f"device {device.eui} is known already")
        for key in (device.signing, device.agreement):
            holder = self._records.holder(key)
            if holder is not None:
                raise PolicyError(f"device {device.eui} has a key of {holder}", why="Every device has keys of its own.")
        return self._keep(device, now, who, "manufactured")

    def install(
        self, eui: Eui64, home: str, model: str, firmware: str, who: str, now: Instant, *, scheme: Scheme
    ) -> Device:
        """A device was installed in a home, and says itself which product it is.

        Raises:
            PolicyError: that product is not approved, or is not the one that it was made as; or the scheme does not
                stand: a role or its key is missing (S3-01).
            ConfigurationError, LinkError: tokens cannot be made for that home.
            StateError: a state was skipped.
        """
        device = self.device(eui)
        self._approved(model, firmware)
        if model != device.model:
            raise PolicyError(f"device {eui} says it is a {model}; it was made as {device.model}")
        if not home:
            raise PolicyError(f"device {eui} is installed nowhere")
        scheme.require(home)
        return self._step(replace(device, home=home, firmware=firmware), LifeState.INSTALLED, now, who, f"at {home}")

    def register(self, eui: Eui64, nonce: bytes, answer: bytes, who: str, now: Instant) -> Device:
        """Register a device that has answered a fresh challenge with its own key (S3-11); a suspended one, anew.

        Args:
            eui: who it says it is.
            nonce: the challenge, 16 fresh bytes or more.
            answer: what `attest` gives in the unit.
            who: does it.
            now: when.

        Raises:
            AuthenticationError: it has not the key of that unit: a clone, or another unit.
            PolicyError: the challenge is too short, its product is withdrawn, or it is not of the utilities' domain.
            StateError: a state was skipped.
        """
        device = self.device(eui)
        if len(nonce) < 16:
            raise PolicyError("a challenge has 16 bytes or more")
        admit_domain(device.domain)
        self._approved(device.model, device.firmware)
        try:
            verify(device.signing, _challenge(eui, nonce), answer)
        except AuthenticationError as error:
            raise AuthenticationError(
                f"whoever answers as {eui} is not that unit", why="It has not the unit's key."
            ) from error
        return self._step(replace(device, heard=now, why=""), LifeState.REGISTERED, now, who, "attested")

    def prove(self, eui: Eui64, who: str, now: Instant) -> Device:
        """The end-to-end test of a registered device was passed.

        Raises:
            StateError: a state was skipped.
        """
        return self._step(replace(self.device(eui), proven=now, heard=now), LifeState.PROVEN, now, who, "proven")

    def serve(self, eui: Eui64, who: str, now: Instant) -> Device:
        """Let a proven device serve.

        Raises:
            StateError: a state was skipped.
            PolicyError: its product is not approved any more.
        """
        device = self.device(eui)
        self._approved(device.model, device.firmware)
        return self._step(device, LifeState.IN_SERVICE, now, who, "in service")

    def suspend(self, eui: Eui64, why: str, who: str, now: Instant) -> Device:
        """Let a device do nothing until it is proven anew, or withdrawn: quarantine."""
        return self._step(replace(self.device(eui), why=why), LifeState.SUSPENDED, now, who, why)

    def withdraw(self, eui: Eui64, who: str, now: Instant) -> Device:
        """End a suspended device's life; a job to replace it is done by it."""
        device = self.device(eui)
        gone = self._step(device, LifeState.WITHDRAWN, now, who, device.why)
        job = self._records.job(eui)
        if job is not None and job.closed is None:
            self._records.put_job(replace(job, closed=now), now)
        return gone

    def hear(self, eui: Eui64, now: Instant) -> None:
        """A device in the field was heard of; written at most once an hour."""
        device = self._records.device(eui)
        if device is None or device.state not in _MONITORED:
            return
        if device.heard is None or now - device.heard >= HOUR:
            self._records.put_device(replace(device, heard=now), now, _SYSTEM, "")

    def lapses(self, now: Instant) -> list[Lapse]:
        """Devices in the field that nobody has heard of for too long: an alarm each."""
        return [
            Lapse(device.eui, device.home, device.heard)
            for device in self._records.devices()
            if device.state in _MONITORED and (device.heard is None or now - device.heard > self._silence)
        ]

    def device(self, eui: Eui64) -> Device:
        """A device.

        Raises:
            NotFoundError: it is not known.
        """
        device = self._records.device(eui)
        if device is None:
            raise NotFoundError(f"device {eui} is not known to the security centre")
        return device

    @staticmethod
    def admit(device: Device) -> None:
        """Let a device onto the utilities' network at the premises.

        Raises:
            PolicyError: it belongs to another domain (S3-81), or is suspended or withdrawn.
        """
        admit_domain(device.domain)
        if device.state in {LifeState.SUSPENDED, LifeState.WITHDRAWN}:
            raise PolicyError(f"device {device.eui} is {device.state}", why=f"{device.why}.")

    # inside ------------------------------------------------------------------------------------------------------

    def _check_certificates(self, signing: Identity, agreement: Identity) -> None:
        admit_domain(signing.domain)
        if (signing.eui, signing.role) != (agreement.eui, agreement.role):
            raise PolicyError("the two certificates are not of one unit")
        if (signing.certified.purpose, agreement.certified.purpose) != (Purpose.SIGN, Purpose.AGREE):
            raise PolicyError("a device needs one certificate for signing and one for agreeing keys")
        if signing.certified.public == agreement.certified.public:
            raise PolicyError("the two certificates are for one key", why="A key has one purpose.")
        for identity in (signing, agreement):
            record = self._records.certificate(identity.certified.serial.hex())
            if record is not None and record.status is not CertificateStatus.GOOD:
                raise PolicyError(f"a certificate of {identity.eui} was {record.status}", why=f"{record.why}.")

    def _approved(self, model: str, firmware: str) -> None:
        product = self._records.product(model, firmware)
        if product is None or product.state is not LifeState.TYPE_TESTED:
            state = "not on the list" if product is None else product.state
            raise PolicyError(
                f"{model} with firmware {firmware} is not approved",
                why=f"It is {state}." if product is None or not product.why else f"It is {state}: {product.why}.",
                remedy="Install a product of the approved list.",
            )

    def _product(self, model: str, firmware: str) -> Product:
        product = self._records.product(model, firmware)
        if product is None:
            raise NotFoundError(f"{model} {firmware} is not on the list")
        return product

    def _keep_product(self, product: Product, now: Instant, who: str, why: str) -> Product:
        self._records.put_product(product, now, who, why)
        return product

    def _step(self, device: Device, state: LifeState, now: Instant, who: str, why: str) -> Device:
        check_step(f"device {device.eui}", device.state, state)
        return self._keep(replace(device, state=state), now, who, why)

    def _keep(self, device: Device, now: Instant, who: str, why: str) -> Device:
        self._records.put_device(device, now, who, why)
        return device


def admit_domain(domain: Domain) -> None:
    """Let the utilities' own onto their network.

    Raises:
        PolicyError: anything of the consumer's or of third parties'.
    """
    if domain is not Domain.UTILITY:
        raise PolicyError(
            f"a device of the {domain} domain is not let onto the utilities' network",
            remedy="It joins the consumer's own network.",
        )


def _challenge(eui: Eui64, nonce: bytes) -> bytes:
    return _ATTEST + eui.octets + nonce
