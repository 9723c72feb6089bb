"""The trust office of a street that runs in one process, out of its trust folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from meterhouse.app.confirm_process import open_confirming
from meterhouse.app.kept_limits import KeptUseCases, kept_limits
from meterhouse.app.keys import StreetKeys
from meterhouse.app.party_papers import note_parties
from meterhouse.app.sealed_street import Office, PlaceBrake
from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.sign_daemon import SignDaemon
from meterhouse.app.street_centre import StreetCentre
from meterhouse.app.street_trust import StreetParties, StreetTrust
from meterhouse.app.trust_folder import CHANGES, SIGN_KEY, STAFF, certificates_in
from meterhouse.app.trust_settings import POLICY, parse_trust_settings
from meterhouse.app.trust_stores import database_of, keeper, kept_brake
from meterhouse.app.work_orders import WorkOrders
from meterhouse.companion.certificate import CertifiedRole, identity_on_chain
from meterhouse.companion.release import release_by
from meterhouse.crypto import PublicPoint, Purpose
from meterhouse.links import Clock, SystemClock
from meterhouse.model import ConfigurationError, Eui64, Instant, MeterhouseError
from meterhouse.store import Database, PartyKeys, StaffKeys

__all__ = ["open_office"]

_AGREE_KEY: Final = Purpose.AGREE.value
_RESTORE: Final = "Restore its place of the trust folder from a backup."


@contextmanager
def open_office(
    folder: Path, keys: StreetKeys, database: Database, clock: Clock
) -> Iterator[tuple[Office, SignDaemon]]:
    """Open signing daemon and confirm service of a trust folder, in this process; both keep their own data bases.

    Whoever wants them apart runs `meterhouse trust sign-daemon` and `confirm-service` as other users instead.

    Args:
        folder: made by `meterhouse trust init`.
        keys: of the street's devices.
        database: of the house.
        clock: the street's.

    Raises:
        ConfigurationError: a key, a certificate, a rule or the staff is missing or wrong.
        PolicyError, AuthenticationError: a kept tightening of a limit is not what an officer signed.
    """
    if not (folder / "root.pem").exists():
        raise ConfigurationError(
            f"there is no trust folder at {folder}",
            why="The street's devices hold the keys of its parties.",
            remedy="Put it back where it was, or restore it from a backup: a new one would be another's.",
        )
    people = StaffKeys(folder / "signing" / STAFF)
    kept = KeptUseCases(lambda: database.read(lambda tx: kept_limits(tx, people.staff())))
    with ExitStack() as opened:
        daemon = opened.enter_context(SignDaemon(folder / "signing", clock))
        wall = SystemClock().now()
        confirming = opened.enter_context(closing(open_confirming(folder / "confirm", "", wall, database=database)))
        settings = parse_trust_settings(folder / "signing" / POLICY)
        own = opened.enter_context(database_of(folder / "carrier", "carrier.db"))
        trust = StreetTrust(keys, _parties(folder, wall), kept.catalogue)
        signing = SigningTalk(daemon)
        works = WorkOrders(database, signing, settings, kept.catalogue, people.staff)
        brake = kept_brake(own, "B3", settings.limits, settings.officers)
        keep = keeper(own)

        def release(officer: str, word: bytes) -> bool:
            opened = release_by(brake, officer, word, {name: each.public for name, each in people.staff().items()})
            keep(brake)
            return opened

        def look() -> None:
            kept.look()
            confirming.kept.look()

        centre = StreetCentre(database, trust, keys, SystemClock().now)
        note_parties(database, folder, wall, clock.now())
        carrier = PlaceBrake(brake, keep, release)
        at_confirm = PlaceBrake(confirming.brake, lambda _brake: None, confirming.release)
        yield Office(trust, works, confirming.service, signing, carrier, at_confirm, centre, look), daemon


def _parties(folder: Path, wall: Instant) -> StreetParties:
    roots = certificates_in(folder / "root.pem")

    def certified(place: str, role: CertifiedRole) -> tuple[Eui64, PublicPoint]:
        path = folder / place / f"{role}-{Purpose.SIGN}.pem"
        leaf, *issuers = certificates_in(path)
        try:
            identity = identity_on_chain(leaf, issuers, roots, Purpose.SIGN, wall)
        except MeterhouseError as error:
            raise ConfigurationError(f"{path} is not to be believed", why=error.sentence(), remedy=_RESTORE) from error
        kept = PartyKeys(folder / place / "keys").pair(SIGN_KEY).public
        if identity.role is not role or (identity.certified.public != kept and place != "signing"):
            raise ConfigurationError(f"{path} is not the certificate of the key beside it", remedy=_RESTORE)
        return identity.eui, identity.certified.public

    carrier, _ = certified("carrier", CertifiedRole.CARRIER)
    at_carrier = PartyKeys(folder / "carrier" / "keys")
    office = CertifiedRole.CHANGE_OF_SUPPLIER
    changes = (folder / CHANGES / f"{office}-{Purpose.SIGN}.pem").exists()
    return StreetParties(
        *certified("signing", CertifiedRole.SUPPLIER),
        *certified("confirm", CertifiedRole.CONFIRM),
        carrier,
        at_carrier.pair(SIGN_KEY),
        at_carrier.pair(_AGREE_KEY),
        *(certified(CHANGES, office) if changes else (None, None)),
    )
