"""Times of the week as a person writes them in a street file, and half hours as the rule-book wants them.

`Mon-Fri 18:00-08:00` is said of the days on which it begins, and may run over midnight; days are Mon to Sun, singly, as
a range, or `daily`. All times are UTC and fall on half hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from meterhouse.model import UsageError

__all__ = ["friendly_week", "rate_rows"]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SLOTS: Final = 48
_WORKING: Final = 5
_TIME: Final = r"(?:[01]\d|2[0-3]):[03]0|24:00"
_LINE: Final = re.compile(
    rf"(?P<first>{'|'.join(_DAYS)}|daily)(?:-(?P<last>{'|'.join(_DAYS)}))? +(?P<begin>{_TIME})-(?P<end>{_TIME})"
)
_RATES: Final = 4


def friendly_week(lines: Sequence[str], place: str) -> tuple[int, ...]:
    """Seven numbers, Monday first: bit n is the half hour n.

    Raises:
        UsageError: a line that is none; the sentence begins with `place`.
    """
    week = [0] * len(_DAYS)
    for line in lines:
        days, begin, end = _parsed(line, place)
        for day in days:
            for slot in range(begin, end if end > begin else end + _SLOTS):
                week[(day + slot // _SLOTS) % len(_DAYS)] |= 1 << slot % _SLOTS
    return tuple(week)


def rate_rows(lines: Sequence[str], place: str) -> tuple[int, ...]:
    """Ninety-six rates, of a working day and then of a weekend day, from lines like `Mon-Fri 00:00-07:00 = 1`.

    Half hours that no line names have rate 0; of two lines for one half hour the later holds.

    Raises:
        UsageError: a line that is none, or that tells apart days which a tariff cannot.
    """
    rows = [0] * (2 * _SLOTS)
    for line in lines:
        times, _, rate = line.partition("=")
        if rate.strip() not in {str(number) for number in range(_RATES)}:
            raise UsageError(f"{place} '{line}' names no rate", remedy="Write it like Mon-Fri 00:00-07:00 = 1.")
        days, begin, end = _parsed(times.strip(), place)
        kinds = {0 if day < _WORKING else 1 for day in days}
        if len(days) != sum(_WORKING if kind == 0 else 2 for kind in kinds):
            raise UsageError(
                f"{place} '{line}' tells working days apart", remedy="Say it of Mon-Fri, of Sat-Sun, or daily."
            )
        for kind in kinds:
            for slot in range(begin, end if end > begin else end + _SLOTS):
                rows[kind * _SLOTS + slot % _SLOTS] = int(rate)
    return tuple(rows)


def _parsed(line: str, place: str) -> tuple[list[int], int, int]:
    found = _LINE.fullmatch(line)
    if found is None or (found["first"] == "daily" and found["last"]) or found["begin"] == found["end"]:
        raise UsageError(f"{place} {line!r} is no time of the week", remedy="Write it like Mon-Fri 18:00-08:00.")
    begin, end = _slot(found["begin"]), _slot(found["end"])
    if found["first"] == "daily":
        return list(range(len(_DAYS))), begin, end
    first = _DAYS.index(found["first"])
    last = first if found["last"] is None else _DAYS.index(found["last"])
    if begin == _SLOTS:
        raise UsageError(f"{place} {line!r} begins where the day is over", remedy="Write 00:00 of the next day.")
    return [(first + number) % len(_DAYS) for number in range((last - first) % len(_DAYS) + 1)], begin, end


def _slot(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 2 + int(minutes) // 30
