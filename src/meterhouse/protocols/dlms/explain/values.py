"""COSEM data, descriptors and results, walked (IEC 62056-6-2 §4.1.5, IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.axdr import MAX_DEPTH, decode_at
from meterhouse.protocols.dlms.data import Tag
from meterhouse.protocols.dlms.errors import ActionResult, ApduError, DataAccessResult
from meterhouse.protocols.dlms.explain.nodes import Walker
from meterhouse.protocols.dlms.interfaces import INTERFACES
from meterhouse.protocols.dlms.moments import CosemDateTime
from meterhouse.protocols.dlms.obis import Obis

__all__ = ["ACTION_RESULTS", "DATA_RESULTS", "access", "data", "invoke", "listed", "result", "target"]

TYPES: Final = {int(tag): tag.name.lower().replace("_", "-") for tag in Tag}
DATA_RESULTS: Final = {int(code): code.name.lower().replace("_", "-") for code in DataAccessResult}
ACTION_RESULTS: Final = {int(code): code.name.lower().replace("_", "-") for code in ActionResult}
_CLAUSE: Final = "IEC 62056-6-2 4.1.5"


def data(walk: Walker, name: str = "data", depth: int = MAX_DEPTH) -> None:
    """One value."""
    if depth < 0:
        raise ApduError(f"data is nested deeper than {MAX_DEPTH}")
    if walk.remaining < 1:
        raise ApduError(f"{name} is missing")
    tag = walk.octets[walk.position]
    with walk.group(f"{name}: {TYPES.get(tag, 'unknown type')}", _CLAUSE) as node:
        if tag in {Tag.ARRAY, Tag.STRUCTURE}:
            walk.number(1, "type", TYPES)
            count = walk.length("number of elements")
            node.value = f"{count} elements"
            for number in range(1, count + 1):
                data(walk, f"element {number}", depth - 1)
            return
        value, end = decode_at(walk.octets, walk.position)
        walk.number(1, "type", TYPES)
        if tag in {Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING, Tag.BIT_STRING}:
            walk.length()
        size = end - walk.position
        node.value = _words(tag, value.native())
        if size:
            walk.note(size, "contents", node.value)


def _words(tag: int, value: object) -> str:
    if not isinstance(value, bytes):
        return "" if value is None else str(value)
    if tag in {Tag.DATE_TIME, Tag.DATE, Tag.TIME} or (tag == Tag.OCTET_STRING and len(value) == 12):
        try:
            return str(CosemDateTime.decode(value))
        except ApduError:
            pass
    if len(value) == 6 and value[5] == 255:
        return f"{value.hex()} ({Obis(value)})"
    readable = value.decode("ascii", "replace")
    return f"{value.hex()} '{readable}'" if value and readable.isascii() and readable.isprintable() else value.hex()


def target(walk: Walker, *, method: bool = False) -> None:
    """Class, logical name, attribute or method."""
    kind = "cosem-method-descriptor" if method else "cosem-attribute-descriptor"
    with walk.group(kind, "IEC 62056-5-3 9.5") as node:
        class_id = int.from_bytes(walk.note(2, "class-id"), "big")
        interface = INTERFACES.get(class_id)
        walk.nodes[-1].value = f"{class_id} {interface.name if interface else 'unknown class'}"
        walk.note(6, "instance-id")
        obis = walk.nodes[-1].value = str(Obis(walk.nodes[-1].octets))
        index = walk.note(1, "method-id" if method else "attribute-id")[0]
        name = ""
        if interface and method and 1 <= index <= len(interface.methods):
            name = interface.methods[index - 1]
        elif interface and not method and 1 <= index <= len(interface.attributes):
            name = interface.attributes[index - 1].name
        walk.nodes[-1].value = f"{index} {name}".strip()
        node.value = f"{obis} {interface.name if interface else f'class {class_id}'} {name or index}"


def access(walk: Walker) -> None:
    """An attribute and its selector, if any."""
    target(walk)
    if walk.number(1, "access-selection", {0: "none", 1: "present"}) == 1:
        walk.number(1, "access-selector", {1: "range or by class", 2: "entry or by object"})
        data(walk, "access-parameters")


def invoke(walk: Walker) -> None:
    """invoke-id-and-priority."""
    octet = walk.note(1, "invoke-id-and-priority", clause="IEC 62056-5-3 9.5")[0]
    service = "confirmed" if octet & 0x40 else "unconfirmed"
    walk.nodes[-1].value = f"invoke id {octet & 15}, {service}, {'high' if octet & 0x80 else 'normal'} priority"


def result(walk: Walker) -> None:
    """Get-Data-Result."""
    if walk.number(1, "get-data-result", {0: "data", 1: "data-access-result"}) == 0:
        data(walk)
    else:
        walk.number(1, "data-access-result", DATA_RESULTS)


def listed(walk: Walker, name: str, limit: int = 255) -> range:
    """A count, and a range to walk; more than `limit` is refused."""
    count = walk.length(f"number of {name}")
    if count > limit:
        raise ApduError(f"{count} {name} are too many")
    return range(count)
