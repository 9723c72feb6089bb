"""Selective access to a load profile: by range, by entry, beyond its ends, by a selector that there is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterhouse.conformance.answers import demand_refusal
from meterhouse.conformance.bench import Bench, Talk
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.model import DAY, Instant
from meterhouse.protocols.dlms import CosemData, CosemDateTime, Entries, Obis, Range
from meterhouse.protocols.dlms.datetimes import instant_from
from meterhouse.protocols.dlms.requests import Access, GetRequest, Target, encode_request
from meterhouse.protocols.dlms.selection import Selection

__all__ = ["CHECKS"]

_BY_RANGE: Final = "IEC 62056-6-2 §4.3.6.3.2"
_BY_ENTRY: Final = "IEC 62056-6-2 §4.3.6.3.3"
_ENOUGH: Final = 4
_NO_SELECTOR: Final = 77
_FAR: Final = 10_000 * DAY


def _profile(bench: Bench) -> Obis:
    if bench.subject.profile is None:
        raise NotApplicable("the profile of this product names no load profile")
    return bench.subject.profile


def _rows(bench: Bench, talk: Talk, selection: Selection | None = None) -> Sequence[CosemData]:
    return talk.run(talk.client.get(7, _profile(bench), 2, selection)).items()


def _last_rows(bench: Bench, talk: Talk) -> tuple[int, Sequence[CosemData]]:
    """How many rows there are, and the last of them; the whole profile may be too long to read."""
    count = talk.run(talk.client.get(7, _profile(bench), 7)).whole()
    if count < _ENOUGH:
        raise NotApplicable(f"the load profile has only {count} rows")
    return count, _rows(bench, talk, Entries(count - _ENOUGH + 1, count))


def _time(row: CosemData) -> Instant:
    return instant_from(row.items()[0])


@check("selection.entry", _BY_ENTRY, "entries from one number to another are those rows")
def _entry(bench: Bench) -> None:
    with bench.talking() as talk:
        count, last = _last_rows(bench, talk)
        some = _rows(bench, talk, Entries(count - 2, count - 1))
    if list(some) != list(last)[-3:-1]:
        raise Failed(f"{len(some)} rows: {some}")


@check("selection.range", _BY_RANGE, "a range of times gives the rows in it, both ends included")
def _range(bench: Bench) -> None:
    with bench.talking() as talk:
        _, last = _last_rows(bench, talk)
        some = _rows(bench, talk, Range(_time(last[-3]), _time(last[-2])))
    if list(some) != list(last)[-3:-1]:
        raise Failed(f"{len(some)} rows: {some}")


@check("selection.empty", _BY_RANGE, "a range in which there is nothing gives an empty array")
def _empty(bench: Bench) -> None:
    with bench.talking() as talk:
        _, last = _last_rows(bench, talk)
        far = Instant(_time(last[-1]) + _FAR)
        some = _rows(bench, talk, Range(far, Instant(far + DAY)))
    if some:
        raise Failed(f"{len(some)} rows")


@check("selection.unknown", _BY_RANGE, "an access selector that the class does not have is refused")
def _unknown(bench: Bench) -> None:
    target = Target(7, _profile(bench), 2)
    with bench.talking() as talk:
        wrong = Access(target, _NO_SELECTOR, CosemDateTime.decode(b"\xff" * 12).data())
        demand_refusal(talk.exchange(encode_request(GetRequest(0xC2, wrong))))


CHECKS: Final[tuple[Check, ...]] = (_entry, _range, _empty, _unknown)
