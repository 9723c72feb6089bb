"""OBIS: the six-byte names of COSEM objects (IEC 62056-6-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from meterhouse.model import UsageError

__all__ = ["Obis"]

_TEXT: Final = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*](\d{1,3}))?")


@dataclass(frozen=True, slots=True, order=True)
class Obis:
    """A logical name.

    Attributes:
        octets: value groups A to F, exactly 6 bytes.
    """

    octets: bytes

    def __post_init__(self) -> None:
        """Refuse anything but 6 bytes."""
        if len(self.octets) != 6:
            raise UsageError(f"a logical name has 6 bytes, not {len(self.octets)}")

    @classmethod
    def parse(cls, text: str) -> Obis:
        """From `1-0:1.8.0.255`; group F may be left out and is then 255; `*` before it is allowed.

        Raises:
            UsageError: not of that form, or a group above 255.
        """
        return _parsed(text)

    def __str__(self) -> str:
        a, b, c, d, e, f = self.octets
        return f"{a}-{b}:{c}.{d}.{e}.{f}"


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Obis:
    match = _TEXT.fullmatch(text)
    groups = [int(group) for group in match.groups("255")] if match else [256]
    if max(groups) > 255:
        raise UsageError(f"'{text}' is not an OBIS code", remedy="Write it like 1-0:1.8.0.255.")
    return Obis(bytes(groups))
