"""dlms-cosem decodes a day of half hours: APDU in, rows out."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from dlms_cosem.connection import XDlmsApduFactory
from dlms_cosem.utils import parse_as_dlms_data

from bench.stopwatch import per_second


def main() -> None:
    apdu = bytes.fromhex(json.load(sys.stdin)["frame"])[8:]

    def decode() -> list[list[object]]:
        rows: list[list[object]] = parse_as_dlms_data(XDlmsApduFactory.apdu_from_bytes(apdu).data)
        return rows

    registers = sum(row[-1] for row in decode())
    name = f"dlms-cosem {version('dlms-cosem')}"
    print(json.dumps({"per_second": per_second(decode), "registers": registers, "name": name}))


main()
