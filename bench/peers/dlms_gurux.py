"""gurux-dlms decodes a day of half hours, as its own client does: frame in, rows out."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import (
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)

from bench.stopwatch import take_rounds


def main() -> None:
    frame = bytes.fromhex(json.loads(sys.stdin.readline())["frame"])
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)

    parts = (GXDLMSClock("0.0.1.0.0.255"), GXDLMSData("0.0.96.10.1.255"), GXDLMSRegister("1.0.1.8.0.255"))
    columns = [(part, GXDLMSCaptureObject(2, 0)) for part in parts]

    def decode() -> list[object]:
        reply = GXReplyData()
        client.getData(GXByteBuffer(frame), reply, None)
        return reply.value

    def typed() -> list[object]:
        profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
        profile.captureObjects = columns
        client.updateValue(profile, 2, decode())
        rows: list[object] = profile.buffer
        return rows

    registers = sum(row[-1] for row in typed())
    name = f"gurux-dlms {version('gurux-dlms')}"
    take_rounds({"registers": registers, "name": name}, {"data": decode, "rows": typed})


main()
