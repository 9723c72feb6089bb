"""The access-control broker: decides who may send which use case to which device, and closes an order with its MAC.

It can change nothing in an order: the MAC covers the supplier's signed bytes, and by itself lets a device at most be
read (design D2). What it refuses, it refuses before a device hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from meterhouse.carrier.quarantine import Quarantine
from meterhouse.companion.relay import Refusal
from meterhouse.companion.sealed import (
    Agreement,
    Catalogue,
    Envelope,
    Kind,
    Role,
    SealedError,
    UseCase,
    decode_envelope,
    seal,
)
from meterhouse.model import Eui64, Instant, StorageError

__all__ = ["AccessBroker", "Brake", "DeviceRegister", "Refused", "Sealing"]

Brake = Callable[[Eui64, UseCase, Eui64, Instant], bool]
"""Whether (party, use case, device) may still go at this instant; counts it if so. The carrier's own (B3)."""


class DeviceRegister(Protocol):
    """What the carrier knows of devices and parties; kept by others."""

    def role_of(self, party: Eui64) -> Role | None:
        """The role in the party's certificate; None where it has none that is in force."""

    def orders(self, party: Eui64, device: Eui64) -> bool:
        """Whether this party, of its role, is the one whose orders the device takes: of two suppliers, only one is."""

    def hub_of(self, device: Eui64) -> Eui64 | None:
        """The hub behind which a device hangs that is in service; None for any other."""

    def agreement(self, device: Eui64) -> Agreement:
        """The carrier's key agreement with a device that `hub_of` knows."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """An order that was closed with the carrier's MAC."""

    envelope: Envelope
    use_case: UseCase
    hub: Eui64


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that was not: the reason for the wire, and in words."""

    reason: Refusal
    why: str


@dataclass(frozen=True, slots=True)
class AccessBroker:
    """The rules.

    Attributes:
        register: of devices and parties.
        catalogue: use cases and their limits by code.
        quarantine: of kinds that are new.
        brake: B3; asked last, since it counts.
    """

    register: DeviceRegister
    catalogue: Catalogue
    quarantine: Quarantine
    brake: Brake = field(default=lambda _party, _use_case, _device, _now: True)

    def close(self, party: Eui64, octets: bytes, now: Instant) -> Sealing | Refused:
        """Close `party`'s order, or say why not. Reads nothing but what access depends upon and changes nothing.

        Where the register or the brake cannot be asked, the order is held back and may come again.
        """
        try:
            return self._close(party, octets, now)
        except StorageError as error:
            return Refused(Refusal.FULL, error.sentence())

    def _close(self, party: Eui64, octets: bytes, now: Instant) -> Sealing | Refused:
        try:
            envelope = decode_envelope(octets)
        except SealedError as error:
            return Refused(Refusal.NO_ORDER, error.sentence())
        if envelope.kind is not Kind.COMMAND or envelope.mac:
            return Refused(Refusal.NO_ORDER, "it is no command, or carries a MAC already")
        use_case = self.catalogue.get(envelope.code)
        refusal = self._party(party, envelope, use_case)
        if refusal is not None or use_case is None:
            return refusal or Refused(Refusal.NO_ORDER, f"message code {envelope.code:#06x} is not in the catalogue")
        hub = self.register.hub_of(envelope.target)
        if hub is None:
            return Refused(Refusal.DEVICE, f"{envelope.target} is not in service")
        try:
            use_case.check(envelope.content)
        except SealedError as error:
            return Refused(Refusal.NO_ORDER, error.sentence())
        if not self.quarantine.admits(envelope.code, envelope.target, hub, now):
            return Refused(Refusal.QUARANTINE, f"{use_case.name} was never sent before")
        if not self.brake(party, use_case, envelope.target, now):
            return Refused(Refusal.BRAKE, f"the brake holds for {use_case.effect}")
        return Sealing(seal(envelope, self.register.agreement(envelope.target)), use_case, hub)

    def _party(self, party: Eui64, envelope: Envelope, use_case: UseCase | None) -> Refused | None:
        if envelope.originator != party:
            return Refused(Refusal.ROLE, f"{party} sends an order of {envelope.originator}")
        if use_case is None:
            return None
        role = self.register.role_of(party)
        if role is None or role not in use_case.roles:
            return Refused(Refusal.ROLE, f"{use_case.name} is not for the role {role or 'none'}")
        if not self.register.orders(party, envelope.target):
            return Refused(Refusal.NOT_ALLOWED, f"{envelope.target} is another supplier's")
        if use_case.critical and not envelope.signature:
            return Refused(Refusal.NO_ORDER, f"{use_case.name} is not signed")
        return None
