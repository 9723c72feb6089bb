"""The device that is judged: how it is asked, who may ask, and which of its attributes may be used."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from meterhouse.model import ConfigurationError, MeterhouseError
from meterhouse.protocols.dlms import Keys, Obis, Policy
from meterhouse.protocols.dlms.protection import TITLE_LENGTH
from meterhouse.protocols.dlms.requests import Target

__all__ = ["KeyClient", "PasswordClient", "Subject", "parse_attribute", "read_subject"]

_ATTRIBUTE: Final = re.compile(r"^(?P<obis>\S+)/(?P<class_id>\d+):(?P<index>\d+)$")
_NAME: Final = Target(1, Obis.parse("0-0:42.0.0.255"), 2)
_MOST_SAP: Final = 0x3FFF
_TITLE: Final = b"MTHJUDGE"
_POLICIES: Final = {"auth": Policy.AUTHENTICATED, "encrypt": Policy.ENCRYPTED, "both": Policy.BOTH, "none": Policy.NONE}


@dataclass(frozen=True, slots=True)
class PasswordClient:
    """A client with low-level security.

    Attributes:
        sap: its address.
        password: the right one.
    """

    sap: int
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyClient:
    """A client with HLS-5 and, where `policy` says so, ciphering in suite 0.

    Attributes:
        sap: its address.
        keys: the global keys.
        policy: the least protection that the device says it takes.
        title: our system title.
    """

    sap: int
    keys: Keys
    policy: Policy = Policy.BOTH
    title: bytes = _TITLE


@dataclass(frozen=True, slots=True)
class Subject:
    """One product, as its maker tells it.

    Attributes:
        product: its name, for the report.
        maker: who makes it.
        server: the logical device.
        physical: HDLC physical device; None for addresses of one byte.
        address_size: bytes of its HDLC address; 0 for the shortest.
        public: the client without security; None where there is none.
        password: see `PasswordClient`.
        keys: see `KeyClient`.
        unknown: a client address that the device does not know.
        read: an attribute that each client may read, of less than 100 bytes.
        write: an octet-string attribute that the strongest client may write; None where there is none.
        profile: a load profile with a clock column that the strongest client may read; None likewise.
        method: a method that the strongest client may call at any time with the integer 0; None likewise.
    """

    product: str
    maker: str = ""
    server: int = 1
    physical: int | None = None
    address_size: int = 0
    public: int | None = 16
    password: PasswordClient | None = None
    keys: KeyClient | None = None
    unknown: int = 125
    read: Target = _NAME
    write: Target | None = None
    profile: Obis | None = None
    method: Target | None = None

    def __post_init__(self) -> None:
        """Refuse what no association could be tried with."""
        saps = [self.server, self.unknown, *([] if self.public is None else [self.public])]
        saps += [client.sap for client in (self.password, self.keys) if client is not None]
        if not all(0 < sap <= _MOST_SAP for sap in saps):
            raise ConfigurationError(f"the addresses {saps} are not all 1 to {_MOST_SAP}")
        if self.public is None and self.password is None and self.keys is None:
            raise ConfigurationError("the product has no client at all", remedy="Name public, password or keys.")
        if self.password is not None and not self.password.password:
            raise ConfigurationError("the password is empty")
        if self.keys is not None and len(self.keys.title) != TITLE_LENGTH:
            raise ConfigurationError(f"a system title has {TITLE_LENGTH} bytes, not {len(self.keys.title)}")


def parse_attribute(text: str) -> Target:
    """The attribute or method that `text` names, such as 1-0:1.8.0.255/3:2.

    Raises:
        ConfigurationError: it is of another form.
    """
    found = _ATTRIBUTE.match(text)
    if found is None:
        raise ConfigurationError(f"'{text}' is no attribute", remedy="Write it like 1-0:1.8.0.255/3:2.")
    return Target(int(found["class_id"]), _obis(found["obis"]), int(found["index"]))


def read_subject(path: Path) -> Subject:
    """The subject that a TOML profile tells; its keys are the attributes of `Subject`, its tables the clients.

    Raises:
        ConfigurationError: the file cannot be read, or says what no profile says.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"profile {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError:
        raise ConfigurationError(f"profile {path} is not TOML") from None  # the decoder's words may hold a key
    try:
        return _subject(table)
    except KeyError as error:
        raise ConfigurationError(f"profile {path} does not say {error}") from None
    except (TypeError, ValueError, AttributeError):
        # No more than this: the words of such an error may hold a key.
        raise ConfigurationError(f"profile {path} says something in another form than a profile does") from None
    except MeterhouseError as error:
        raise ConfigurationError(f"profile {path}: {error.sentence()}") from None


def _subject(table: dict[str, Any]) -> Subject:
    known = set(Subject.__slots__)
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigurationError(f"it says '{unknown[0]}'", why=f"Known are: {', '.join(sorted(known))}.")
    told = dict(table)
    for name in ("read", "write", "method"):
        if name in told:
            told[name] = parse_attribute(told[name])
    if "profile" in told:
        told["profile"] = _obis(told["profile"])
    if told.get("public") == 0:
        told["public"] = None
    if "password" in told:
        told["password"] = PasswordClient(int(told["password"]["sap"]), str(told["password"]["password"]).encode())
    if "keys" in told:
        told["keys"] = _key_client(told["keys"])
    return Subject(**told)


def _key_client(table: dict[str, Any]) -> KeyClient:
    encryption, authentication = (bytes.fromhex(table[name]) for name in ("encryption_key", "authentication_key"))
    title = bytes.fromhex(table["system_title"]) if "system_title" in table else _TITLE
    return KeyClient(int(table["sap"]), Keys(encryption, authentication), _POLICIES[table.get("policy", "both")], title)


def _obis(text: str) -> Obis:
    try:
        return Obis.parse(text)
    except MeterhouseError as error:
        raise ConfigurationError(f"'{text}' is no OBIS code") from error
