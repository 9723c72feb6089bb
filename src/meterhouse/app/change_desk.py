"""The change-of-supplier party at its desk: orders that a device change hands, by its own signature and the gainer's.

The security centre is told first: from that moment the loser is refused, whatever the device still believes. Then the
order waits in the house's data base until the running street brings it to the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from meterhouse.app.gainer_papers import GainerPapers
from meterhouse.app.trust_folder import CHANGES, SIGN_KEY, certificates_in
from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.certificate import CertifiedRole, Identity, identity_on_chain
from meterhouse.companion.sealed import CHANGE_SUPPLIER, MAX_WINDOW, HandOver, Mandate, Signer
from meterhouse.crypto import KeyPair, PublicPoint, Purpose
from meterhouse.model import ConfigurationError, Eui64, Fuel, Instant, NotFoundError, PolicyError
from meterhouse.protocols import sts
from meterhouse.store import (
    Database,
    PartyKeys,
    SqlAuditChain,
    SqlCentreRecords,
    SqlCounters,
    SqlDeviceState,
    SqlHomeBook,
    SqlRegistry,
    SqlTrustRecords,
    Transaction,
)
from meterhouse.supplier.trust import Credentials, HandOverOffice, sign_hand_over

__all__ = ["Change", "OfficePapers", "kept_changes", "office_papers", "order_change", "put_change"]

_WHO: Final = "change-of-supplier"
_KIND: Final = "change-of-supplier"
_BLOCK: Final = 1


@dataclass(frozen=True, slots=True)
class OfficePapers:
    """The change-of-supplier party: who it is by its certificate, and its signature key."""

    identity: Identity
    signing: KeyPair = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of supplier, as it stands.

    Attributes:
        device: which.
        loser, gainer, confirm: who.
        octets: the signed order.
        not_after: until when the device may take it.
        state: `ordered`, `done`, or `failed`.
        why: of a failure.
        ended: when the device said what became of it.
    """

    device: Eui64
    loser: Eui64
    gainer: Eui64
    confirm: Eui64
    octets: bytes
    not_after: Instant
    state: str = "ordered"
    why: str = ""
    ended: Instant | None = None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "device": str(self.device),
            "loser": str(self.loser),
            "gainer": str(self.gainer),
            "confirm": str(self.confirm),
            "order": self.octets.hex(),
            "not_after": self.not_after,
            "state": self.state,
            "why": self.why,
            "ended": self.ended,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Change:
        """From `document()`."""
        device, loser, gainer, confirm = (Eui64.parse(told[name]) for name in ("device", "loser", "gainer", "confirm"))
        ended = None if told["ended"] is None else Instant(told["ended"])
        order, until = bytes.fromhex(told["order"]), Instant(told["not_after"])
        return cls(device, loser, gainer, confirm, order, until, told["state"], told["why"], ended)


def office_papers(trust: Path, wall: Instant) -> OfficePapers:
    """The party of a trust folder.

    Raises:
        ConfigurationError: the folder has none.
    """
    place = trust / CHANGES
    if not place.exists():
        raise ConfigurationError(
            f"{trust} has no change-of-supplier party",
            remedy=f"Say: meterhouse trust issue change-of-supplier EUI --to {place}",
        )
    leaf, *issuers = certificates_in(place / f"{CertifiedRole.CHANGE_OF_SUPPLIER}-{Purpose.SIGN}.pem")
    identity = identity_on_chain(leaf, issuers, certificates_in(trust / "root.pem"), Purpose.SIGN, wall)
    return OfficePapers(identity, PartyKeys(place / "keys").pair(SIGN_KEY))


def order_change(
    database: Database, office: OfficePapers, gainer: GainerPapers, device: Eui64, loser: Eui64, now: Instant
) -> Change:
    """Order that a device change hands; the loser is out once this returns.

    A change that was ordered and never reached its device is ordered anew by this, with new times.

    Args:
        database: of the house.
        office: the party that orders it.
        gainer: the supplier that gains it.
        device: which.
        loser: the supplier that the street's devices were made for, where the centre names none.
        now: the street's instant.

    Raises:
        NotFoundError: no such device.
        PolicyError: the home's hub holds an account of electricity: it speaks for both fuels under one supplier's keys.
        PolicyError, AuthenticationError: see `HandOverOffice.hand_over`.
    """

    def order(tx: Transaction) -> Change:
        records = SqlCentreRecords(tx)
        known = records.device(device)
        premises = SqlHomeBook(tx).premises(device)
        if known is None or premises is None:
            raise NotFoundError(f"device {device} is not known to the security centre", remedy="Name its EUI-64.")
        _refuse_shared(tx, device)
        for identity in (office.identity, gainer.identity):
            if records.certificate(identity.certified.serial.hex()) is None:
                Credentials(records, {}).issued(identity, _WHO, now)
        before = kept_changes(tx).get(device)
        again = before is not None and before.state != "done" and before.gainer == gainer.eui
        if not again and before is not None and now < (before.ended or before.not_after) + MAX_WINDOW:
            raise PolicyError(
                f"device {device} changed its supplier less than a day ago",
                why="An order of the supplier before last could still be in force.",
                remedy="Order it a day after the last change.",
            )
        present = before.loser if again and before is not None else Eui64.parse(known.supplier or str(loser))
        change = HandOver(device, present, gainer.eui, now)
        if not again:
            if not known.supplier:
                records.put_device(replace(known, supplier=str(present)), now, _WHO, "supplied since its installation")
            signatures = {
                office.identity.eui: sign_hand_over(office.signing, change),
                gainer.eui: gainer.words(change),
            }
            told = HandOverOffice(records, Credentials(records, {})).hand_over(
                change, office.identity, gainer.identity, signatures, now
            )
            fields = {"loser": str(present), "gainer": str(gainer.eui), "alert": told.alert}
            SqlAuditChain(tx).write(now, _WHO, "device.handed-over", str(device), fields)
        octets = _signed(tx, office, gainer, change, premises, known.agreement)
        ordered = Change(
            device, present, gainer.eui, gainer.confirm.eui, octets, Instant(now + MAX_WINDOW)
        )  # fmt: skip
        put_change(tx, ordered, now)
        return ordered

    return database.run(order)


def _refuse_shared(tx: Transaction, device: Eui64) -> None:
    """Whoever gains a hub gains an account in it; whoever gains its meter alone could not say a cut-off."""
    meters = SqlRegistry(tx).meters()
    home = next((one.home for one in meters if one.record.meter == device), None)
    if not any(one.record.pan for one in meters if one.home == home and one.record.fuel is Fuel.ELECTRICITY):
        return
    hub = SqlDeviceState(tx).load(f"home/{home}/hub")
    if hub is None:
        raise PolicyError(
            f"nothing was kept yet of where the electricity account of home {home} stands",
            remedy="Order it once the street has run for half an hour.",
        )
    if "electricity" in hub:
        raise PolicyError(
            f"the electricity account of home {home} stands in its hub",
            why="The hub speaks for both fuels under the keys of one supplier.",
            remedy="This version hands over no such home: have its electricity account held by the meter first.",
        )


def _signed(
    tx: Transaction,
    office: OfficePapers,
    gainer: GainerPapers,
    change: HandOver,
    premises: bytes,
    agreement: PublicPoint,
) -> bytes:
    pan = next((one.record.pan for one in SqlRegistry(tx).meters() if one.record.meter == change.device), "")
    content = gainer.offer(change, agreement, sts.MeterPan.parse(pan) if pan else None).encode()
    counter = SqlCounters(tx).reserve(_WHO, _BLOCK, floor=1)[0]
    mandate = Mandate(premises, change.at, Instant(change.at + MAX_WINDOW))
    signer = Signer(office.identity.eui, office.signing, own_catalogue())
    return signer.order(change.device, CHANGE_SUPPLIER, content, counter, mandate).encode()


def kept_changes(tx: Transaction) -> dict[Eui64, Change]:
    """The newest change of every device that has changed hands, or is to."""
    found = [Change.of(told) for told in SqlTrustRecords(tx).all(_KIND)]
    return {change.device: change for change in found}


def put_change(tx: Transaction, change: Change, now: Instant) -> None:
    """Keep how a change stands."""
    SqlTrustRecords(tx).put(_KIND, str(change.device), change.state, change.document(), now)
