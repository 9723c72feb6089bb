"""The limits of fields in orders, from one data file; from afar they are tightened and never loosened."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from meterhouse.crypto import KeyPair, PublicPoint, sign, verify
from meterhouse.model import AuthenticationError, ConfigurationError, PolicyError

__all__ = ["FieldRange", "Limits", "Tightening", "parse_field_limits", "sign_tightening"]

_TAG: Final = b"MHLI1"
_MOST: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class FieldRange:
    """What a field may hold, both ends included."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Tightening:
    """An officer's signed word that a limit be narrower.

    Attributes:
        name: of the limit.
        to: what it may hold from then on.
        officer: who says so.
        signature: 64 bytes.
    """

    name: str
    to: FieldRange
    officer: str
    signature: bytes


def sign_tightening(pair: KeyPair, name: str, to: FieldRange) -> bytes:
    """An officer's signature."""
    return sign(pair, _words(name, to))


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges by name."""

    fields: Mapping[str, FieldRange]

    def of(self, name: str) -> FieldRange:
        """A range.

        Raises:
            ConfigurationError: there is none of that name.
        """
        found = self.fields.get(name)
        if found is None:
            raise ConfigurationError(f"there is no limit '{name}'", remedy=f"Say one of {', '.join(self.fields)}.")
        return found

    def tightened(self, change: Tightening, officers: Mapping[str, PublicPoint]) -> Limits:
        """The same with one range narrower.

        Raises:
            PolicyError: not an officer, or it would loosen the limit, or leave nothing.
            AuthenticationError: not that officer's signature.
            ConfigurationError: there is no such limit.
        """
        now, to = self.of(change.name), change.to
        key = officers.get(change.officer)
        if key is None:
            raise PolicyError(f"'{change.officer}' may not change limits")
        try:
            verify(key, _words(change.name, to), change.signature)
        except AuthenticationError as error:
            why = f"It is not signed by {change.officer}."
            raise AuthenticationError("a change of limits is not believed", why=why) from error
        if not now.least <= to.least <= to.most <= now.most:
            raise PolicyError(
                f"limit '{change.name}' is {now.least} to {now.most}, and is not loosened to {to.least} to {to.most}",
                why="From afar a limit only gets narrower.",
                remedy="A wider one comes with a new program.",
            )
        return Limits(MappingProxyType({**self.fields, change.name: to}))


def parse_field_limits(text: str) -> Limits:
    """The table `fields` of a limits file.

    Raises:
        ConfigurationError: not TOML, or a limit without least and most, or with least above most.
    """
    try:
        table = tomllib.loads(text).get("fields", {})
        return Limits(MappingProxyType({str(name): _range(row) for name, row in table.items()}))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError("the limits file is not as it must be", why=f"{error}.") from error


def _range(row: Mapping[str, Any]) -> FieldRange:
    least, most = row["least"], row["most"]
    if set(row) != {"least", "most"} or not (isinstance(least, int) and isinstance(most, int)):
        raise TypeError("a limit has least and most, whole numbers")
    if not 0 <= least <= most < _MOST:
        raise ValueError(f"{least} to {most} is no range")
    return FieldRange(least, most)


def _words(name: str, to: FieldRange) -> bytes:
    return _TAG + to.least.to_bytes(8, "big") + to.most.to_bytes(8, "big") + name.encode()
