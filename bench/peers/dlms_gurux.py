"""gurux-dlms decodes a day of half hours, as its own client does: frame in, rows out."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType

from bench.stopwatch import per_second


def main() -> None:
    frame = bytes.fromhex(json.load(sys.stdin)["frame"])
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)

    def decode() -> list[object]:
        reply = GXReplyData()
        client.getData(GXByteBuffer(frame), reply, None)
        return reply.value

    registers = sum(row[-1] for row in decode())
    name = f"gurux-dlms {version('gurux-dlms')}"
    print(json.dumps({"per_second": per_second(decode), "registers": registers, "name": name}))


main()
