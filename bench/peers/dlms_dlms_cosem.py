"""dlms-cosem decodes a day of half hours: APDU in, rows out."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from dlms_cosem import cosem, enumerations
from dlms_cosem.connection import XDlmsApduFactory
from dlms_cosem.parsers import ProfileGenericBufferParser
from dlms_cosem.utils import parse_as_dlms_data

from bench.stopwatch import take_rounds

KINDS = enumerations.CosemInterface
COLUMNS = [
    cosem.CosemAttribute(KINDS.CLOCK, cosem.Obis.from_string("0.0.1.0.0.255"), 2),
    cosem.CosemAttribute(KINDS.DATA, cosem.Obis.from_string("0.0.96.10.1.255"), 2),
    cosem.CosemAttribute(KINDS.REGISTER, cosem.Obis.from_string("1.0.1.8.0.255"), 2),
]


def main() -> None:
    apdu = bytes.fromhex(json.loads(sys.stdin.readline())["frame"])[8:]

    def decode() -> list[list[object]]:
        rows: list[list[object]] = parse_as_dlms_data(XDlmsApduFactory.apdu_from_bytes(apdu).data)
        return rows

    def typed() -> list[object]:
        answer = XDlmsApduFactory.apdu_from_bytes(apdu)
        rows: list[object] = ProfileGenericBufferParser(capture_objects=COLUMNS, capture_period=30).parse_bytes(
            answer.data
        )
        return rows

    registers = sum(row[-1] for row in decode())
    name = f"dlms-cosem {version('dlms-cosem')}"
    take_rounds({"registers": registers, "name": name}, {"data": decode, "rows": typed})


main()
