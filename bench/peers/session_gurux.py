"""gurux-dlms reads a meter in whole sessions, by its own client."""

from __future__ import annotations

import json
import socket
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

from bench.stopwatch import take_rounds


class Link:
    """A TCP connection that speaks wrapper frames for the library."""

    def __init__(self, client, port):
        self.client = client
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, packet, reply):
        self.socket.sendall(bytes(packet))
        octets = self.socket.recv(65536)
        while len(octets) < 8 or len(octets) < 8 + int.from_bytes(octets[6:8], "big"):
            octets += self.socket.recv(65536)
        self.client.getData(GXByteBuffer(octets), reply, GXReplyData())
        while reply.isMoreData():
            self.ask(self.client.receiverReady(reply), reply)

    def run(self, packets):
        reply = GXReplyData()
        for packet in packets if isinstance(packets, list) else [packets]:
            reply.clear()
            self.ask(packet, reply)
        return reply


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    starts = count(1, asked["step"])
    moments = [GXDateTime(datetime.fromtimestamp(asked[at] / 1000, tz=UTC)) for at in ("first", "last")]

    def make():
        if asked["mode"] == "plain":
            return GXDLMSSecureClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
        client = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = b"GRXCLI01"
        client.ciphering.blockCipherKey = bytes.fromhex(asked["encryption"])
        client.ciphering.authenticationKey = bytes.fromhex(asked["authentication"])
        client.ciphering.invocationCounter = next(starts)
        return client

    def session() -> int:
        client = make()
        link = Link(client, asked["port"])
        client.parseAareResponse(link.run(client.aarqRequest()).data)
        if client.isAuthenticationRequired:
            for packet in client.getApplicationAssociationRequest():
                reply = GXReplyData()
                link.ask(packet, reply)
                client.parseApplicationAssociationResponse(reply.data)
        clock, register = GXDLMSClock("0.0.1.0.0.255"), GXDLMSRegister("1.0.1.8.0.255")
        client.updateValue(clock, 2, link.run(client.read(clock, 2)).value)
        client.updateValue(register, 2, link.run(client.read(register, 2)).value)
        profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
        profile.captureObjects = [(clock, GXDLMSCaptureObject(2, 0)), (register, GXDLMSCaptureObject(2, 0))]
        client.updateValue(profile, 2, link.run(client.readRowsByRange(profile, *moments)).value)
        link.run(client.releaseRequest())
        link.socket.close()
        return int(sum(row[1] for row in profile.buffer))

    registers = session()
    name = f"gurux-dlms {version('gurux-dlms')}"
    take_rounds({"registers": registers, "name": name}, {"session": session})


main()
