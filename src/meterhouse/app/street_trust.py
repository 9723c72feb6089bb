"""Whom a street's devices obey, and with which keys: the slots of every device, and what carrier and confirm ask for.

Every key is derived for one purpose and one unit from the street's own secret (`StreetKeys`), as in a street on a
laptop all keys are; a real roll-out has them made inside each unit, and certified (`supplier.trust`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from meterhouse.app.keys import StreetKeys
from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.sealed import Agreement, Catalogue, Party, Role, premises_binding
from meterhouse.crypto import KeyPair, PublicPoint
from meterhouse.model import Eui64, Fuel
from meterhouse.premises.orders import DeviceTrust
from meterhouse.supplier.trust import OF_PRODUCT, LifeState

__all__ = ["CARRIER", "CONFIRM", "SUPPLIER", "WAITING", "StreetParties", "StreetTrust", "Unit", "derived_parties"]

SUPPLIER: Final = Eui64(b"\x02MH\x09\0\0\0\x01")
"""The supplier and its head end, one identity: orders name it, and the line to the carrier is its own."""
CONFIRM: Final = Eui64(b"\x02MH\x09\0\0\0\x02")
CARRIER: Final = Eui64(b"\x02MH\x09\0\0\0\x03")
_NETWORK: Final = Eui64(b"\x02MH\x09\0\0\0\x04")
_SHUT: Final = OF_PRODUCT | {LifeState.SUSPENDED, LifeState.WITHDRAWN}
WAITING: Final = frozenset({LifeState.REGISTERED, LifeState.PROVEN})
"""States of a device that is in the field and does not serve yet."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A device that takes sealed orders.

    Attributes:
        device: as orders name it.
        hub: behind which it hangs.
        home: where it stands.
        fuel: what it switches.
        supply_number: MPAN or MPRN.
        tenancy: changes of tenancy so far.
    """

    device: Eui64
    hub: Eui64
    home: str
    fuel: Fuel
    supply_number: str
    tenancy: int = 0

    @property
    def premises(self) -> bytes:
        """Its binding."""
        return premises_binding(self.supply_number, self.device, self.tenancy)


@dataclass(frozen=True, slots=True)
class StreetParties:
    """Who may speak to a street's devices.

    Attributes:
        supplier: whose orders they take; also what the head end calls itself on the line.
        supplier_key: its signature key; the private one is the signing daemon's.
        confirm: the confirm service.
        confirm_key: its signature key.
        carrier: the access-control broker.
        carrier_signing: for its receipts.
        carrier_agreeing: for the MAC.
        office: the change-of-supplier party; None where devices change no hands.
        office_key: its signature key.
    """

    supplier: Eui64
    supplier_key: PublicPoint
    confirm: Eui64
    confirm_key: PublicPoint
    carrier: Eui64
    carrier_signing: KeyPair = field(repr=False)
    carrier_agreeing: KeyPair = field(repr=False)
    office: Eui64 | None = None
    office_key: PublicPoint | None = None


def derived_parties(keys: StreetKeys) -> StreetParties:
    """Parties whose keys follow from a street's secret: for worlds and attacks; whoever has it can play them all."""
    return StreetParties(
        SUPPLIER,
        keys.pair("sign", SUPPLIER).public,
        CONFIRM,
        keys.pair("sign", CONFIRM).public,
        CARRIER,
        keys.pair("sign", CARRIER),
        keys.pair("agree", CARRIER),
    )


@dataclass(slots=True)
class StreetTrust:
    """The trust of one street; also the carrier's register (`DeviceRegister`) and the confirm service's (`DeviceKeys`).

    Attributes:
        keys: what the devices' keys are derived from.
        parties: who may speak to them.
        catalogue: the use cases that everybody here knows.
        units: the devices, by identity.
        withdrawn: units and parties that nobody believes any more, whatever the security centre says.
        standing: what the security centre says of a device: its state; None for whoever it does not watch.
        gained: devices that are another supplier's by now, and whose.
        renewed: units whose keys were made anew, and how often: a hub that takes another's place has keys of its own.
        others: roles of further parties: suppliers that have gained a device, and their confirm services.
    """

    keys: StreetKeys
    parties: StreetParties
    catalogue: Catalogue = field(default_factory=own_catalogue, repr=False)
    units: dict[Eui64, Unit] = field(default_factory=dict)
    withdrawn: set[Eui64] = field(default_factory=set)
    standing: Callable[[Eui64], LifeState | None] = field(default=lambda _who: None, repr=False)
    gained: dict[Eui64, Eui64] = field(default_factory=dict)
    others: dict[Eui64, Role] = field(default_factory=dict)
    renewed: dict[Eui64, int] = field(default_factory=dict)
    _agreements: dict[Eui64, Agreement] = field(default_factory=dict, repr=False)
    _public: dict[tuple[str, Eui64], PublicPoint] = field(default_factory=dict, repr=False)

    def enter(self, units: Iterable[Unit]) -> None:
        """Take devices into service."""
        self.units.update((unit.device, unit) for unit in units)

    def shut(self, who: Eui64) -> bool:
        """Whether a unit or party has no line and is not believed: withdrawn, suspended, or never let in."""
        return who in self.withdrawn or self.standing(who) in _SHUT

    def waits(self, device: Eui64) -> bool:
        """Whether a device is registered and not yet in service."""
        return self.standing(device) in WAITING

    # keys ----------------------------------------------------------------------------------------------------------

    def signing(self, who: Eui64) -> KeyPair:
        """The signature key of a unit."""
        return self.keys.pair(self._purpose("sign", who), who)

    def agreeing(self, who: Eui64) -> KeyPair:
        """The key-agreement key of a unit."""
        return self.keys.pair(self._purpose("agree", who), who)

    def slots(self, unit: Unit) -> DeviceTrust:
        """What a device is given at commissioning."""
        who = self.parties
        parties: tuple[Party, ...] = (
            Party(who.supplier, Role.SUPPLIER, who.supplier_key),
            Party(who.confirm, Role.CONFIRM, who.confirm_key),
            Party(_NETWORK, Role.NETWORK_OPERATOR, self._of("sign", _NETWORK)),
        )
        if who.office is not None and who.office_key is not None:
            parties += (Party(who.office, Role.CHANGE_OF_SUPPLIER, who.office_key),)
        return DeviceTrust(
            unit.device,
            self.signing(unit.device),
            self.agreeing(unit.device),
            who.carrier_agreeing.public,
            {party.identity: party for party in parties},
            unit.premises,
            self.catalogue,
        )

    # the carrier's register ------------------------------------------------------------------------------------------

    def role_of(self, party: Eui64) -> Role | None:
        """See `carrier.DeviceRegister`."""
        if party in self.withdrawn:
            return None
        roles = {self.parties.supplier: Role.SUPPLIER, self.parties.confirm: Role.CONFIRM}
        roles |= {_NETWORK: Role.NETWORK_OPERATOR}
        if self.parties.office is not None:
            roles[self.parties.office] = Role.CHANGE_OF_SUPPLIER
        return (self.others | roles).get(party)

    def supplier_of(self, device: Eui64) -> Eui64:
        """Whose a device is now."""
        return self.gained.get(device, self.parties.supplier)

    def orders(self, party: Eui64, device: Eui64) -> bool:
        """See `carrier.DeviceRegister`: of suppliers, only the one that has the device."""
        return self.role_of(party) is not Role.SUPPLIER or self.supplier_of(device) == party

    def may_reach(self, party: Eui64, hub: Eui64) -> bool:
        """Whether a party has to do with a hub: a supplier, while one of the devices behind it is its own."""
        role = self.role_of(party)
        if role is not Role.SUPPLIER:
            return role in {Role.CONFIRM, Role.CHANGE_OF_SUPPLIER}
        if not self.gained:
            return party == self.parties.supplier
        behind = [unit.device for unit in self.units.values() if unit.hub == hub]
        return any(self.supplier_of(device) == party for device in behind)

    def hub_of(self, device: Eui64) -> Eui64 | None:
        """See `carrier.DeviceRegister`."""
        unit = self.units.get(device)
        if unit is None or device in self.withdrawn or self.shut(unit.hub):
            return None
        return unit.hub if self.standing(device) in {None, LifeState.IN_SERVICE} else None

    def agreement(self, device: Eui64) -> Agreement:
        """See `carrier.DeviceRegister`."""
        found = self._agreements.get(device)
        if found is None:
            found = Agreement.between(self.parties.carrier_agreeing, self._of("agree", device))
            self._agreements[device] = found
        return found

    # the confirm service's and the head end's -------------------------------------------------------------------------

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """The signature key of a device that is believed; None for any other."""
        return None if device not in self.units or self.shut(device) else self._of("sign", device)

    def premises(self, device: Eui64) -> bytes | None:
        """The binding of its premises."""
        unit = self.units.get(device)
        return None if unit is None else unit.premises

    def _of(self, purpose: str, who: Eui64) -> PublicPoint:
        found = self._public.get((purpose, who))
        if found is None:
            found = self._public[purpose, who] = self.keys.pair(self._purpose(purpose, who), who).public
        return found

    def _purpose(self, purpose: str, who: Eui64) -> str:
        renewed = self.renewed.get(who)
        return f"{purpose} {renewed}" if renewed else purpose

    def renew(self, unit: Unit, module: int) -> None:
        """The hub that answers for this unit was replaced: it hangs there now, and has keys of its own."""
        self.withdrawn.add(self.units[unit.device].hub)
        self.units[unit.device] = unit
        if unit.fuel is Fuel.GAS:
            self.renewed[unit.device] = module
            self._agreements.pop(unit.device, None)
            for purpose in ("sign", "agree"):
                self._public.pop((purpose, unit.device), None)
