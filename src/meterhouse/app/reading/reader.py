"""Reads a meter: opens the association as often as it must, and asks for values, objects and profiles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, Self, TypeVar

from meterhouse.app.reading.counter_file import CounterFile
from meterhouse.app.reading.items import Item
from meterhouse.app.reading.quirks import MeterQuirks
from meterhouse.app.reading.session import Approach, MeterSession
from meterhouse.app.reading.values import Meaning, Value, deviation_at, iso_or_text, time_of
from meterhouse.model import DAY, SECOND, Instant, LinkError, NotFoundError, RefusedError, isoformat
from meterhouse.protocols.dlms import (
    CLOCK,
    CLOCK_OBIS,
    AccessRefusedError,
    CaptureObject,
    Client,
    ClientSettings,
    CosemData,
    DataAccessResult,
    Obis,
    Procedure,
    Range,
    Tag,
)

__all__ = ["CapturedRow", "ListedObject", "MeterReader", "Profile", "parts_of"]

T = TypeVar("T")
_PAUSE_S: Final = 1.0
_ELSEWHERE: Final = frozenset(
    {
        DataAccessResult.OBJECT_UNDEFINED,
        DataAccessResult.OBJECT_CLASS_INCONSISTENT,
        DataAccessResult.OBJECT_UNAVAILABLE,
        DataAccessResult.READ_WRITE_DENIED,
    }
)
"""What meters answer where an object is of another class than was asked for."""
_SCALER: Final = {(3, 2): 3, (4, 2): 3, (5, 2): 4, (5, 3): 4}
"""The attribute with scaler and unit, by class and attribute of a value."""

_READABLE: Final = frozenset({1, 3, 4, 6})
"""Access modes with reading, before version 3 of the association, where they became bits."""

CapturedRow = tuple[CosemData, ...]


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An entry of the association's object list.

    Attributes:
        class_id: interface class.
        version: of the class.
        obis: logical name.
        readable: attributes that this client may read.
    """

    class_id: int
    version: int
    obis: Obis
    readable: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """Rows of a profile, with what its columns are.

    Attributes:
        columns: as the meter captures them.
        meanings: scaler and unit of each column, where it has them.
        period: capture period, s; 0 where rows are not periodic.
        rows: oldest first, as they came.
    """

    columns: tuple[CaptureObject, ...]
    meanings: tuple[Meaning | None, ...]
    period: int
    rows: tuple[CapturedRow, ...]

    def cells(self, quirks: MeterQuirks) -> Iterator[list[CosemData | str]]:
        """The rows with their times in UTC; a time that the meter left out is the one before plus the period."""
        timed = [(column.class_id, column.attribute) == (8, 2) for column in self.columns]
        before: Instant | None = None
        for row in self.rows:
            cells: list[CosemData | str] = list(row)
            for place, (cell, is_time) in enumerate(zip(row, timed, strict=False)):
                if not is_time:
                    continue
                if cell.tag == Tag.NULL and before is not None and self.period:
                    before = Instant(before + self.period * SECOND)
                    cells[place] = isoformat(before)
                elif cell.tag != Tag.NULL:
                    before = time_of(cell, quirks)
                    cells[place] = iso_or_text(cell, quirks)
            yield cells


def parts_of(start: Instant, end: Instant, days: int) -> Iterator[tuple[Instant, Instant]]:
    """`start` to `end`, both included, in parts of at most `days`, of which no second lies in two."""
    while start <= end:
        last = min(end, start + days * DAY - SECOND)
        yield start, Instant(last)
        start = Instant(last + SECOND)


class MeterReader:
    """One meter, one connection at a time. An async context; enter it before reading.

    Reading changes nothing in a meter, so what was lost with a connection is asked for again over a fresh one.

    Args:
        approach: how to get there.
        settings: of the client, but for its counters.
        quirks: of the make.
        counters: the counter file of its key; None without keys.
        counter: the least invocation counter; None asks the meter's public client for it.
    """

    def __init__(
        self,
        approach: Approach,
        settings: Callable[[CounterFile | None, int], ClientSettings],
        quirks: MeterQuirks,
        counters: CounterFile | None = None,
        counter: int | None = None,
    ) -> None:
        self._approach = approach
        self._make_settings = settings
        self._quirks = quirks
        self._counters = counters
        self._counter = counter
        self._settings: ClientSettings | None = None
        self._session: MeterSession | None = None
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        """Connect and associate.

        Raises:
            MeterhouseError: see `MeterSession.begin` and `CounterFile`.
        """
        try:
            if self._counters is not None:
                self._stack.enter_context(self._counters)
            least = self._counter or 0
            if self._counters is not None and self._counter is None:
                least = await self._asked_counter()
            self._settings = self._make_settings(self._counters, least)
            await self._opened()
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Release and hang up."""
        try:
            await self._hang_up()
        finally:
            self._stack.close()

    # -- what can be read

    async def value(self, item: Item) -> Value:
        """One attribute, with scaler and unit where its class has them.

        Raises:
            NotFoundError: no class that was tried has it.
            AccessRefusedError: this client may not read it.
        """
        refusal: AccessRefusedError | None = None
        for class_id in item.classes:
            try:
                data = await self._read(
                    partial(Client.get, interface=class_id, obis=item.obis, attribute=item.attribute)
                )
            except AccessRefusedError as error:
                if error.result not in _ELSEWHERE:
                    raise
                refusal = refusal or error
                continue
            meaning = await self._meaning(CaptureObject(class_id, item.obis, item.attribute))
            return Value(class_id, item.obis, item.attribute, data, meaning)
        raise NotFoundError(
            f"the meter has no attribute {item.attribute} of {item.obis} for this client",
            why=f"Classes {', '.join(map(str, item.classes))} were tried; it says: {refusal}.",
            remedy="See what it has with --objects; give the class as OBIS/CLASS:ATTRIBUTE.",
        ) from refusal

    async def clock(self) -> Value:
        """The meter's time."""
        return await self.value(Item(CLOCK_OBIS, (8,)))

    async def objects(self) -> list[ListedObject]:
        """What the meter has for this client."""
        listed = await self._read(lambda client: client.get(15, self._quirks.association, 2))
        version = _association_version(listed.items(), self._quirks.association)
        return [_listed(entry, version) for entry in listed.items()]

    async def profile(
        self,
        obis: Obis,
        start: Instant | None,
        end: Instant | None,
        progress: Callable[[int, int, int], None] = lambda _done, _parts, _rows: None,
    ) -> Profile:
        """Rows from `start` to `end`, both included, in parts of `days_at_once`; all rows at once where both are None.

        Args:
            obis: of the profile.
            start: first time.
            end: last time.
            progress: told (parts done, parts, rows so far).
        """
        captures = await self._read(lambda client: client.get(7, obis, 3))
        columns = tuple(CaptureObject.decode(entry) for entry in captures.items())
        period = (await self._read(lambda client: client.get(7, obis, 4))).whole()
        meanings = tuple([await self._meaning(column) for column in columns])
        rows: list[CapturedRow] = []
        if start is None or end is None:
            data = await self._read(lambda client: client.get(7, obis, 2))
            return Profile(columns, meanings, period, tuple(row.items() for row in data.items()))
        by = next((column for column in columns if (column.class_id, column.attribute) == (8, 2)), CLOCK)
        parts = list(parts_of(start, end, self._quirks.days_at_once))
        for done, (first, last) in enumerate(parts, 1):
            wanted = self._range(first, last, by)
            data = await self._read(partial(Client.get, interface=7, obis=obis, attribute=2, selection=wanted))
            rows += [row.items() for row in data.items()]
            progress(done, len(parts), len(rows))
        return Profile(columns, meanings, period, tuple(rows))

    # -- inside

    def _range(self, first: Instant, last: Instant, by: CaptureObject) -> Range:
        kind = self._quirks.deviation
        if kind == "standard":
            return Range(first, last, by=by)
        deviation = deviation_at(first, self._quirks)
        return Range(first, last, by=by, deviation=deviation, says_deviation=kind != "unspecified")

    async def _meaning(self, column: CaptureObject) -> Meaning | None:
        attribute = _SCALER.get((column.class_id, column.attribute))
        if attribute is None:
            return None
        try:
            data = await self._read(lambda client: client.get(column.class_id, column.obis, attribute))
        except AccessRefusedError:
            return None
        return Meaning.of(data)

    async def _read(self, make: Callable[[Client], Procedure[T]]) -> T:
        for left in reversed(range(self._approach.tries)):
            try:
                session = self._session or await self._opened()
                return await session.run(make(session.client))
            except LinkError:
                await self._hang_up()
                if not left:
                    raise
        raise AssertionError("tries are at least 1")

    async def _opened(self) -> MeterSession:
        assert self._settings is not None, "entered"
        self._session = await self._begun(self._settings)
        return self._session

    async def _begun(self, settings: ClientSettings) -> MeterSession:
        for left in reversed(range(self._approach.tries)):
            try:
                return await MeterSession.begin(self._approach, settings)
            except LinkError:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_S)
        raise AssertionError("tries are at least 1")

    async def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _asked_counter(self) -> int:
        """One above what the meter has seen, by its public client; 0 where it does not tell but we know ourselves."""
        public = ClientSettings(
            client_sap=self._quirks.counter_client, server_sap=self._approach.server, quirks=self._quirks.for_client()
        )
        try:
            session = await self._begun(public)
            try:
                data = await session.run(session.client.get(1, self._quirks.counter, 2))
            finally:
                await session.close()
            return min(data.whole() + 1, 0xFFFF_FFFF)
        except RefusedError as error:
            if self._counters is not None and self._counters.next > 1:
                return 0
            raise NotFoundError(
                f"client {self._quirks.counter_client} may not read the invocation counter {self._quirks.counter}",
                why=f"The meter says: {error}.",
                remedy="Give --invocation-counter, a number above the highest used, or name the object in --quirks.",
            ) from error


def _listed(entry: CosemData, version: int) -> ListedObject:
    class_id, class_version, name, rights = entry.items(4)
    attributes = rights.items(2)[0].items()
    modes = [(access.items()[0].whole(), access.items()[1].whole()) for access in attributes]
    readable = tuple(index for index, mode in modes if (mode & 1 if version >= 3 else mode in _READABLE))
    return ListedObject(class_id.whole(), class_version.whole(), Obis(name.octets()), readable)


def _association_version(entries: tuple[CosemData, ...], obis: Obis) -> int:
    for entry in entries:
        _, version, name, _ = entry.items(4)
        if name.octets() == obis.octets:
            return version.whole()
    return 1
