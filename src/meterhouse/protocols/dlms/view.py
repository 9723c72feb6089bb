"""A logical device as one client sees it: rights are checked before the store is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from meterhouse.model import Instant, MeterhouseError
from meterhouse.protocols.dlms.axdr import Encoded, encode
from meterhouse.protocols.dlms.data import CosemData, null, octet_string
from meterhouse.protocols.dlms.errors import AccessRefusedError, ActionResult, ApduError, DataAccessResult
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import Rights, ServerObject
from meterhouse.protocols.dlms.requests import Access, Target
from meterhouse.protocols.dlms.responses import Result
from meterhouse.protocols.dlms.selection import decode_selection

__all__ = ["Find", "Refused", "View"]

T = TypeVar("T")

Find = Callable[[Obis], tuple[ServerObject, Rights] | None]
"""The object of a name and the client's rights to it; None where it has none."""

Refused = Callable[[Instant, str, str, str], None]
"""(at, kind, what, why): notes a refusal."""


class View:
    """Reads, writes and invokes for one client, and says no with a code.

    Args:
        find: looks an object up.
        refused: notes each refusal.
    """

    __slots__ = ("_find", "_refused")

    def __init__(self, find: Find, refused: Refused) -> None:
        self._find = find
        self._refused = refused

    def get(self, access: Access, now: Instant) -> Result:
        """The value of an attribute, encoded, or the code of a refusal."""
        value = self._guarded("get", access.target, now, lambda: self._read(access, now))
        return Result(None, value) if isinstance(value, int) else Result(value)

    def set(self, access: Access, data: CosemData | Encoded, now: Instant) -> int:
        """Write an attribute; 0 or the code of a refusal."""
        done = self._guarded("set", access.target, now, lambda: self._write(access, data, now))
        return done or 0

    def act(self, target: Target, data: CosemData | None, now: Instant) -> tuple[int, bytes | None]:
        """Invoke a method; 0 or the code of a refusal, and what it returned, encoded."""
        outcome = self._guarded("action", target, now, lambda: self._invoke(target, data, now))
        return (outcome, None) if isinstance(outcome, int) else (0, outcome)

    def _guarded(self, kind: str, target: Target, now: Instant, ask: Callable[[], T]) -> T | int:
        code: int
        try:
            return ask()
        except AccessRefusedError as error:
            code, why = error.code, str(error)
        except ApduError as error:
            code, why = DataAccessResult.TYPE_UNMATCHED, str(error)
        except MeterhouseError as error:
            code, why = DataAccessResult.OTHER_REASON, error.sentence()
        self._refused(now, kind, str(target), why)
        return int(code) or int(DataAccessResult.OTHER_REASON)

    def _found(self, target: Target) -> tuple[ServerObject, Rights]:
        found = self._find(target.obis)
        if found is None:
            raise AccessRefusedError(DataAccessResult.OBJECT_UNDEFINED)
        if found[0].interface.class_id != target.class_id:
            raise AccessRefusedError(DataAccessResult.OBJECT_CLASS_INCONSISTENT)
        return found

    def _read(self, access: Access, now: Instant) -> bytes:
        target = access.target
        item, rights = self._found(target)
        if target.index not in rights.readable:
            raise AccessRefusedError(DataAccessResult.READ_WRITE_DENIED)
        if target.index == 1:
            return encode(octet_string(target.obis.octets))
        read = item.read.get(target.index)
        if read is None:
            raise AccessRefusedError(DataAccessResult.READ_WRITE_DENIED)
        selection = None
        if access.parameters is not None:
            selection = decode_selection(access.selector, access.parameters)
        return encode(read(selection, now))

    def _write(self, access: Access, data: CosemData | Encoded, now: Instant) -> None:
        item, rights = self._found(access.target)
        index = access.target.index
        write = item.write.get(index)
        if index not in rights.writable or write is None:
            raise AccessRefusedError(DataAccessResult.READ_WRITE_DENIED)
        if access.parameters is not None:
            raise AccessRefusedError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        value = data.decode() if isinstance(data, Encoded) else data
        if not item.interface.holds(index, value.tag):
            raise AccessRefusedError(DataAccessResult.TYPE_UNMATCHED)
        write(value, now)

    def _invoke(self, target: Target, data: CosemData | None, now: Instant) -> bytes | None:
        item, rights = self._found(target)
        invoke = item.invoke.get(target.index)
        if target.index not in rights.methods or invoke is None:
            raise AccessRefusedError(ActionResult.READ_WRITE_DENIED)
        returned = invoke(null if data is None else data, now)
        return None if returned is None else encode(returned)
