"""The trust folder: the hierarchy and each place's own keys, certificates and rules, made by one command.

::

    root.pem, chain.pem      what everybody trusts, and the issuers between
    root/                    the root's key under its passphrase: take this folder off-line
    issuers/                 the issuers' keys
    signing/                 signing daemon: supplier's key, staff, rules, data base, socket
    confirm/                 confirm service: its key, staff (public), rules, data base
    desk/                    of the work orders: staff (public), rules
    carrier/, head-end/      keys and certificates of the lines' other ends
    change-of-supplier/      of the party that moves devices from supplier to supplier
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

from meterhouse.app.trust_settings import POLICY, policy_text
from meterhouse.companion.certificate import CertifiedRole
from meterhouse.crypto import P256, KeyPair, PublicPoint, Purpose
from meterhouse.model import ConfigurationError, Duration, Eui64, Instant
from meterhouse.store.party_keys import PartyKeys, StaffKeys, write_private
from meterhouse.supplier.trust.hierarchy import ISSUERS, Issuer, Issuers, found_hierarchy, issue

__all__ = [
    "AUDIT_KEY",
    "CHANGES",
    "DESK",
    "SIGN_KEY",
    "STAFF",
    "Issued",
    "TrustFolder",
    "certificates_in",
    "found_trust",
    "open_trust",
    "share_staff",
]

SIGN_KEY: Final = "sign"
"""Name of a party's signature key in its key file."""
AUDIT_KEY: Final = "audit"
"""Name of the key that signs heads of the audit chain, in the signing daemon's file."""
DESK: Final = "desk"
STAFF: Final = "staff.json"
CHANGES: Final = "change-of-supplier"
_KEYS: Final = "keys"
_PLACES: Final = (
    ("signing", CertifiedRole.SUPPLIER, (Purpose.SIGN, Purpose.AGREE)),
    ("signing", CertifiedRole.SIGNING_DAEMON, (Purpose.TLS,)),
    ("confirm", CertifiedRole.CONFIRM, (Purpose.SIGN, Purpose.AGREE, Purpose.TLS)),
    ("carrier", CertifiedRole.CARRIER, (Purpose.SIGN, Purpose.AGREE, Purpose.TLS)),
    ("head-end", CertifiedRole.HEAD_END, (Purpose.TLS,)),
    ("recovery", CertifiedRole.RECOVERY, (Purpose.SIGN, Purpose.AGREE)),
    (CHANGES, CertifiedRole.CHANGE_OF_SUPPLIER, (Purpose.SIGN, Purpose.TLS)),
)
_LOCAL: Final = 0x02
"""The bit of an EUI-64 that says that nobody has handed it out."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and where it was written.

    Attributes:
        eui: the subject.
        role: its role.
        purpose: of its key.
        der: the certificate.
        path: of its PEM file.
    """

    eui: Eui64
    role: CertifiedRole
    purpose: Purpose
    der: bytes
    path: Path


class TrustFolder:
    """An opened trust folder.

    Args:
        path: the folder.
        passphrase: of the issuers' keys; None uses the file beside them.

    Raises:
        ConfigurationError: it is none, or the issuers' keys do not open.
    """

    def __init__(self, path: Path, passphrase: str | None = None) -> None:
        if not (path / "root.pem").exists():
            remedy = f"Make one: meterhouse trust init {path}"
            raise ConfigurationError(f"{path} is no trust folder", remedy=remedy)
        keys = PartyKeys(path / "issuers" / _KEYS, passphrase)
        self.path = path
        chain = certificates_in(path / "chain.pem")
        if len(chain) != len(Issuer):
            what = f"{path / 'chain.pem'} has {len(chain)} certificates, not {len(Issuer)}"
            raise ConfigurationError(what, remedy="Restore it from a backup.")
        self.issuers = Issuers(
            certificates_in(path / "root.pem")[0],
            dict(zip(Issuer, chain, strict=True)),
            {issuer: keys.pair(issuer.value) for issuer in Issuer},
        )

    def issue(
        self,
        eui: Eui64,
        role: CertifiedRole,
        purpose: Purpose,
        public: PublicPoint,
        now: Instant,
        *,
        to: Path,
        life: Duration | None = None,
    ) -> Issued:
        """A certificate for a key that is somebody else's to keep, as `<role>-<purpose>.pem` with its issuers."""
        der = issue(self.issuers, eui, role, purpose, public, now, secrets.token_bytes, life)
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = to / f"{role}-{purpose}.pem"
        path.write_bytes(_pem(der) + b"".join(map(_pem, self.issuers.chain)))
        return Issued(eui, role, purpose, der, path)

    def make(
        self,
        eui: Eui64,
        role: CertifiedRole,
        purposes: Iterable[Purpose],
        now: Instant,
        *,
        to: Path,
        passphrase: str | None = None,
        life: Duration | None = None,
    ) -> list[Issued]:
        """Fresh keys with a certificate each.

        Signing and agreement keys go into the encrypted file `keys`; a TLS key into `<role>-tls.key`, PEM, for its
        owner's eyes only, since the TLS library reads nothing else.
        """
        kept = PartyKeys(to / _KEYS, passphrase)
        made = []
        for purpose in purposes:
            pair = KeyPair.generate(P256, secrets.token_bytes)
            if purpose is Purpose.TLS:
                key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                write_private(to / f"{role}-{purpose}.key", key)
            else:
                kept.add(purpose.value, pair)
            made.append(self.issue(eui, role, purpose, pair.public, now, to=to, life=life))
        return made


def open_trust(path: Path, passphrase: str | None = None) -> TrustFolder:
    """An opened trust folder; see `TrustFolder`."""
    return TrustFolder(path, passphrase)


def found_trust(
    path: Path,
    root_passphrase: str,
    now: Instant,
    *,
    root: Path | None = None,
    fleet: int = 10_000,
    officers: tuple[str, ...] = ("officer-1", "officer-2", "officer-3"),
    zone: str = "Europe/London",
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> TrustFolder:
    """Make a trust folder: root, issuers, and every place with keys, certificates and rules of its own.

    Args:
        path: new, or empty.
        root_passphrase: closes the root's key.
        now: the present instant.
        root: where the root's key goes; None for `root` in the folder. It is to be taken off-line.
        fleet: homes that the brakes reckon with.
        officers: three names.
        zone: of the homes.
        entropy: for keys and identities.

    Raises:
        ConfigurationError: the folder is not empty, or the passphrase is too short.
    """
    if path.exists() and any(path.iterdir()):
        raise ConfigurationError(f"{path} is not empty", remedy="Name a new folder: a hierarchy is never made twice.")
    if len(root_passphrase) < 12:
        raise ConfigurationError("the root's passphrase has fewer than 12 letters", remedy="Choose a longer one.")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    top = KeyPair.generate(P256, entropy)
    PartyKeys((root or path / "root") / "root.keys", root_passphrase).add("root", top)
    keys = {issuer: KeyPair.generate(P256, entropy) for issuer in ISSUERS}
    issuers = found_hierarchy(top, keys, now, entropy)
    kept = PartyKeys(path / "issuers" / _KEYS)
    for issuer, pair in keys.items():
        kept.add(issuer.value, pair)
    (path / "chain.pem").write_bytes(b"".join(map(_pem, issuers.chain)))
    (path / "root.pem").write_bytes(_pem(issuers.root))
    folder = TrustFolder(path)
    identities = {place: _identity(entropy) for place, _, _ in _PLACES}
    for place, role, purposes in _PLACES:
        folder.make(identities[place], role, purposes, now, to=path / place)
    PartyKeys(path / "signing" / _KEYS).add(AUDIT_KEY, KeyPair.generate(P256, entropy))
    text = policy_text(identities["signing"], identities["confirm"], fleet, officers, zone)
    (path / DESK).mkdir(mode=0o700)
    for place in ("signing", "confirm", DESK):
        (path / place / POLICY).write_text(text, encoding="utf-8")
    for place in identities:
        (path / place / "root.pem").write_bytes(_pem(issuers.root))
    supplier = path / "signing" / f"{CertifiedRole.SUPPLIER}-{Purpose.SIGN}.pem"
    (path / "confirm" / supplier.name).write_bytes(supplier.read_bytes())
    share_staff(path)
    return folder


def share_staff(path: Path) -> None:
    """Give desk and confirm service the public side of the staff; each goes by its own copy."""
    for place in ("confirm", DESK):
        StaffKeys(path / "signing" / STAFF).public_copy(path / place / STAFF)


def _identity(entropy: Callable[[int], bytes]) -> Eui64:
    drawn = entropy(8)
    return Eui64(bytes(((drawn[0] & 0xFC) | _LOCAL,)) + drawn[1:])


def _pem(der: bytes) -> bytes:
    return load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def certificates_in(path: Path) -> list[bytes]:
    """The certificates of a PEM file, DER, in their order.

    Raises:
        ConfigurationError: it cannot be read, or holds none.
    """
    try:
        return [each.public_bytes(Encoding.DER) for each in load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError) as error:
        why = f"The system says: {error.strerror or error}." if isinstance(error, OSError) else "It is no PEM file."
        raise ConfigurationError(
            f"{path} holds no certificates", why=why, remedy="Restore it from a backup."
        ) from error
