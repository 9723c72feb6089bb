"""The security centre of a street: its devices commissioned, proven at their first contact, watched, and shut out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.resources import files
from typing import Final

from meterhouse import __version__
from meterhouse.app.centre_desk import asked_anew, forget_asked
from meterhouse.app.centre_watch import watch_certificates, watch_devices
from meterhouse.app.keys import StreetKeys
from meterhouse.app.street_trust import WAITING, StreetTrust
from meterhouse.companion.certificate import CertifiedRole, Identity, identity_on_chain
from meterhouse.crypto import Purpose
from meterhouse.model import Eui64, Fuel, Instant, MeterhouseError, PolicyError
from meterhouse.store import Database, SqlAuditChain, SqlCentreRecords, SqlHomeBook, SqlLifeStates, Transaction
from meterhouse.supplier.trust import (
    CertificateRecord,
    Issuer,
    Issuers,
    LifeState,
    Scheme,
    SecurityCentre,
    attest,
    found_hierarchy,
    issue,
    standing_scheme,
)

__all__ = ["StreetCentre"]

_WHO: Final = "street"
_ROOT: Final = Eui64(b"\x02MH\x0b\0\0\0\0")
_ISSUER_KEYS: Final = {each: Eui64(b"\x02MH\x0b\0\0\0" + bytes((n,))) for n, each in enumerate(Issuer, 1)}
_PROGRAMS: Final = {
    CertifiedRole.HUB: ("Meterhouse hub", "hub"),
    CertifiedRole.ELECTRICITY_METER: ("Meterhouse electricity meter", "electricity_meter"),
    CertifiedRole.GAS_METER: ("Meterhouse gas meter", "gas_meter"),
}
"""Model and program of each device that this house makes itself."""
_Parties = frozenset[tuple[CertifiedRole, Purpose]]
_ROLE_OF: Final = {Fuel.ELECTRICITY: CertifiedRole.ELECTRICITY_METER, Fuel.GAS: CertifiedRole.GAS_METER}


class StreetCentre:
    """The centre of one street. Becomes the trust's `standing`: what it says of a device, carrier and door ask it.

    Args:
        database: of the house.
        trust: of the street's devices.
        keys: from which the devices' keys, and those of the authority that certifies them, are derived.
        wall: the wall's clock, by which certificates begin and end.
    """

    def __init__(self, database: Database, trust: StreetTrust, keys: StreetKeys, wall: Callable[[], Instant]) -> None:
        self._database = database
        self._trust = trust
        self._keys = keys
        self._wall = wall
        trust.standing = self.standing

    def standing(self, who: Eui64) -> LifeState | None:
        """Where a device of the street is in its life; None for whoever is no device of it."""
        if who not in self._trust.units and who not in self._hubs():
            return None
        # Asked anew each time: another process may have suspended it a moment ago.
        found = self._database.read(lambda tx: SqlLifeStates(tx).state(who))
        return LifeState.TYPE_TESTED if found is None else found

    def commission(self, now: Instant) -> list[tuple[Eui64, str]]:
        """Take every device in that the centre does not know: made, installed, registered by its own key.

        One that an earlier program noted without the centre goes the same way. What the centre knows stays as it is.

        Returns:
            Devices that were not let in, and why: they take no orders, and a hub among them has no line.
        """
        new = self._database.read(self._unknown)
        if not new:
            return []
        issuers = self._authority()
        parties = self._database.read(lambda tx: standing_scheme(SqlCentreRecords(tx), _sold_to(tx)).parties)
        refused = []
        for eui, role, home in new:
            papers = self._papers(issuers, eui, role)
            try:
                self._database.run(lambda tx, at=home, own=papers: self._enter(tx, own, at, parties, now))  # type: ignore[misc]
            except MeterhouseError as error:
                refused.append((eui, error.sentence()))
        return refused

    def waiting(self) -> list[tuple[Eui64, Eui64]]:
        """Whom the head end is to talk to so that he or his hub is proven: hub and meter."""
        waits = self._database.read(lambda tx: SqlLifeStates(tx).those(WAITING))
        units = self._trust.units.values() if waits else ()
        return [(unit.hub, unit.device) for unit in units if unit.device in waits or unit.hub in waits]

    def shut_out(self) -> set[Eui64]:
        """Every device that was suspended or withdrawn."""
        return self._database.read(lambda tx: SqlLifeStates(tx).those({LifeState.SUSPENDED, LifeState.WITHDRAWN}))

    def met(self, devices: Iterable[Eui64], now: Instant) -> list[Eui64]:
        """Head end and these devices have talked to each other, end to end: they are proven, and serve from now on.

        Returns:
            Those that serve since this call.
        """

        def serve(transaction: Transaction) -> list[Eui64]:
            records = SqlCentreRecords(transaction)
            centre, began = SecurityCentre(records), []
            for eui in devices:
                device = records.device(eui)
                if device is None or device.state not in WAITING:
                    continue
                if device.state is LifeState.REGISTERED:
                    centre.prove(eui, _WHO, now)
                centre.serve(eui, _WHO, now)
                SqlAuditChain(transaction).write(now, _WHO, "device.in-service", str(eui), {"home": device.home})
                began.append(eui)
            return began

        return self._database.run(serve)

    def readmit(self, now: Instant) -> list[tuple[Eui64, str]]:
        """Challenge each suspended device that somebody wants back; it serves again after its next first contact.

        Returns:
            Those that were not let in, and why.
        """
        refused = []
        for eui, who in self._database.read(asked_anew).items():
            try:
                self._database.run(lambda tx, unit=eui, by=who: self._challenge(tx, unit, by, now))  # type: ignore[misc]
            except MeterhouseError as error:
                self._database.run(lambda tx, unit=eui: forget_asked(tx, unit, now))  # type: ignore[misc]
                refused.append((eui, error.sentence()))
        return refused

    def hear(self, devices: Iterable[Eui64], now: Instant) -> None:
        """These devices were heard of."""

        def note(transaction: Transaction) -> None:
            centre = SecurityCentre(SqlCentreRecords(transaction))
            for eui in devices:
                centre.hear(eui, now)

        self._database.submit(note)

    def watch(self, now: Instant) -> None:
        """Raise an alarm for what is newly silent in the field, and for each certificate that is newly about to end."""
        watch_devices(self._database, now)
        watch_certificates(self._database, self._wall(), now)

    # inside ------------------------------------------------------------------------------------------------------

    def _hubs(self) -> dict[Eui64, str]:
        return {unit.hub: unit.home for unit in self._trust.units.values()}

    def _unknown(self, transaction: Transaction) -> list[tuple[Eui64, CertifiedRole, str]]:
        states = SqlLifeStates(transaction)
        all_of_them = [(hub, CertifiedRole.HUB, home) for hub, home in self._hubs().items()]
        all_of_them += [(unit.device, _ROLE_OF[unit.fuel], unit.home) for unit in self._trust.units.values()]
        return [one for one in all_of_them if states.state(one[0]) is None]

    def _authority(self) -> Issuers:
        """The street's own, as its keys are: derived, so that an issuer's key never has to be at hand."""
        root = self._keys.pair("issue", _ROOT)
        pairs = {each: self._keys.pair("issue", who) for each, who in _ISSUER_KEYS.items()}
        return found_hierarchy(root, pairs, self._wall(), os.urandom)

    def _papers(self, issuers: Issuers, eui: Eui64, role: CertifiedRole) -> tuple[Identity, Identity]:
        signing, agreement = (self._certified(issuers, eui, role, purpose) for purpose in (Purpose.SIGN, Purpose.AGREE))
        return signing, agreement

    def _certified(self, issuers: Issuers, eui: Eui64, role: CertifiedRole, purpose: Purpose) -> Identity:
        pair = self._trust.signing(eui) if purpose is Purpose.SIGN else self._trust.agreeing(eui)
        der = issue(issuers, eui, role, purpose, pair.public, self._wall(), os.urandom)
        return identity_on_chain(der, issuers.chain, [issuers.root], purpose, self._wall())

    def _enter(
        self, transaction: Transaction, papers: tuple[Identity, Identity], home: str, parties: _Parties, now: Instant
    ) -> None:
        records = SqlCentreRecords(transaction)
        centre = SecurityCentre(records)
        signing, agreement = papers
        eui = signing.eui
        model, program = _PROGRAMS[signing.role]
        if records.product(model, __version__) is None:
            centre.design(model, __version__, _WHO, now)
            evidence = f"the program itself, meterhouse.premises.{program}"
            centre.type_test(model, __version__, evidence, _digest(program), _WHO, now)
        centre.manufacture(signing, agreement, model, __version__, _WHO, now)
        centre.install(eui, home, model, __version__, _WHO, now, scheme=Scheme(parties, _sold_to(transaction)))
        self._attest(centre, eui, _WHO, now)
        for each in papers:  # new each, so none replaces another: `Credentials.issued` would look through all of them
            own = each.certified
            record = CertificateRecord(own.serial.hex(), eui, each.role.value, own.purpose, own.public, own.ends)
            records.put_certificate(record, now, _WHO)
        SqlAuditChain(transaction).write(now, _WHO, "device.registered", str(eui), {"home": home, "model": model})

    def _challenge(self, transaction: Transaction, eui: Eui64, who: str, now: Instant) -> None:
        forget_asked(transaction, eui, now)
        self._attest(SecurityCentre(SqlCentreRecords(transaction)), eui, who, now)
        SqlAuditChain(transaction).write(now, who, "device.registered", str(eui), {"again": True})

    def _attest(self, centre: SecurityCentre, eui: Eui64, who: str, now: Instant) -> None:
        nonce = os.urandom(32)
        centre.register(eui, nonce, attest(self._trust.signing(eui), eui, nonce), who, now)


def _sold_to(transaction: Transaction) -> Callable[[str], None]:
    """Lets a home pass that the counter has entered: it enters none before tokens can be made for it (`Books`)."""

    def check(home: str) -> None:
        if not SqlHomeBook(transaction).meters(home):
            raise PolicyError(
                f"no device is installed in home {home}",
                why="The counter has not entered it: whether tokens can be made for it is not known.",
            )

    return check


def _digest(program: str) -> str:
    """SHA-256 over a device's program."""
    folder = files("meterhouse.premises").joinpath(program)
    parts = sorted((each for each in folder.iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    return sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
