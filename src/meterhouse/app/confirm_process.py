"""The confirm service as a process of its own: its key, its rules, its data base; the house's books it only reads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from meterhouse.app.kept_limits import KeptUseCases, kept_limits
from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.trust_folder import SIGN_KEY, STAFF, certificates_in
from meterhouse.app.trust_settings import POLICY, TrustSettings, parse_trust_settings
from meterhouse.app.trust_stores import BlockCounters, KeptAnswers, database_of, keeper, kept_brake
from meterhouse.companion.brake import Brake
from meterhouse.companion.certificate import CertifiedRole, identity_of, identity_on_chain
from meterhouse.companion.release import release_by
from meterhouse.crypto import PublicPoint, Purpose
from meterhouse.links import Pump
from meterhouse.links.tls import mutual_tls
from meterhouse.model import AuthenticationError, ConfigurationError, Eui64, Instant, MalformedError
from meterhouse.store import Database, LedgerView, PartyKeys, SqlDeviceKeys, SqlHomeBook, SqlWorkOrders, StaffKeys
from meterhouse.store import Transaction as Tx
from meterhouse.supplier.trust import (
    CARRIER,
    ConfirmJudge,
    ConfirmService,
    ConfirmSettings,
    HomeStanding,
    Staff,
    WorkOrder,
)

__all__ = ["Confirming", "confirming_line", "open_confirming", "release_confirm_brake"]

T = TypeVar("T")

_DATABASE: Final = "confirm.db"
_COPY: Final = "Copy it from the folder `signing`, or restore this place from a backup."
_SUPPLIER: Final = f"{CertifiedRole.SUPPLIER}-{Purpose.SIGN}.pem"


class _Books:
    """Ledger, homes and devices, each asked afresh; nothing is ever written."""

    def __init__(self, read: Callable[[Callable[[Tx], Any]], Any]) -> None:
        self._read = read

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        """See `OrderLedger`."""
        found: WorkOrder | None = self._read(lambda tx: SqlWorkOrders(tx).by_hash(order_hash))
        return found

    def standing(self, home: str, device: Eui64) -> HomeStanding | None:
        """See `HomeBook`."""
        found: HomeStanding | None = self._read(lambda tx: SqlHomeBook(tx).standing(home, device))
        return found

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """See `DeviceKeys`."""
        found: PublicPoint | None = self._read(lambda tx: SqlDeviceKeys(tx).signing_key(device))
        return found

    def premises(self, device: Eui64) -> bytes | None:
        """See `DeviceKeys`."""
        found: bytes | None = self._read(lambda tx: SqlDeviceKeys(tx).premises(device))
        return found


class Confirming:
    """The service with all it stands on. Close it in the end.

    Attributes:
        service: the machine, for a pump.
        brake: B4.
        settings: its rules.
        kept: the use cases that it knows.
    """

    def __init__(
        self,
        service: ConfirmService,
        brake: Brake,
        settings: TrustSettings,
        kept: KeptUseCases,
        staff: Staff,
        own: Database,
        close: Callable[[], None],
    ) -> None:
        self.service = service
        self.brake = brake
        self.settings = settings
        self.kept = kept
        self._staff = staff
        self._own = own
        self._close = close

    def release(self, officer: str, word: bytes) -> bool:
        """One officer's signed word (`sign_release`) for B4; True once it is open.

        Raises:
            PolicyError, AuthenticationError, StateError: see `release_by`.
        """
        opened = release_by(self.brake, officer, word, {name: each.public for name, each in self._staff.items()})
        keeper(self._own)(self.brake)
        return opened

    def close(self) -> None:
        """Let go of the data bases."""
        with suppress(ConfigurationError):
            self._close()
        self._own.close()


def open_confirming(
    folder: Path, ledger: str, now: Instant, *, database: Database | None = None, passphrase: str | None = None
) -> Confirming:
    """The confirm service of a folder.

    Args:
        folder: `confirm` of a trust folder.
        ledger: address of the house's data base, such as `sqlite:///data/meterhouse.db`.
        now: the present instant, at which the supplier's certificate must hold.
        database: the house's data base where it is open in this process already; then `ledger` is not used.
        passphrase: of its key; None uses the file beside it.

    Raises:
        ConfigurationError: a file is missing, or the supplier's certificate is not the root's.
        StorageError: the books cannot be opened.
        PolicyError, AuthenticationError: a kept tightening of a limit is not what an officer signed.
    """
    settings = parse_trust_settings(folder / POLICY)
    staff = StaffKeys(folder / STAFF).staff()
    pair = PartyKeys(folder / "keys", passphrase).pair(SIGN_KEY)
    leaf, *issuers = certificates_in(folder / _SUPPLIER)
    try:
        supplier = identity_on_chain(leaf, issuers, certificates_in(folder / "root.pem"), Purpose.SIGN, now)
    except MalformedError as error:
        raise ConfigurationError(f"{folder / _SUPPLIER} is none", why=f"{error.what}.", remedy=_COPY) from error
    except AuthenticationError as error:
        what = f"{folder / _SUPPLIER} is not to be believed"
        raise ConfigurationError(what, why=error.sentence(), remedy=_COPY) from error
    if (supplier.eui, supplier.role) != (settings.supplier, CertifiedRole.SUPPLIER):
        what = f"{folder / _SUPPLIER} is not the certificate of supplier {settings.supplier}"
        raise ConfigurationError(what, remedy=_COPY)
    view = None if database is not None else LedgerView(ledger)
    read = (database or view).read  # type: ignore[union-attr]  # one of the two is there
    books = _Books(read)
    kept = KeptUseCases(lambda: read(lambda tx: kept_limits(tx, staff)))
    own = database_of(folder, _DATABASE)
    brake = kept_brake(own, "B4", settings.limits, settings.officers)
    judge = ConfirmJudge(
        books,
        books,
        staff,
        kept.catalogue,
        settings.policy,
        settings.supplier,
        supplier.certified.public,
        brake,
        keeper(own),
    )
    service = ConfirmService(
        ConfirmSettings("confirm", settings.confirm, pair),
        judge,
        books,
        KeptAnswers(own),
        BlockCounters(own),
        kept.catalogue,
    )
    return Confirming(service, brake, settings, kept, staff, own, view.close if view is not None else lambda: None)


def release_confirm_brake(folder: Path, signing: SigningTalk, officer: str, passphrase: str) -> bool:
    """One officer's word for B4, given while the confirm service is stopped; True once it is open.

    Args:
        folder: `confirm` of a trust folder.
        signing: holds the pen.
        officer: who.
        passphrase: theirs.

    Raises:
        PolicyError, StateError, LinkError: no officer, nothing to release, or the signing daemon is away.
    """
    settings, staff = parse_trust_settings(folder / POLICY), StaffKeys(folder / STAFF).staff()
    with database_of(folder, _DATABASE) as own:
        brake = kept_brake(own, "B4", settings.limits, settings.officers)
        word = signing.release_word(officer, passphrase, brake.name, brake.trips)
        opened = release_by(brake, officer, word, {name: each.public for name, each in staff.items()})
        keeper(own)(brake)
    return opened


def confirming_line(pump: Pump, confirming: Confirming, folder: Path | None, host: str, port: int) -> None:
    """Lay the service's line to the carrier: TLS by the folder's own certificate, to nobody but a carrier.

    Args:
        pump: that drives the service.
        confirming: the service.
        folder: `confirm` of a trust folder; None for a line without TLS, on one machine.
        host: of the carrier.
        port: of the carrier.

    Raises:
        ConfigurationError: the certificates cannot be used.
    """
    if folder is None:
        pump.dial(confirming.service, CARRIER, host, port)
        return
    role = f"{CertifiedRole.CONFIRM}-{Purpose.TLS}"
    tls = mutual_tls(folder / "root.pem", folder / f"{role}.pem", folder / f"{role}.key", server=False)
    pump.dial(confirming.service, CARRIER, host, port, tls=tls, expects=_is_carrier)


def _is_carrier(der: bytes) -> bool:
    try:
        return identity_of(der)[1] == CertifiedRole.CARRIER
    except MalformedError:
        return False
