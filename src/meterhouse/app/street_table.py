"""One TOML table of a street file, read strictly: a field that is unknown, absent or out of its range is a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meterhouse.model import Instant, Money, UsageError, instant_of, parse_instant

__all__ = ["Table", "known"]


def known(raw: dict[str, Any], names: set[str], place: str) -> None:
    """Refuse a field that is none of these names.

    Raises:
        UsageError: there is one.
    """
    unknown = sorted(set(raw) - names)
    if unknown:
        raise UsageError(f"{place} has an unknown field '{unknown[0]}'", remedy=f"Known: {', '.join(sorted(names))}.")


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table and where it stands, for sentences that name the place. Whatever is wrong is a `UsageError`."""

    raw: dict[str, Any]
    place: str

    def known(self, names: set[str]) -> None:
        """It is a table, and has no field but these."""
        if not isinstance(self.raw, dict):
            raise UsageError(f"{self.place} is '{self.raw}', not a table")
        known(self.raw, names, self.place)

    def text(self, name: str, default: str | None = None) -> str:
        """A text of up to 200 characters; required where there is no default."""
        value = self._said(name, default)
        if not isinstance(value, str) or len(value) > 200:
            raise UsageError(f"{self.place} {name} is {value!r}", remedy="Write it as text in quotes.")
        return value

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number from `least` to `most`; required where there is no default."""
        value = self._said(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise UsageError(f"{self.place} {name} is {value!r}; it is a whole number from {least} to {most}")
        return value

    def texts(self, name: str) -> list[str]:
        """Up to 100 texts; none where the field is absent."""
        value = self.raw.get(name, [])
        if not isinstance(value, list) or len(value) > 100 or not all(isinstance(line, str) for line in value):
            raise UsageError(f"{self.place} {name} is {value!r}; it is a list of texts in quotes")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where the field is absent."""
        value = self.raw.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self.place} {name} is {value!r}; it is true or false")
        return value

    def money(
        self, name: str, currency: str, default: str | None = None, least: int = 0, most: int | None = None
    ) -> int:
        """An amount in 10⁻⁵ of the unit, written as decimal text."""
        text = self.text(name, default)
        try:
            amount = Money.parse(text, currency).amount
        except UsageError as error:
            raise UsageError(f"{self.place} {name}: {error.what}", remedy=error.remedy) from error
        if amount < least or (most is not None and amount > most):
            beyond = "" if most is None else f" to {Money(most, currency).decimal()}"
            raise UsageError(f"{self.place} {name} is {text}; it is from {Money(least, currency).decimal()}{beyond}")
        return amount

    def instant(self, name: str) -> Instant:
        """A date and time with a zone; required."""
        value = self.raw.get(name)
        if isinstance(value, str):
            try:
                return parse_instant(value)
            except UsageError as error:
                raise UsageError(f"{self.place} {name}: {error.what}", remedy=error.remedy) from error
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise UsageError(f"{self.place} {name} is {value!r}", remedy="Write it like 2026-01-05T00:00:00Z.")
        return instant_of(value)

    def _said(self, name: str, default: object) -> object:
        if default is None and name not in self.raw:
            raise UsageError(f"{self.place} has no {name}", remedy=f"Write {name} there.")
        return self.raw.get(name, default)
