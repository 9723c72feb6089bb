"""The companion specification of the M link: each object, its types, its fixed values, and who reads it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check
from meterhouse.conformance.verdict import Failed
from meterhouse.model import MeterhouseError
from meterhouse.protocols.dlms import AccessRefusedError, ExceptionError, Obis, Tag, encode_data

__all__ = ["CHECKS", "OBJECTS", "ListedObject"]

_CLAUSE: Final = "M-link companion, object list"
_DATA: Final = "m_link.toml"


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object that must be there.

    Attributes:
        name: its name in the companion specification.
        obis: its logical name.
        class_id: its class.
        readers: the kinds of clients that read it.
        types: the type of each attribute that must be readable.
        values: the A-XDR of those whose value is fixed, with the logical name.
    """

    name: str
    obis: Obis
    class_id: int
    readers: tuple[str, ...]
    types: dict[int, Tag]
    values: dict[int, bytes]

    @classmethod
    def of(cls, table: dict[str, Any]) -> ListedObject:
        """From a table of the data file."""
        obis = Obis.parse(table["obis"])
        types = {int(index): Tag[kind.upper().replace("-", "_")] for index, kind in table["types"].items()}
        fixed = {int(index): bytes.fromhex(octets) for index, octets in table.get("values", {}).items()}
        values = {1: b"\x09\x06" + obis.octets, **fixed}
        return cls(table["name"], obis, int(table["class"]), tuple(table["readers"]), types, values)


def _listed() -> tuple[ListedObject, ...]:
    text = resources.files("meterhouse.conformance").joinpath(_DATA).read_text(encoding="utf-8")
    return tuple(ListedObject.of(table) for table in tomllib.loads(text)["object"])


OBJECTS: Final = _listed()


def _given(bench: Bench, item: ListedObject) -> None:
    """Each reader reads each attribute, in its type and, where it is fixed, with its value."""
    for kind in item.readers:
        with bench.talking(kind) as talk:
            for index, tag in item.types.items():
                try:
                    data = talk.run(talk.client.get(item.class_id, item.obis, index))
                except (AccessRefusedError, ExceptionError) as error:
                    raise Failed(f"{kind} client, attribute {index}: {error}") from error
                if data.tag != tag:
                    raise Failed(f"{kind} client, attribute {index} is {Tag(data.tag).name}, not {tag.name}")
                if index in item.values and encode_data(data) != item.values[index]:
                    raise Failed(f"{kind} client, attribute {index} is {encode_data(data).hex()}")


def _denied(bench: Bench, item: ListedObject) -> None:
    """A client without security reads none of it."""
    with bench.talking("public") as talk:
        for index in item.types:
            try:
                talk.run(talk.client.get(item.class_id, item.obis, index))
            except MeterhouseError:
                continue
            raise Failed(f"the client without security reads attribute {index}")


def _checks(item: ListedObject) -> list[Check]:
    name = item.name.lower().replace("_", "-")
    words = ", ".join(f"{index} {tag.name.lower()}" for index, tag in item.types.items())
    checks = [
        Check(f"companion.{name}", _CLAUSE, f"{item.obis} of class {item.class_id}: {words}", lambda b: _given(b, item))
    ]
    if "public" not in item.readers:
        wanted = f"{item.obis} is not read without security"
        checks.append(Check(f"companion.{name}.secret", _CLAUSE, wanted, lambda b: _denied(b, item)))
    return checks


CHECKS: Final[tuple[Check, ...]] = tuple(check for item in OBJECTS for check in _checks(item))
