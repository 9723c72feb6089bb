"""What a meter said, as values with their unit, ready to be shown or written as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from meterhouse.app.reading.quirks import MeterQuirks
from meterhouse.app.reading.units import scaled, unit_name
from meterhouse.model import MINUTE, Instant, isoformat
from meterhouse.protocols.dlms import ApduError, CosemData, Obis, Tag, moments

__all__ = ["Meaning", "Value", "deviation_at", "iso_or_text", "plain", "shown", "time_of"]

_TIMES: Final = frozenset({Tag.DATE_TIME, Tag.DATE, Tag.TIME})
_NUMBERS: Final = frozenset(
    {Tag.DOUBLE_LONG, Tag.DOUBLE_LONG_UNSIGNED, Tag.INTEGER, Tag.LONG, Tag.UNSIGNED, Tag.LONG_UNSIGNED}
    | {Tag.LONG64, Tag.LONG64_UNSIGNED}
)
_DATE_TIME: Final = 12


@dataclass(frozen=True, slots=True)
class Meaning:
    """A scaler and a unit.

    Attributes:
        scaler: power of ten.
        unit: number of the enumeration.
    """

    scaler: int = 0
    unit: int = 255

    @classmethod
    def of(cls, data: CosemData) -> Meaning:
        """From a scaler_unit attribute.

        Raises:
            ApduError: another shape.
        """
        scaler, unit = data.items(2)
        return cls(scaler.whole(), unit.whole())


@dataclass(frozen=True, slots=True)
class Value:
    """One attribute as it was read.

    Attributes:
        class_id: interface class.
        obis: logical name.
        attribute: index.
        data: as it came.
        meaning: scaler and unit, where it has them.
    """

    class_id: int
    obis: Obis
    attribute: int
    data: CosemData
    meaning: Meaning | None = None

    def text(self) -> str:
        """For a person."""
        return shown(self.data, self.meaning)

    def document(self) -> dict[str, Any]:
        """For a program: numbers as they came, with scaler and unit beside them."""
        document: dict[str, Any] = {
            "obis": str(self.obis),
            "class": self.class_id,
            "attribute": self.attribute,
            "value": plain(self.data),
            "text": self.text(),
        }
        if self.meaning is not None:
            document |= {"scaler": self.meaning.scaler, "unit": unit_name(self.meaning.unit)}
        return document


def plain(data: CosemData) -> Any:
    """As JSON has it: bytes as hex, arrays and structures as lists."""
    if data.tag in {Tag.ARRAY, Tag.STRUCTURE}:
        return [plain(item) for item in data.items()]
    return data.value.hex() if isinstance(data.value, bytes) else data.native()


def shown(data: CosemData, meaning: Meaning | None = None) -> str:
    """On one line, for a person: numbers scaled, times and texts as such, other bytes in hex."""
    if data.tag in {Tag.ARRAY, Tag.STRUCTURE}:
        return f"[{', '.join(shown(item) for item in data.items())}]"
    if data.tag in _NUMBERS and meaning is not None:
        return f"{scaled(data.whole(), meaning.scaler)} {unit_name(meaning.unit)}".rstrip()
    if isinstance(data.value, bytes):
        return _octets(data)
    return "nothing" if data.value is None else str(data.value)


def _octets(data: CosemData) -> str:
    octets = data.octets()
    if data.tag in _TIMES or len(octets) == _DATE_TIME:
        try:
            return str(moments.CosemDateTime.of(data))
        except ApduError:
            pass
    text = octets.decode("ascii", "replace")
    return f"'{text}'" if text and text.isprintable() and text.isascii() else octets.hex() or "empty"


def time_of(data: CosemData, quirks: MeterQuirks) -> Instant | None:
    """The instant of a date-time; None where it is not whole, which is never guessed.

    Raises:
        ApduError: not a date-time at all.
    """
    moment = moments.CosemDateTime.of(data)
    deviation = None
    try:
        if quirks.deviation != "standard" and quirks.time_zone is not None:
            local = moment.instant(0)
            deviation = deviation_at(local, quirks)
        return moment.instant(deviation)
    except ApduError:
        return None


def deviation_at(local: Instant, quirks: MeterQuirks) -> int:
    """Minutes from the meter's local time to UTC, at a local time that is counted as if it were UTC."""
    naive = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=local)
    offset = naive.replace(tzinfo=quirks.time_zone).utcoffset() or timedelta(0)
    return -int(offset.total_seconds()) * 1000 // MINUTE


def iso_or_text(data: CosemData, quirks: MeterQuirks) -> str:
    """A time in UTC, or as the meter wrote it where it is not whole."""
    try:
        at = time_of(data, quirks)
    except ApduError:
        return shown(data)
    return shown(data) if at is None else isoformat(at)
