"""Secrets for reading a meter: from a file, from the environment, or, with a warning, from the command line."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from meterhouse.cli.talk import say
from meterhouse.model import ConfigurationError, UsageError
from meterhouse.protocols.dlms import Keys

__all__ = ["Secrets", "gathered"]

_NAMES: Final = ("encryption_key", "authentication_key", "password", "suite", "system_title")
_READABLE_BY_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the client knows.

    Attributes:
        encryption: global unicast encryption key; empty where none is given.
        authentication: authentication key; likewise.
        password: of LLS, or the shared secret of HLS 3, 4 or 6.
        suite: security suite of the keys.
        title: our system title.
    """

    encryption: bytes = field(default=b"", repr=False)
    authentication: bytes = field(default=b"", repr=False)
    password: bytes = field(default=b"", repr=False)
    suite: int = 0
    title: bytes = b""

    def keys(self) -> Keys | None:
        """The global keys.

        Raises:
            UsageError: one without the other, or keys that are not of the suite.
        """
        if bool(self.encryption) != bool(self.authentication):
            raise UsageError("the encryption key and the authentication key go together")
        return Keys(self.encryption, self.authentication, self.suite) if self.encryption else None


def gathered(file: Path | None, ek: str, ak: str, password: str, title: str, suite: int | None) -> Secrets:
    """What the command line says, else the environment, else the file.

    Raises:
        ConfigurationError: the file cannot be read, or something is not hexadecimal.
    """
    table = {} if file is None else _table(file)
    if ek or ak or password:
        say.print(
            "Warning: secrets on the command line are seen by every user of this computer; use --key-file, or "
            "METERHOUSE_ENCRYPTION_KEY, METERHOUSE_AUTHENTICATION_KEY and METERHOUSE_PASSWORD.",
            style="yellow",
        )

    def secret(given: str, name: str) -> str:
        return given or os.environ.get(f"METERHOUSE_{name.upper()}") or str(table.get(name, ""))

    return Secrets(
        _hexadecimal(secret(ek, "encryption_key"), "encryption key"),
        _hexadecimal(secret(ak, "authentication_key"), "authentication key"),
        secret(password, "password").encode(),
        int(table.get("suite", 0)) if suite is None else suite,
        _hexadecimal(title or str(table.get("system_title", "")), "system title"),
    )


def _hexadecimal(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ConfigurationError(f"the {what} is not hexadecimal") from None  # the text stays out of the message


def _table(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"key file {file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError:
        raise ConfigurationError(f"key file {file} is not TOML") from None  # the decoder's words may hold a key
    unknown = sorted(set(table) - set(_NAMES))
    if unknown:
        raise ConfigurationError(f"key file {file} says '{unknown[0]}'", why=f"Known are: {', '.join(_NAMES)}.")
    if not isinstance(table.get("suite", 0), int):
        raise ConfigurationError(f"key file {file}: suite is 0, 1 or 2")
    if os.name == "posix" and mode & _READABLE_BY_OTHERS:
        say.print(f"Warning: {file} can be read by other users; run `chmod 600 {file}`.", style="yellow")
    return table
