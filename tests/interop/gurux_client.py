"""Reads a meter with gurux-dlms and prints what it read as JSON. Runs in that library's own environment.

usage: gurux_client.py HOST PORT MODE ENCRYPTION_KEY AUTHENTICATION_KEY FROM TO [PDU]
PORT is a TCP port for the wrapper, `hdlc/PORT` for HDLC over TCP, or `hdlc` where HOST is a terminal device.
MODE is `plain` (client 16), `plain/N` (client N) or `gmac` (client 1, HLS-5 and authenticated encryption); keys in hex; times in ms UTC.
PDU is the largest APDU that the client takes; a small one makes the meter answer in blocks.
Readings come as times in ms UTC and whole numbers.
"""

import json
import os
import socket
import sys
import tty
from datetime import UTC, datetime

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient


class WrapperLink:
    """A TCP connection that speaks wrapper frames for the library."""

    def __init__(self, client, host, port):
        self.client = client
        self.socket = socket.create_connection((host, port), timeout=20)

    def begin(self):
        """The wrapper needs no connection of its own."""

    end = begin

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


class HdlcLink(WrapperLink):
    """HDLC frames for the library, over TCP or a terminal."""

    def __init__(self, client, host, port):
        self.client = client
        self.octets = b""
        if port:
            self.socket = socket.create_connection((host, port), timeout=20)
            self.descriptor = self.socket.fileno()
            self.socket.setblocking(True)
        else:
            self.descriptor = os.open(host, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.descriptor)

    def ask(self, packet, reply):
        if packet is not None:
            os.write(self.descriptor, bytes(packet))
        while not self.client.getData(self.frame(), reply, GXReplyData()):
            pass
        if reply.error:
            raise RuntimeError(f"error {reply.error}")
        while reply.isMoreData():
            # While the server has the turn, the next frame of its window comes unasked.
            self.ask(None if reply.isStreaming() else self.client.receiverReady(reply), reply)

    def frame(self):
        while (end := self.whole()) is None:
            self.octets += os.read(self.descriptor, 4096)
        taken, self.octets = self.octets[:end], self.octets[end:]
        return GXByteBuffer(taken)

    def whole(self):
        """Where the first frame ends; by its length, because a flag may stand inside it."""
        if len(self.octets) < 3:
            return None
        end = ((self.octets[1] & 7) << 8 | self.octets[2]) + 2
        return end if len(self.octets) >= end else None

    def begin(self):
        self.client.parseUAResponse(self.run(self.client.snrmRequest()).data)

    def end(self):
        self.run(self.client.disconnectRequest())


def make_client(mode, encryption, authentication, interface, server):
    if mode.startswith("plain"):
        return GXDLMSSecureClient(True, int(mode[6:] or 16), server, Authentication.NONE, None, interface)
    client = GXDLMSSecureClient(True, 1, server, Authentication.HIGH_GMAC, None, interface)
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
    hdlc = port.startswith("hdlc")
    interface = InterfaceType.HDLC if hdlc else InterfaceType.WRAPPER
    # Logical device 1 of physical device 17, as the library packs an address of two bytes.
    server = 1 << 7 | 17 if hdlc else 1
    client = make_client(mode, bytes.fromhex(encryption), bytes.fromhex(authentication), interface, server)
    client.maxReceivePDUSize = int(pdu)
    if hdlc:
        client.hdlcSettings.maxInfoTX = client.hdlcSettings.maxInfoRX = 200
        # One frame at a time: with windows the library stumbles over a variable of its own (checkFrame).
        client.hdlcSettings.windowSizeRX = 1
    link = (HdlcLink if hdlc else WrapperLink)(client, host, int(port.removeprefix("hdlc").strip("/") or 0))
    link.begin()
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
    link.end()
    names = sorted(
        f"{int(item.objectType)} {item.logicalName}" for item in objects if item.objectType != ObjectType.NONE
    )
    sys.stdout.write(
        json.dumps({"clock": milliseconds(time), "register": int(value), "rows": rows, "objects": names}) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
