"""What a device knows of the parties it obeys, and the keys it speaks with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from meterhouse.companion.sealed import Agreement, Catalogue, Party, Role, SupplierChange
from meterhouse.companion.supplier_keys import association_keys
from meterhouse.crypto import KeyPair, PublicPoint
from meterhouse.model import ConfigurationError, Eui64, PolicyError
from meterhouse.protocols import dlms

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
        gained: key-agreement key of a supplier that gained the device in the field, with which the keys of its
            association follow; None for the supplier it was commissioned for.

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
    gained: PublicPoint | None = None

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

    def handed_over(self, change: SupplierChange) -> DeviceTrust:
        """The slots after a change of supplier, which the change-of-supplier party has ordered.

        Raises:
            PolicyError: it is about another device, or not from the present supplier to another one.
            AuthenticationError: the gainer has not signed it.
            ConfigurationError: the gainer or its confirm service stands in another slot, or brings a key of another.
        """
        told = change.change
        if told.device != self.identity:
            raise PolicyError(f"the change of supplier is about {told.device}, not about {self.identity}")
        if told.loser != self.supplier or told.gainer == told.loser:
            raise PolicyError(f"{self.identity} is {self.supplier}'s, and is not {told.loser}'s to lose")
        change.check()
        return self.given(change)

    def given(self, change: SupplierChange) -> DeviceTrust:
        """The slots after a change that was checked before: of a device that goes on from its record.

        Raises:
            ConfigurationError: as `handed_over`.
        """
        replaced = {Role.SUPPLIER, Role.CONFIRM}
        kept = {one: party for one, party in self.parties.items() if party.role not in replaced}
        gainer, confirm = change.change.gainer, change.confirm
        if gainer == confirm or {gainer, confirm} & kept.keys():
            raise ConfigurationError(f"{gainer} or {confirm} stands in another slot of {self.identity}")
        new = (
            Party(gainer, Role.SUPPLIER, change.signing),
            Party(confirm, Role.CONFIRM, change.confirm_signing),
        )
        return replace(self, parties=kept | {party.identity: party for party in new}, gained=change.agreement)

    def association(self, commissioned: dlms.Keys, server: Eui64) -> dlms.Keys:
        """The keys of its supplier's association with a server that speaks for it: itself, or the hub.

        Args:
            commissioned: those of the supplier that it was commissioned for.
            server: identity of the server.
        """
        return commissioned if self.gained is None else association_keys(self.agreement, self.gained, server)

    def sealing(self) -> Agreement:
        """What it shares with the broker."""
        return Agreement.between(self.agreement, self.broker)
