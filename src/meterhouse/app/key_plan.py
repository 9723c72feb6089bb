"""Where a street's vending keys are, as its file says: in the data folder, or in a security module (PKCS#11).

::

    [keys]
    store = "pkcs11"  # or "file", which is what holds without this table
    module = "/usr/lib/softhsm/libsofthsm2.so"  # the library that came with the module
    token = "vending"  # its label
    pin_file = "/etc/meterhouse/pin"  # else the PIN is taken from $METERHOUSE_PKCS11_PIN
    apart = true  # tokens are made outside the books' transaction: for a far module

The PIN itself never stands in the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meterhouse.model import ConfigurationError, UsageError
from meterhouse.store import FileKeyStore, KeyUsage
from meterhouse.store.pkcs11_keys import Pkcs11KeyStore

__all__ = ["PIN_VARIABLE", "KeyPlan", "key_plan_of", "open_key_store"]

PIN_VARIABLE: Final = "METERHOUSE_PKCS11_PIN"

_STORES: Final = ("file", "pkcs11")
_OF_MODULE: Final = ("module", "token", "pin_file")
_KNOWN: Final = {"store", *_OF_MODULE, "apart"}


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """Where the keys are.

    Attributes:
        module: path of the PKCS#11 library; empty for keys in the data folder.
        token: its label.
        pin_file: a file with the PIN; empty where the environment has it.
        apart: whether tokens are made outside the transaction.
    """

    module: str = ""
    token: str = ""
    pin_file: str = ""
    apart: bool = False


def key_plan_of(raw: object, source: str) -> KeyPlan:
    """The plan of a table `keys`; None stands for keys in the data folder.

    Raises:
        UsageError: the table has something else than it may; the sentence names it.
    """
    place = f"{source} [keys]"
    if raw is None:
        return KeyPlan()
    if not isinstance(raw, dict):
        raise UsageError(f"{place} is '{raw}', not a table", remedy="Write it as [keys] with lines below it.")
    unknown = sorted(set(raw) - _KNOWN)
    if unknown:
        raise UsageError(f"{place} has an unknown field '{unknown[0]}'", remedy=f"Known: {', '.join(sorted(_KNOWN))}.")
    store, apart = raw.get("store", "file"), raw.get("apart", False)
    if store not in _STORES:
        raise UsageError(f"{place} store is {store!r}; it is {' or '.join(_STORES)}")
    if not isinstance(apart, bool):
        raise UsageError(f"{place} apart is {apart!r}; it is true or false")
    texts = {name: _text(raw, name, place) for name in _OF_MODULE}
    if store == "file":
        given = next((name for name, text in texts.items() if text), None)
        if given is not None:
            raise UsageError(f'{place} {given} goes with store = "pkcs11" only')
        return KeyPlan(apart=apart)
    missing = next((name for name in ("module", "token") if not texts[name]), None)
    if missing is not None:
        raise UsageError(f"{place} has no {missing}", remedy=f"Write {missing} = …; see docs/how-to/tokens.md.")
    return KeyPlan(**texts, apart=apart)


def open_key_store(plan: KeyPlan, folder: Path, usage: KeyUsage) -> FileKeyStore | Pkcs11KeyStore:
    """The keys of a plan; `folder` is that of the keys in the data folder.

    Raises:
        ConfigurationError: no PIN is at hand, the extra is not installed, or the module cannot be used.
        KeyStoreAwayError: the module does not answer.
    """
    if not plan.module:
        return FileKeyStore(folder, usage=usage)
    return Pkcs11KeyStore(plan.module, plan.token, _pin(plan), usage)


def _pin(plan: KeyPlan) -> str:
    if not plan.pin_file:
        pin = os.environ.get(PIN_VARIABLE, "")
        if not pin:
            raise ConfigurationError(
                f"no PIN for the security module's token '{plan.token}'",
                why="It never stands in the street file.",
                remedy=f"Set ${PIN_VARIABLE}, or name a file with pin_file in [keys].",
            )
        return pin
    path = Path(plan.pin_file)
    try:
        pin = path.read_text(encoding="utf-8").strip()
        shared = os.name == "posix" and bool(path.stat().st_mode & 0o077)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the PIN file {path} cannot be read", why=f"{error}.") from error
    if shared:
        raise ConfigurationError(f"the PIN file {path} can be read by others", remedy=f"Say: chmod 600 {path}")
    if not pin:
        raise ConfigurationError(f"the PIN file {path} is empty", remedy="Write the token's user PIN into it.")
    return pin


def _text(raw: dict[str, Any], name: str, place: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{place} {name} is {value!r}", remedy="Write it as text in quotes.")
    return value
