"""A decoder's memory as a JSON-able document, checked on the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, MalformedError, MeterhouseError
from meterhouse.protocols.sts.cipher import EncryptionAlgorithm, StaTables
from meterhouse.protocols.sts.identity import KeyType
from meterhouse.protocols.sts.key_change import KeySection
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.tid import LARGEST_TID, BaseDate

__all__ = ["DecoderState"]

_PAYLOAD_LIMIT: Final = 1 << 44
_SECTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class DecoderState:
    """The key, the used TIDs in rising order, and a key change under way."""

    key: DecoderKey
    tids: list[int]
    pending: dict[int, KeySection]
    pending_since: Instant

    def document(self) -> dict[str, object]:
        """Strings, integers and lists only."""
        key = self.key
        return {
            "key": key.octets.hex(),
            "algorithm": int(key.algorithm),
            "key_type": int(key.key_type),
            "key_revision": key.key_revision,
            "tariff_index": key.tariff_index,
            "supply_group": key.supply_group,
            "base_date": int(key.base_date),
            "ken": key.ken,
            "tids": list(self.tids),
            "pending": [[number, section.payload] for number, section in self.pending.items()],
            "pending_since": int(self.pending_since),
        }

    @classmethod
    def read(cls, document: object, tables: StaTables, memory: int) -> DecoderState:
        """From such a document.

        Raises:
            MalformedError: a field is missing, of the wrong kind or out of range.
        """
        try:
            return cls._read(document, tables, memory)
        except (KeyError, TypeError, ValueError, AttributeError, MeterhouseError) as error:
            raise MalformedError(
                f"this is not the state of a token decoder: {error}",
                remedy="Restore it from a backup, or rejoin the meter.",
            ) from error

    @classmethod
    def _read(cls, document: object, tables: StaTables, memory: int) -> DecoderState:
        if not isinstance(document, dict):
            raise TypeError("not an object")
        key = DecoderKey(
            bytes.fromhex(document["key"]),
            EncryptionAlgorithm(document["algorithm"]),
            KeyType(document["key_type"]),
            _number(document["key_revision"], 10),
            _number(document["tariff_index"], 100),
            document["supply_group"],
            BaseDate(document["base_date"]),
            ken=_number(document["ken"], 256),
            tables=tables,
        )
        tids = [_number(tid, LARGEST_TID + 1) for tid in document["tids"]]
        if len(tids) != memory or tids != sorted(tids):
            raise ValueError(f"{len(tids)} used token identifiers, or not in rising order")
        pending = {
            _number(number, _SECTIONS + 1): KeySection(number, _number(payload, _PAYLOAD_LIMIT))
            for number, payload in document["pending"]
        }
        return cls(key, tids, pending, Instant(_number(document["pending_since"], 1 << 62)))


def _number(value: object, limit: int) -> int:
    """A whole number from 0 to below `limit`."""
    if type(value) is not int or not 0 <= value < limit:
        raise ValueError(f"{value!r} is not a whole number below {limit}")
    return value
