"""Reads a meter with gurux-dlms and prints what it read as JSON. Runs in that library's own environment.

usage: gurux_client.py HOST PORT MODE ENCRYPTION_KEY AUTHENTICATION_KEY FROM TO [PDU]
MODE is `plain` (client 16), `plain/N` (client N) or `gmac` (client 1, HLS-5 and authenticated encryption); keys in hex; times in ms UTC.
PDU is the largest APDU that the client takes; a small one makes the meter answer in blocks.
Readings come as times in ms UTC and whole numbers.
"""

import json
import socket
import sys
from datetime import UTC, datetime

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient


class Link:
    """A TCP connection that speaks wrapper frames for the library."""

    def __init__(self, client, host, port):
        self.client = client
        self.socket = socket.create_connection((host, port), timeout=20)

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            piece = self.socket.recv(count - len(octets))
            if not piece:
                raise ConnectionError("the meter closed the connection")
            octets += piece
        return octets

    def ask(self, packet, reply):
        self.socket.sendall(bytes(packet))
        while True:
            header = self.exactly(8)
            frame = GXByteBuffer(header + self.exactly(int.from_bytes(header[6:8], "big")))
            if self.client.getData(frame, reply, GXReplyData()):
                break
        if reply.error:
            raise RuntimeError(f"error {reply.error}")
        while reply.isMoreData():
            self.ask(self.client.receiverReady(reply), reply)

    def run(self, packets):
        reply = GXReplyData()
        for packet in packets if isinstance(packets, list) else [packets]:
            reply.clear()
            self.ask(packet, reply)
        return reply


def make_client(mode, encryption, authentication):
    if mode.startswith("plain"):
        return GXDLMSSecureClient(True, int(mode[6:] or 16), 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    client = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    client.ciphering.systemTitle = b"GRXCLI01"
    client.ciphering.blockCipherKey = encryption
    client.ciphering.authenticationKey = authentication
    client.ciphering.invocationCounter = 100
    return client


def milliseconds(value):
    moment = value.value if isinstance(value, GXDateTime) else value
    return int(moment.timestamp() * 1000)


def read_profile(client, link, start, end):
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    client.updateValue(profile, 3, link.run(client.read(profile, 3)).value)
    moments = [GXDateTime(datetime.fromtimestamp(at / 1000, tz=UTC)) for at in (start, end)]
    reply = link.run(client.readRowsByRange(profile, *moments))
    client.updateValue(profile, 2, reply.value)
    return [[milliseconds(time), int(status), int(register)] for time, status, register in profile.buffer]


def main(host, port, mode, encryption, authentication, start, end, pdu="65535"):
    client = make_client(mode, bytes.fromhex(encryption), bytes.fromhex(authentication))
    client.maxReceivePDUSize = int(pdu)
    link = Link(client, host, int(port))
    client.parseAareResponse(link.run(client.aarqRequest()).data)
    if client.isAuthenticationRequired:
        for packet in client.getApplicationAssociationRequest():
            reply = GXReplyData()
            link.ask(packet, reply)
            client.parseApplicationAssociationResponse(reply.data)
    clock = GXDLMSClock("0.0.1.0.0.255")
    time = client.updateValue(clock, 2, link.run(client.read(clock, 2)).value)
    register = GXDLMSRegister("1.0.1.8.0.255")
    value = client.updateValue(register, 2, link.run(client.read(register, 2)).value)
    rows = read_profile(client, link, int(start), int(end))
    listed = link.run(client.getObjectsRequest())
    objects = client.parseObjects(listed.data, False)
    link.run(client.releaseRequest())
    names = sorted(
        f"{int(item.objectType)} {item.logicalName}" for item in objects if item.objectType != ObjectType.NONE
    )
    sys.stdout.write(
        json.dumps({"clock": milliseconds(time), "register": int(value), "rows": rows, "objects": names}) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
