"""Reads a meter with dlms-cosem and prints what it read as JSON. Runs in that library's own environment.

usage: dlms_cosem_client.py HOST PORT MODE ENCRYPTION_KEY AUTHENTICATION_KEY FROM TO [PDU]
PORT is a TCP port for the wrapper, `hdlc/PORT` for HDLC over TCP, or `hdlc` where HOST is a terminal device.
MODE is `plain` (client 16), `plain/N` (client N) or `gmac` (client 1, HLS-5 and authenticated encryption); keys in hex; times in ms UTC.
PDU is the largest APDU that the client takes; a small one makes the meter answer in blocks.
Readings come as times in ms UTC and whole numbers.
"""

import json
import logging
import sys
from datetime import UTC, datetime

import structlog
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, SerialIO, TcpTransport
from dlms_cosem.security import HighLevelSecurityGmacAuthentication, NoSecurityAuthentication
from dlms_cosem.time import datetime_from_bytes

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def make_client(host, port, mode, encryption, authentication, pdu):
    hdlc = port.startswith("hdlc")
    number = int(port.removeprefix("hdlc").strip("/") or 0)
    link = BlockingTcpIO(host, number, timeout=20) if number else SerialIO(host, 9600, timeout=20)

    def transport(client):
        if hdlc:
            return HdlcTransport(client, 1, link, server_physical_address=17)
        return TcpTransport(client, 1, link)

    if mode.startswith("plain"):
        return DlmsClient(
            transport=transport(int(mode[6:] or 16)),
            authentication=NoSecurityAuthentication(),
            block_transfer=True,
            max_pdu_size=pdu,
        )
    return DlmsClient(
        transport=transport(1),
        authentication=HighLevelSecurityGmacAuthentication(challenge_length=32),
        encryption_key=encryption,
        authentication_key=authentication,
        client_system_title=b"COSCLI01",
        client_initial_invocation_counter=100,
        block_transfer=True,
        max_pdu_size=pdu,
    )


def attribute(kind, name, index):
    return cosem.CosemAttribute(kind, cosem.Obis.from_string(name), index)


def milliseconds(octets):
    moment, _status = datetime_from_bytes(bytes(octets))
    return int(moment.timestamp() * 1000)


def main(host, port, mode, encryption, authentication, start, end, pdu="65535"):
    keys = bytes.fromhex(encryption), bytes.fromhex(authentication)
    client = make_client(host, port, mode, *keys, int(pdu))
    kinds = enumerations.CosemInterface
    time = attribute(kinds.CLOCK, "0.0.1.0.0.255", 2)
    first, last = (datetime.fromtimestamp(int(at) / 1000, tz=UTC) for at in (start, end))
    wanted = RangeDescriptor(CaptureObject(time, 0), first, last)
    with client.session():
        clock = utils.parse_as_dlms_data(client.get(time))
        register = utils.parse_as_dlms_data(client.get(attribute(kinds.REGISTER, "1.0.1.8.0.255", 2)))
        buffer = client.get(attribute(kinds.PROFILE_GENERIC, "1.0.99.1.0.255", 2), wanted)
    rows = [[milliseconds(at), status, value] for at, status, value in utils.parse_as_dlms_data(buffer)]
    sys.stdout.write(json.dumps({"clock": milliseconds(clock), "register": register, "rows": rows}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
