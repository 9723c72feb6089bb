"""What to read: an OBIS code, with its class and attribute where they are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms import Obis

__all__ = ["Item", "parse_item"]

_TEXT: Final = re.compile(r"(?P<obis>[^/]+)(?:/(?P<kind>\d{1,5})(?::(?P<attribute>\d{1,3}))?)?")
_CLOCK: Final = 8
_PROFILE: Final = 7
_USUAL: Final = (3, 4, 1, 5)
"""Register, extended register, data, demand register: tried in this order where the class is not said."""


@dataclass(frozen=True, slots=True)
class Item:
    """One attribute.

    Attributes:
        obis: logical name.
        classes: interface classes to try, in order.
        attribute: index.
    """

    obis: Obis
    classes: tuple[int, ...]
    attribute: int = 2


def parse_item(text: str) -> Item:
    """`1-0:1.8.0.255`, `1-0:1.8.0.255/3` or `1-0:1.8.0.255/3:2`.

    Raises:
        UsageError: another form.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' is not an attribute", remedy="Write it like 1-0:1.8.0.255 or 1-0:1.8.0.255/3:2.")
    obis = Obis.parse(match["obis"])
    classes = (int(match["kind"]),) if match["kind"] else _guessed(obis)
    return Item(obis, classes, int(match["attribute"] or 2))


def _guessed(obis: Obis) -> tuple[int, ...]:
    if obis.octets[0] == 0 and obis.octets[2] == 1:
        return (_CLOCK, *_USUAL)
    if obis.octets[2] in {98, 99}:
        return (_PROFILE, *_USUAL)
    return _USUAL
