"""What a device knows of the parties it obeys, and the keys it speaks with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meterhouse.companion.sealed import Agreement, Catalogue, Party, Role
from meterhouse.crypto import KeyPair, PublicPoint
from meterhouse.model import ConfigurationError, Eui64

__all__ = ["DeviceTrust"]


@dataclass(frozen=True, slots=True)
class DeviceTrust:
    """The slots of one device. A slot takes one party, and only of its role; no key serves two.

    Attributes:
        identity: the device, as orders name it.
        signing: its signature key, P-256.
        agreement: its key-agreement key, P-256: another one.
        broker: key-agreement key of the access-control broker, who closes every order with a MAC.
        parties: whose orders it takes, by identity; the confirm service and the supplier are among them.
        premises: the binding set at commissioning (`companion.sealed.premises_binding`).
        catalogue: the use cases it knows.

    Raises:
        ConfigurationError: two parties of one role, no supplier, no confirm service, or one key for two of them.
    """

    identity: Eui64
    signing: KeyPair = field(repr=False)
    agreement: KeyPair = field(repr=False)
    broker: PublicPoint
    parties: Mapping[Eui64, Party]
    premises: bytes
    catalogue: Catalogue = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse slots that would let one stolen key do two jobs."""
        roles = [party.role for party in self.parties.values()]
        if len(set(roles)) != len(roles):
            raise ConfigurationError(f"{self.identity} has two parties of one role")
        if not {Role.SUPPLIER, Role.CONFIRM} <= set(roles):
            raise ConfigurationError(f"{self.identity} knows no supplier or no confirm service")
        if any(identity != party.identity for identity, party in self.parties.items()):
            raise ConfigurationError(f"{self.identity} has a party under another's identity")
        own = [self.signing.public, self.agreement.public, self.broker]
        keys = [*own, *(party.signing for party in self.parties.values())]
        if len(set(keys)) != len(keys):
            raise ConfigurationError(f"{self.identity} has one key in two slots")

    @property
    def supplier(self) -> Eui64:
        """Whom results and refusals are told to."""
        return self.of_role(Role.SUPPLIER)

    @property
    def confirm(self) -> Eui64:
        """Who is asked before a cut."""
        return self.of_role(Role.CONFIRM)

    def of_role(self, role: Role) -> Eui64:
        """The party in that role's slot.

        Raises:
            ConfigurationError: the slot is empty.
        """
        for party in self.parties.values():
            if party.role is role:
                return party.identity
        raise ConfigurationError(f"{self.identity} has nobody for the role {role}")

    def sealing(self) -> Agreement:
        """What it shares with the broker."""
        return Agreement.between(self.agreement, self.broker)
