"""How one make of meter differs from the standard, out of a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from meterhouse.model import ConfigurationError, UsageError
from meterhouse.protocols.dlms import ASSOCIATION_OBIS, Obis, Quirks

__all__ = ["COUNTER_OBIS", "MeterQuirks", "read_quirks"]

COUNTER_OBIS: Final = Obis(bytes((0, 0, 43, 1, 0, 255)))
Release = Literal["standard", "plain", "none"]
Deviation = Literal["standard", "ignored", "unspecified"]


@dataclass(frozen=True, slots=True)
class MeterQuirks:
    """The defaults are the standard.

    Attributes:
        title_omitted: the meter leaves its system title out of its AARE and of general-glo-ciphering, and takes ours
            without it there; then `meter_title` is needed.
        meter_title: the meter's system title, 8 bytes, where known; another is then refused.
        release: how the association ends: RLRQ as the standard says, RLRQ without ciphering, or none.
        deviation: the meter looks at the deviation in a date-time (standard), looks at the local fields alone and
            writes a deviation that means nothing (ignored), or also refuses requests that state one (unspecified).
        time_zone: of those local fields.
        association: the object that lists what the meter has, and that is asked for its proof (HLS).
        counter: the object that holds the client's invocation counter.
        counter_client: the client that may read it without keys.
        general_glo: cipher as general-glo-ciphering rather than under service tags.
        days_at_once: the longest part of a profile that is asked for at once.
    """

    title_omitted: bool = False
    meter_title: bytes = b""
    release: Release = "standard"
    deviation: Deviation = "standard"
    time_zone: ZoneInfo | None = None
    association: Obis = ASSOCIATION_OBIS
    counter: Obis = COUNTER_OBIS
    counter_client: int = 16
    general_glo: bool = False
    days_at_once: int = 7

    def __post_init__(self) -> None:
        """Refuse what cannot go together."""
        if self.title_omitted and not self.meter_title:
            raise UsageError("a meter that omits its title needs meter_title")
        if self.meter_title and len(self.meter_title) != 8:
            raise UsageError(f"a system title has 8 bytes, not {len(self.meter_title)}")
        if self.deviation != "standard" and self.time_zone is None:
            raise UsageError("deviation other than standard needs time_zone", why="Local times mean nothing without.")
        if self.release not in {"standard", "plain", "none"}:
            raise UsageError(f"release '{self.release}' is not standard, plain or none")
        if self.deviation not in {"standard", "ignored", "unspecified"}:
            raise UsageError(f"deviation '{self.deviation}' is not standard, ignored or unspecified")
        if self.days_at_once < 1:
            raise UsageError("days_at_once is at least 1")

    def for_client(self) -> Quirks:
        """The part that the client's procedures need."""
        return Quirks(self.release == "plain", self.release == "none", self.association, self.title_omitted)


def read_quirks(path: Path | None) -> MeterQuirks:
    """The quirks in a file; the standard where there is none.

    Raises:
        ConfigurationError: it cannot be read, or says something that is not known.
    """
    if path is None:
        return MeterQuirks()
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"quirks file {path} cannot be read: {error}") from error
    known = MeterQuirks.__slots__
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ConfigurationError(f"quirks file {path} says '{unknown[0]}'", why=f"Known are: {', '.join(known)}.")
    defaults = MeterQuirks()
    try:
        for name, value in table.items():
            table[name] = _converted(name, value, getattr(defaults, name))
        return MeterQuirks(**table)
    except (UsageError, ValueError, TypeError, OSError, LookupError) as error:
        raise ConfigurationError(f"quirks file {path} is wrong: {error}") from error


def _converted(name: str, value: Any, default: object) -> object:
    if isinstance(default, Obis):
        return Obis.parse(str(value))
    if name == "meter_title":
        return bytes.fromhex(str(value))
    if name == "time_zone":
        return ZoneInfo(str(value))
    if type(value) is not type(default):
        raise TypeError(f"{name} = {value!r} is not of type {type(default).__name__}")
    return value
