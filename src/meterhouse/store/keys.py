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
from meterhouse.protocols.sts import NEVER_EXPIRES
from meterhouse.store.key_usage import KeyUsage
from meterhouse.supplier.vending import AGREEMENT_KEY, DKGA02_KEY, DKGA04_KEY, KeyName, MemoryKeyStore

__all__ = ["KEY_LENGTHS", "FileKeyStore"]

KEY_LENGTHS: Final = (DKGA04_KEY, DKGA02_KEY, AGREEMENT_KEY)
"""Octets of a key: DKGA04 (20), DKGA02 (8) or a P-256 private key (32)."""

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
        usage: counts what the keys make and holds their caps; None counts nothing.

    Raises:
        ConfigurationError: the passphrase is wrong, a file is damaged, or `master.key` is open to others.
    """

    __slots__ = ("_expiries", "_folder", "_keys", "_master", "_memory", "_salt", "_usage")

    def __init__(self, folder: Path, passphrase: str | None = None, usage: KeyUsage | None = None) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / _STORE
        sealed = path.read_bytes() if path.exists() else b""
        if sealed and (not sealed.startswith(_MAGIC) or len(sealed) < len(_MAGIC) + _SALT + _NONCE):
            raise ConfigurationError(f"{_STORE} is not a key file", remedy="Restore it from a backup.")
        start = len(_MAGIC)
        self._salt = sealed[start : start + _SALT] or secrets.token_bytes(_SALT)
        self._master = _from_file(folder / _MASTER) if passphrase is None else _from_passphrase(passphrase, self._salt)
        self._usage = usage
        self._keys: dict[KeyName, bytes] = {}
        self._expiries: dict[KeyName, int] = {}
        if sealed:
            self._opened(sealed[start + _SALT :])
        self._memory = MemoryKeyStore(self._keys, self._expiries)

    def mac(self, name: KeyName, message: bytes) -> bytes:
        """The HMAC-SHA-256 of a message under a 20-octet key."""
        return self._memory.mac(name, message)

    def dkga02(self, name: KeyName, mixed: bytes) -> bytes:
        """What DKGA02 gives for a mixed block under an 8-octet key."""
        return self._memory.dkga02(name, mixed)

    def agree(self, name: KeyName, public: bytes) -> bytes:
        """The secret that a P-256 key shares with a public point of 64 octets."""
        return self._memory.agree(name, public)

    def expiry(self, name: KeyName) -> int:
        """The KEN that came with the key; 255 never expires."""
        return self._memory.expiry(name)

    def spend(self, name: KeyName, money5: int, currency: str = "") -> None:
        """Count one token against the key.

        Raises:
            KeyCapError: its cap is reached.
        """
        if self._usage is not None:
            self._usage.spend(name, money5, currency)

    def names(self) -> tuple[KeyName, ...]:
        """What is here."""
        return tuple(sorted(self._keys))

    def has(self, supply_group: str, key_revision: int) -> bool:
        """Whether a key is here."""
        return KeyName(supply_group, key_revision) in self._keys

    def add(self, supply_group: str, key_revision: int, key: bytes, *, ken: int = NEVER_EXPIRES) -> None:
        """Keep a key for good; the file is on the disk when this returns.

        Args:
            supply_group: its SGC, or the group that its scheme calls it by.
            key_revision: its KRN.
            key: 20, 8 or 32 octets, see KEY_LENGTHS.
            ken: its key expiry number, 0 to 255.

        Raises:
            UsageError: the key is of no known length, or the expiry number out of range.
            StateError: another key is here under this name; it is never overwritten.
        """
        if len(key) not in KEY_LENGTHS:
            raise UsageError(f"a vending key has {', '.join(map(str, KEY_LENGTHS))} octets, not {len(key)}")
        if not 0 <= ken <= NEVER_EXPIRES:
            raise UsageError(f"key expiry number {ken} is not 0 to {NEVER_EXPIRES}")
        name = KeyName(supply_group, key_revision)
        if (self._keys.get(name, key), self._expiries.get(name, ken)) != (key, ken):
            raise StateError(
                f"another vending key of supply group {supply_group}, revision {key_revision} is here",
                remedy="Give the new key the next revision.",
            )
        self._keys, self._expiries = {**self._keys, name: key}, {**self._expiries, name: ken}
        self._save()
        self._memory = MemoryKeyStore(self._keys, self._expiries)
        if self._usage is not None:
            self._usage.told("key added", name, ken=ken)

    def __repr__(self) -> str:
        return f"FileKeyStore({len(self._keys)} keys)"

    def _opened(self, sealed: bytes) -> None:
        try:
            plain = AESGCM(self._master).decrypt(sealed[:_NONCE], sealed[_NONCE:], _MAGIC + self._salt)
        except InvalidTag:
            raise ConfigurationError(
                "the key store does not open",
                why="The passphrase is wrong or the file was changed.",
                remedy="Give the right passphrase, or restore the folder of keys from a backup.",
            ) from None
        for text, kept in json.loads(plain).items():
            group, _, revision = text.rpartition("/")
            name = KeyName(group, int(revision))
            key, ken = kept if isinstance(kept, list) else (kept, NEVER_EXPIRES)  # a plain text: before keys had a KEN
            self._keys[name], self._expiries[name] = bytes.fromhex(key), ken

    def _save(self) -> None:
        plain = json.dumps({str(name): [key.hex(), self._expiries[name]] for name, key in self._keys.items()}).encode()
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._master).encrypt(nonce, plain, _MAGIC + self._salt)
        fresh = self._folder / f"{_STORE}.fresh"
        _write_private(fresh, _MAGIC + self._salt + nonce + sealed)
        fresh.replace(self._folder / _STORE)


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
