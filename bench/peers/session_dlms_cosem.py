"""dlms-cosem reads a meter in whole sessions, by its own client."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count

import structlog
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.parsers import ProfileGenericBufferParser
from dlms_cosem.security import HighLevelSecurityGmacAuthentication, NoSecurityAuthentication
from dlms_cosem.time import datetime_from_bytes

from bench.stopwatch import take_rounds

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def attribute(kind, name, index):
    return cosem.CosemAttribute(kind, cosem.Obis.from_string(name), index)


KINDS = enumerations.CosemInterface
TIME = attribute(KINDS.CLOCK, "0.0.1.0.0.255", 2)
REGISTER = attribute(KINDS.REGISTER, "1.0.1.8.0.255", 2)
PROFILE = attribute(KINDS.PROFILE_GENERIC, "1.0.99.1.0.255", 2)


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    starts = count(1, asked["step"])
    first, last = (datetime.fromtimestamp(asked[at] / 1000, tz=UTC) for at in ("first", "last"))
    wanted = RangeDescriptor(CaptureObject(TIME, 0), first, last)

    def make():
        plain = asked["mode"] == "plain"
        link = TcpTransport(16 if plain else 1, 1, BlockingTcpIO("127.0.0.1", asked["port"], timeout=20))
        if plain:
            return DlmsClient(transport=link, authentication=NoSecurityAuthentication(), block_transfer=True)
        return DlmsClient(
            transport=link,
            authentication=HighLevelSecurityGmacAuthentication(challenge_length=16),
            encryption_key=bytes.fromhex(asked["encryption"]),
            authentication_key=bytes.fromhex(asked["authentication"]),
            client_system_title=b"COSCLI01",
            client_initial_invocation_counter=next(starts),
            block_transfer=True,
        )

    def session() -> int:
        client = make()
        parser = ProfileGenericBufferParser(capture_objects=[TIME, REGISTER], capture_period=30)
        with client.session():
            datetime_from_bytes(bytes(utils.parse_as_dlms_data(client.get(TIME))))
            utils.parse_as_dlms_data(client.get(REGISTER))
            rows = parser.parse_bytes(client.get(PROFILE, wanted))
        return sum(row[1].value for row in rows)

    registers = session()
    name = f"dlms-cosem {version('dlms-cosem')}"
    take_rounds({"registers": registers, "name": name}, {"session": session})


main()
