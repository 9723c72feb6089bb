"""The association object 0-0:40.0.0.255, made out of the declarations (IEC 62056-6-2 §4.4.4, class 15 version 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from meterhouse.protocols.dlms.access import ClientAccess
from meterhouse.protocols.dlms.data import (
    CosemData,
    array,
    bit_string,
    enum,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
)
from meterhouse.protocols.dlms.initiate import DLMS_VERSION
from meterhouse.protocols.dlms.interfaces import ASSOCIATION
from meterhouse.protocols.dlms.objects import ASSOCIATION_OBIS, LogicalDevice, Rights, ServerObject

__all__ = ["ASSOCIATION_RIGHTS", "REPLY_TO_HLS", "AssociationFacts", "association_object"]

REPLY_TO_HLS: Final = 1
ASSOCIATION_RIGHTS: Final = Rights.of((1, 2, 3, 4, 5, 6, 8, 9))
"""Every client may read its own association, but not the secret. Method 1 is open only while HLS is under way."""

_ASSOCIATED: Final = 2
_SECURITY_SETUP: Final = bytes((0, 0, 43, 0, 0, 255))


@dataclass(frozen=True, slots=True)
class AssociationFacts:
    """What was agreed when the association was opened.

    Attributes:
        server_sap: the logical device's SAP.
        context: application context id.
        conformance: negotiated conformance block.
        max_receive: largest APDU that the server takes.
        max_send: largest APDU that the client takes.
    """

    server_sap: int
    context: int
    conformance: int
    max_receive: int
    max_send: int


def _oid(arc: int, last: int) -> CosemData:
    """A DLMS object identifier 2.16.756.5.8.`arc`.`last` as the structure of seven."""
    return structure(
        unsigned(2), unsigned(16), long_unsigned(756), unsigned(5), unsigned(8), unsigned(arc), unsigned(last)
    )


def _object_entry(item: ServerObject, rights: Rights) -> CosemData:
    attributes = [
        structure(
            integer(attribute.index),
            enum((attribute.index in rights.readable) + 2 * (attribute.index in rights.writable)),
            null,
        )
        for attribute in item.interface.attributes
    ]
    methods = [
        structure(integer(index), enum(int(index in rights.methods)))
        for index in range(1, len(item.interface.methods) + 1)
    ]
    return structure(
        long_unsigned(item.interface.class_id),
        unsigned(item.interface.version),
        octet_string(item.obis.octets),
        structure(array(attributes), array(methods)),
    )


def _object_list(entries: Iterable[tuple[ServerObject, Rights]]) -> CosemData:
    return array(_object_entry(item, rights) for item, rights in entries)


def association_object(access: ClientAccess, device: LogicalDevice, facts: AssociationFacts) -> ServerObject:
    """The object that describes this association, and lists only what this client may see."""

    def object_list() -> CosemData:
        seen = [(item, access.rights[obis]) for obis, item in device.objects.items() if obis in access.rights]
        return _object_list([(own, ASSOCIATION_RIGHTS), *seen])

    context = structure(
        bit_string(f"{facts.conformance:024b}"),
        long_unsigned(facts.max_receive),
        long_unsigned(facts.max_send),
        unsigned(DLMS_VERSION),
        integer(0),
        octet_string(b""),
    )
    own = ServerObject(
        ASSOCIATION,
        ASSOCIATION_OBIS,
        read={
            2: lambda _selection, _now: object_list(),
            3: lambda _selection, _now: structure(integer(access.sap & 0x7F), long_unsigned(facts.server_sap)),
            4: lambda _selection, _now: _oid(1, facts.context),
            5: lambda _selection, _now: context,
            6: lambda _selection, _now: _oid(2, access.mechanism),
            8: lambda _selection, _now: enum(_ASSOCIATED),
            9: lambda _selection, _now: octet_string(_SECURITY_SETUP),
        },
    )
    return own
