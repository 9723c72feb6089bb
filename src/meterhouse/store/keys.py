"""Vending keys in an encrypted file: AES-256-GCM under a key from a passphrase (scrypt), or from a file of mode 0600.

One file, `vending.keys`: magic, salt, nonce, ciphertext. Names and revisions are inside the ciphertext. The plain keys
are in this process's memory while the store is open, and nowhere else.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from meterhouse.model import ConfigurationError, StateError, UsageError

__all__ = ["KEY_LENGTH", "FileKeyStore"]

KEY_LENGTH: Final = 20
"""Octets of a DKGA04 vending key."""

_MAGIC: Final = b"MHKEYS1\n"
_SALT: Final = 16
_NONCE: Final = 12
_SCRYPT_COST: Final = 2**15
"""About 0.1 s and 32 MiB a try."""
_STORE: Final = "vending.keys"
_MASTER: Final = "master.key"


class FileKeyStore:
    """A `KeyStore` in a folder. Its text never shows a key.

    Args:
        folder: for the file of keys and, without a passphrase, the file `master.key` beside it: then who can read the
            folder can read the keys, and the file's mode is all that protects them.
        passphrase: opens the file; None uses `master.key`, made at the first use.

    Raises:
        ConfigurationError: the passphrase is wrong, a file is damaged, or `master.key` is open to others.
    """

    __slots__ = ("_folder", "_keys", "_master", "_salt")

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / _STORE
        sealed = path.read_bytes() if path.exists() else b""
        if sealed and (not sealed.startswith(_MAGIC) or len(sealed) < len(_MAGIC) + _SALT + _NONCE):
            raise ConfigurationError(f"{_STORE} is not a key file", remedy="Restore it from a backup.")
        start = len(_MAGIC)
        self._salt = sealed[start : start + _SALT] or secrets.token_bytes(_SALT)
        self._master = _from_file(folder / _MASTER) if passphrase is None else _from_passphrase(passphrase, self._salt)
        self._keys: dict[str, bytes] = self._opened(sealed[start + _SALT :]) if sealed else {}

    def vending_key(self, supply_group: str, key_revision: int) -> bytes:
        """The vending key of a supply group and revision.

        Raises:
            ConfigurationError: it is not here.
        """
        try:
            return self._keys[_name(supply_group, key_revision)]
        except KeyError:
            raise ConfigurationError(
                f"no vending key of supply group {supply_group}, revision {key_revision}",
                why="Tokens for its meters cannot be made without it.",
                remedy="Load the key into the key store.",
            ) from None

    def has(self, supply_group: str, key_revision: int) -> bool:
        """Whether a key is here."""
        return _name(supply_group, key_revision) in self._keys

    def add(self, supply_group: str, key_revision: int, key: bytes) -> None:
        """Keep a key for good; the file is on the disk when this returns.

        Raises:
            UsageError: the key is not 20 octets.
            StateError: another key is here under this name; it is never overwritten.
        """
        if len(key) != KEY_LENGTH:
            raise UsageError(f"a vending key has {KEY_LENGTH} octets, not {len(key)}")
        name = _name(supply_group, key_revision)
        if self._keys.get(name, key) != key:
            raise StateError(
                f"another vending key of supply group {supply_group}, revision {key_revision} is here",
                remedy="Give the new key the next revision.",
            )
        self._keys = {**self._keys, name: key}
        self._save()

    def __repr__(self) -> str:
        return f"FileKeyStore({len(self._keys)} keys)"

    def _opened(self, sealed: bytes) -> dict[str, bytes]:
        try:
            plain = AESGCM(self._master).decrypt(sealed[:_NONCE], sealed[_NONCE:], _MAGIC + self._salt)
        except InvalidTag:
            raise ConfigurationError(
                "the key store does not open",
                why="The passphrase is wrong or the file was changed.",
                remedy="Give the right passphrase, or restore the folder of keys from a backup.",
            ) from None
        return {name: bytes.fromhex(key) for name, key in json.loads(plain).items()}

    def _save(self) -> None:
        plain = json.dumps({name: key.hex() for name, key in self._keys.items()}).encode()
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._master).encrypt(nonce, plain, _MAGIC + self._salt)
        fresh = self._folder / f"{_STORE}.fresh"
        _write_private(fresh, _MAGIC + self._salt + nonce + sealed)
        fresh.replace(self._folder / _STORE)


def _name(supply_group: str, key_revision: int) -> str:
    return f"{supply_group}/{key_revision}"


def _from_passphrase(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_COST, r=8, p=1).derive(passphrase.encode())


def _from_file(path: Path) -> bytes:
    if not path.exists():
        _write_private(path, secrets.token_bytes(32))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path.name} can be read by others", remedy=f"Say: chmod 600 {path}")
    master = path.read_bytes()
    if len(master) != 32:
        raise ConfigurationError(f"{path.name} is damaged", remedy="Restore it from a backup.")
    return master


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
