"""Mutual TLS of a street on one machine: its own authority, and a certificate for everybody who has a line.

The keys are derived as all keys of such a street are, and certified anew at each start; the files that TLS must read
lie in a folder that only this user can open.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from meterhouse.app.keys import StreetKeys
from meterhouse.companion.certificate import CertifiedRole, Domain, dns_domain, dns_name
from meterhouse.crypto import KeyPair, Purpose, Template, certify, certify_root
from meterhouse.links import mutual_tls
from meterhouse.model import DAY, Eui64, Instant, StorageError

__all__ = ["StreetTls"]

_ROOT: Final = Eui64(b"\x02MH\x0a\0\0\0\0")
_ISSUER: Final = Eui64(b"\x02MH\x0a\0\0\0\x01")
_LASTS: Final = 3_650 * DAY
_DOMAINS: Final = (Domain.ORGANISATION, Domain.UTILITY)
_PRIVATE: Final = 0o600


class StreetTls:
    """Makes contexts.

    Args:
        folder: for the files; made if it is not there, open to this user alone.
        keys: of the street.
        entropy: for serial numbers.
        now: by the wall's clock, which TLS looks at, whatever the street's own says.

    Raises:
        StorageError: a file cannot be written.
    """

    def __init__(self, folder: Path, keys: StreetKeys, entropy: Callable[[int], bytes], now: Instant) -> None:
        self._folder = folder
        self._keys = keys
        self._entropy = entropy
        self._times = Instant(now - DAY), Instant(now + _LASTS)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritten(folder, error) from error
        root_pair, self._pair = (keys.pair("issue", who) for who in (_ROOT, _ISSUER))
        root = certify_root(root_pair, Template("root", "", "", Purpose.ISSUE, *self._times), entropy)
        permitted = tuple(map(dns_domain, _DOMAINS))
        template = Template("issuer", "", "", Purpose.ISSUE, *self._times, permitted)
        self._issuer = certify(root, root_pair, template, self._pair.public, entropy)
        self.authority = folder / "authority.pem"
        self._write(self.authority, _pem(root) + _pem(self._issuer))

    def context(self, who: Eui64, role: CertifiedRole, *, server: bool = False) -> ssl.SSLContext:
        """The context of one end.

        Args:
            who: its identity.
            role: in its certificate.
            server: whether it accepts connections.
        """
        pair = self._keys.pair("tls", who)
        template = Template(str(who), dns_name(who, role), role.value, Purpose.TLS, *self._times)
        der = certify(self._issuer, self._pair, template, pair.public, self._entropy)
        chain, key = self._folder / f"{who.octets.hex()}.pem", self._folder / f"{who.octets.hex()}.key"
        self._write(chain, _pem(der) + _pem(self._issuer))
        self._write(key, _key_pem(pair))
        return mutual_tls(self.authority, chain, key, server=server)

    def _write(self, path: Path, text: str) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written",
        why=f"The system says: {error.strerror or error}.",
        remedy="Free some space or mend the rights of the data folder, then try again.",
    )


def _pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


def _key_pem(pair: KeyPair) -> str:
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
