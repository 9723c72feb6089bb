"""Private keys of parties and of people, in encrypted files: AES-256-GCM under a passphrase (scrypt), or under a file.

`PartyKeys` is one file with any number of P-256 keys by name. `StaffKeys` is one file in which each person's key is
closed by that person's own passphrase: whoever holds the file holds nobody's signature.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from meterhouse.crypto import P256, KeyPair, PublicPoint
from meterhouse.model import (
    ConfigurationError,
    MeterhouseError,
    PolicyError,
    StateError,
    StorageError,
    UsageError,
    plain,
    said,
)
from meterhouse.supplier.trust import Duty, Person, Staff

__all__ = ["PartyKeys", "StaffKeys", "write_private"]

_MAGIC: Final = b"MHPARTY1\n"
_SALT: Final = 16
_NONCE: Final = 12
_COST: Final = 2**15
"""About 0.1 s and 32 MiB a try."""
_MASTER: Final = "master.key"
_SHORTEST: Final = 8
_LONGEST_NAME: Final = 100


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and on the disk when this returns.

    Raises:
        StorageError: it cannot be written; the file is as it was.
    """
    fresh = path.with_name(path.name + ".fresh")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written",
            why=f"The system says: {error.strerror or error}.",
            remedy="Free some space, or give this user the right to write there.",
        ) from error


def _read(path: Path) -> bytes:
    """What is in a file; nothing where it is not there."""
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        why = f"The system says: {error.strerror or error}."
        raise ConfigurationError(f"{path} cannot be read", why=why, remedy=f"Say: chown $USER {path}") from error


class PartyKeys:
    """P-256 keys by name. Its text never shows a key.

    Args:
        path: of the file; made at the first key.
        passphrase: opens it; None uses `master.key` beside it, made at the first use: then the files' modes are all
            that protects them.

    Raises:
        ConfigurationError: the passphrase is wrong, or a file is damaged or open to others.
    """

    __slots__ = ("_keys", "_master", "_path", "_salt")

    def __init__(self, path: Path, passphrase: str | None = None) -> None:
        self._path = path
        sealed, master = _read(path), path.parent / _MASTER
        if sealed and passphrase is None and not master.exists():
            why = f"It opens {path.name}."
            raise ConfigurationError(f"{master} is missing", why=why, remedy="Restore it from a backup.")
        if sealed and (not sealed.startswith(_MAGIC) or len(sealed) < len(_MAGIC) + _SALT + _NONCE):
            raise ConfigurationError(f"{path} is not a key file", remedy="Restore it from a backup.")
        self._salt = sealed[len(_MAGIC) :][:_SALT] or secrets.token_bytes(_SALT)
        self._master = _from_file(master) if passphrase is None else _derived(passphrase, self._salt)
        self._keys: dict[str, KeyPair] = {}
        if sealed:
            told = json.loads(_opened(self._master, sealed[len(_MAGIC) + _SALT :], self._bound, path.name))
            self._keys = {name: KeyPair(P256, bytes.fromhex(key)) for name, key in told.items()}

    @property
    def _bound(self) -> bytes:
        return _MAGIC + self._salt

    def names(self) -> tuple[str, ...]:
        """What is here."""
        return tuple(sorted(self._keys))

    def pair(self, name: str) -> KeyPair:
        """A key.

        Raises:
            ConfigurationError: it is not here.
        """
        if name not in self._keys:
            raise ConfigurationError(f"no key '{name}' is in {self._path}", remedy="Restore it from a backup.")
        return self._keys[name]

    def add(self, name: str, pair: KeyPair) -> None:
        """Keep a key for good.

        Raises:
            StateError: another key is here under this name; it is never overwritten.
        """
        known = self._keys.get(name)
        if known is not None and known.public != pair.public:
            raise StateError(f"another key '{name}' is in {self._path.name}", remedy="Give the new key a new name.")
        self._keys[name] = pair
        plain = json.dumps({name: pair.private.hex() for name, pair in self._keys.items()}).encode()
        write_private(self._path, self._bound + _closed(self._master, plain, self._bound))

    def __repr__(self) -> str:
        return f"PartyKeys({len(self._keys)} keys)"


class StaffKeys:
    """People's keys, each under its person's own passphrase; names, duties and public keys are plain.

    Args:
        path: of the file; made with the first person.

    Raises:
        ConfigurationError: it is damaged.
    """

    __slots__ = ("_path", "_rows", "_staff")

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._rows: dict[str, dict[str, Any]] = json.loads(_read(path) or b"{}")
            self._staff = _people(self._rows)
        except ConfigurationError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, MeterhouseError) as error:
            raise ConfigurationError(f"{path} is damaged", remedy="Restore it from a backup.") from error

    def staff(self) -> Staff:
        """Everybody's public side."""
        return self._staff

    def add(
        self, name: str, duties: Iterable[Duty], passphrase: str, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> Person:
        """Make a person's key.

        Raises:
            UsageError: no name that can be shown, no duty, or a passphrase below 8 letters.
            StateError: somebody has this name.
        """
        if not name or said(name, "the name", _LONGEST_NAME) != name:
            raise UsageError(f"'{plain(name)}' is no name", remedy="Write it without space around it.")
        if name in self._rows:
            raise StateError(f"'{name}' is no new name", remedy="Names are never used twice.")
        chosen = sorted({duty.value for duty in duties})
        if not chosen or len(passphrase) < _SHORTEST:
            raise UsageError(f"a person needs a duty, and a passphrase of {_SHORTEST} letters or more")
        pair, salt = KeyPair.generate(P256, entropy), entropy(_SALT)
        sealed = _closed(_derived(passphrase, salt), pair.private, _MAGIC + name.encode())
        public = pair.public.octets.hex()
        row = {"duties": chosen, "public": public, "salt": salt.hex(), "key": sealed.hex()}
        rows = {**self._rows, name: row}
        write_private(self._path, json.dumps(rows, indent=1).encode())
        self._rows, self._staff = rows, _people(rows)
        return self._staff[name]

    def open(self, name: str, passphrase: str) -> KeyPair:
        """A person's key.

        Raises:
            PolicyError: nobody of that name, or a wrong passphrase: the two are told alike.
        """
        row = self._rows.get(name, {})
        salt, sealed = bytes.fromhex(row.get("salt", "00" * _SALT)), bytes.fromhex(row.get("key", ""))
        master = _derived(passphrase, salt)
        try:
            return KeyPair(P256, _opened(master, sealed, _MAGIC + name.encode(), self._path.name))
        except ConfigurationError:
            raise PolicyError("name and passphrase do not go together") from None

    def public_copy(self, path: Path) -> None:
        """Write names, duties and public keys for another place, such as the confirm service."""
        rows = {name: {"duties": row["duties"], "public": row["public"]} for name, row in self._rows.items()}
        write_private(path, json.dumps(rows, indent=1).encode())


def _people(rows: Mapping[str, Mapping[str, Any]]) -> Staff:
    return MappingProxyType(
        {
            name: Person(
                name, PublicPoint(P256, bytes.fromhex(row["public"])), frozenset(Duty(duty) for duty in row["duties"])
            )
            for name, row in rows.items()
        }
    )


def _derived(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())


def _closed(master: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(master).encrypt(nonce, plain, bound)


def _opened(master: bytes, sealed: bytes, bound: bytes, name: str) -> bytes:
    try:
        return AESGCM(master).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise ConfigurationError(
            f"{name} does not open",
            why="The passphrase is wrong or the file was changed.",
            remedy="Give the right passphrase, or restore the file from a backup.",
        ) from None


def _from_file(path: Path) -> bytes:
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path.name} can be read by others", remedy=f"Say: chmod 600 {path}")
    master = _read(path)
    if len(master) != 32:
        raise ConfigurationError(f"{path} is damaged", remedy="Restore it from a backup.")
    return master
